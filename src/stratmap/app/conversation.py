"""A conversation with the archive: questions and filters come in, turns go out, step by step.

Plain functions over a desk; the turns live in the session of whoever asks. It searches and checks nothing itself,
and draws nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from stratmap.app.protocol import DeskLike, Turn
from stratmap.errors import StratmapError, UsageError
from stratmap.framework import Framework
from stratmap.records import Filters, IndexedDocument
from stratmap.settings import Settings

_HISTORY = 6
MOST_TURNS = 100
SUGGESTED = 3


def make_filters(
    labels: Sequence[str],
    countries: Sequence[str],
    year_from: float | None,
    year_to: float | None,
    documents: Sequence[str] = (),
) -> Filters:
    """Filters from what the screen holds; empty fields restrict nothing.

    Raises:
        UsageError: The years are the wrong way round.
    """
    first, last = (int(year) if year else None for year in (year_from, year_to))
    if first and last and first > last:
        raise UsageError(f"expected years in order, found from {first} to {last}.")
    return Filters(tuple(labels), tuple(countries), first, last, tuple(documents))


def ask_in_steps(
    desk: DeskLike, settings: Settings, question: str, turns: Sequence[Turn], filters: Filters
) -> Iterator[Turn]:
    """One more turn as it grows: first without an answer, then with what is known of it, at last whole.

    A problem is a turn with its reason, never an exception for the screen.
    """
    asked = " ".join(question.split())
    most = settings.answering.max_question_characters
    if len(asked) > most:
        yield Turn(asked[:most], problem=f"expected at most {most:,} characters, found {len(asked):,}.")
        return
    yield Turn(asked, pending=True)
    history = [turn.question for turn in turns if turn.answer is not None][-_HISTORY:]
    try:
        answer = None
        for answer in desk.ask_in_steps(asked, filters, history):
            yield Turn(asked, answer, pending=True)
        yield Turn(asked, answer)
    except StratmapError as error:
        yield Turn(asked, problem=str(error))


def vote(desk: DeskLike, turns: Sequence[Turn], key: str) -> list[Turn]:
    """The turns after a verdict, `up|n` or `down|n`; it is stored once for each change of mind.

    Raises:
        UsageError: The key has another shape, or there is no such answer.
        StratmapError: It cannot be stored.
    """
    word, _, number = key.partition("|")
    if word not in ("up", "down") or not number.isdecimal() or int(number) >= len(turns):
        raise UsageError(f"expected up|n or down|n for an answer of this conversation, found {key!r:.40}.")
    place, helpful = int(number), word == "up"
    turn = turns[place]
    if turn.answer is None:
        raise UsageError("expected a question with an answer, found one without.")
    if turn.helpful is not helpful:
        desk.note_feedback(turn.question, helpful)
    return [replace(turn, helpful=helpful) if i == place else other for i, other in enumerate(turns)]


def suggestions(framework: Framework, documents: Sequence[IndexedDocument], most: int = SUGGESTED) -> list[str]:
    """Questions that the archive can be expected to answer: its commonest pairs of objective and country."""
    codes = [label.code for label in framework.groups[0].labels]
    pairs = Counter((c, country) for d in documents for c in d.labels if c in codes for country in d.countries)
    chosen: list[str] = []
    seen: set[str] = set()
    for (code, country), _ in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        if code in seen or country in seen:
            continue
        seen |= {code, country}
        chosen.append(f"What was done on {framework.label(code).name.lower()} in {country}?")
    return chosen[:most]


def archive(desk: DeskLike) -> list[IndexedDocument]:
    """The documents of the archive, none where there is no archive yet."""
    try:
        return desk.documents()
    except StratmapError:
        return []
