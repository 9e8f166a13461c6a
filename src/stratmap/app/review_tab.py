"""The tab *Review*: what the tagger is unsure of comes in as questions, answers go out as corrections.

Plain functions first, their wiring last. The queue of a session holds the questions that were worth most when it was
drawn; it is drawn anew when it is used up. Retraining and the workbook are in `versions_panel`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from stratmap.app import versions_panel
from stratmap.app.correcting import author_of, reviews_of
from stratmap.app.health.watched import behind
from stratmap.app.protocol import DeskLike, TaggedReport
from stratmap.app.reader import LATEST, QUIET, UNLISTED, held
from stratmap.app.render.review import nothing_left, progress_line, question_card
from stratmap.app.render.text import notice, plural
from stratmap.app.theme import panel
from stratmap.assembly import Desk
from stratmap.errors import StratmapError, UsageError
from stratmap.index.corrections import TAG
from stratmap.records import Correction, IndexedDocument
from stratmap.reviewing.queue import Question
from stratmap.reviewing.reviews import Reviews
from stratmap.reviewing.scoring import score_archive

ARCHIVE, MINE = "The whole archive", "My reports"
_DRAWN = 40


@dataclass(frozen=True, slots=True)
class Session:
    """A review in progress: questions to come, those answered with the numbers of their corrections, what was skipped.

    `last` is what was done last, in words.
    """

    queue: tuple[Question, ...] = ()
    done: tuple[tuple[Question, int], ...] = ()
    skipped: frozenset[tuple[str, str]] = frozenset()
    last: str = ""


def doc_ids_of(scope: str, reports: Sequence[TaggedReport]) -> list[str] | None:
    """The texts that are reviewed; None for the whole archive."""
    return None if scope == ARCHIVE else [report.document.doc_id for report in reports]


def filled(reviews: Reviews, session: Session, doc_ids: Sequence[str] | None) -> Session:
    """The session with questions to come, where there are any."""
    if session.queue:
        return session
    found = reviews.questions(doc_ids, _DRAWN + len(session.skipped))
    left = [one for one in found if (one.doc_id, one.code) not in session.skipped]
    return replace(session, queue=tuple(left[:_DRAWN]))


def answer(reviews: Reviews, session: Session, word: str, author: str) -> Session:
    """The session after one answer: `yes`, `no`, `skip` or `undo`; a verdict is on the disk when this returns.

    Raises:
        UsageError: Another word.
    """
    if word == "undo":
        if not session.done:
            return replace(session, last="Nothing to undo.")
        question, number = session.done[-1]
        reviews.undo([number])
        back = f"Taken back: {question.code} on {question.document}."
        return replace(session, queue=(question, *session.queue), done=session.done[:-1], last=back)
    if not session.queue:
        return session
    question, *rest = session.queue
    key = (question.doc_id, question.code)
    if word == "skip":
        return replace(session, queue=tuple(rest), skipped=session.skipped | {key}, last=f"Skipped: {question.code}.")
    if word not in {"yes", "no"}:
        raise UsageError(f"expected yes, no, skip or undo, found {word!r:.20}.")
    [number] = reviews.correct(
        [
            Correction(
                question.doc_id,
                question.document,
                question.code,
                TAG,
                word == "yes",
                author,
                probability=question.probability,
                applied=question.applied,
            )
        ]
    )
    said = f"Kept: {question.code} {'applies' if word == 'yes' else 'does not apply'}. "
    agrees = "The tagger agreed." if (word == "yes") == question.applied else "The tagger had said otherwise."
    return replace(session, queue=tuple(rest), done=(*session.done, (question, number)), last=said + agrees)


def show(desk: DeskLike, session: Session, scope: str, reports: Sequence[TaggedReport]) -> tuple[str, str]:
    """The question and the progress as HTML."""
    doc_ids = doc_ids_of(scope, reports)
    reviews = reviews_of(desk)
    words = "your reports" if scope == MINE else "the archive"
    line = progress_line(reviews.progress(doc_ids), len(session.queue), words)
    if not session.queue:
        if scope == MINE and not reports:
            return nothing_left("No report of yours yet", "Tag a report in the tab Tag, then review it here."), line
        if scope == ARCHIVE and reviews.features.unscored():
            return nothing_left("Nothing can be asked yet", "Prepare the documents above first.", session.last), line
        told = "The tagger is sure of all the rest, or you have answered it."
        return nothing_left("Nothing left to ask", told, session.last), line
    question = session.queue[0]
    known = held(desk, question.doc_id)
    stated = _stated(known, question) if scope == ARCHIVE else ""
    passages = [_passage(desk, known, reports, question, span) for span in question.spans]
    return question_card(question, passages, stated, desk.framework, session.last), line


def _passage(
    desk: DeskLike,
    known: IndexedDocument | None,
    reports: Sequence[TaggedReport],
    question: Question,
    span: tuple[int, int, int],
) -> tuple[int | None, str]:
    page_index, start, end = span
    for report in reports:
        if report.document.doc_id == question.doc_id:
            page = report.document.pages[page_index]
            return page.number, page.text[start:end]
    number = page_index + 1 if known is not None and known.pages > 1 else None
    return number, desk.page_text(question.doc_id, page_index)[start:end]


def _stated(known: IndexedDocument | None, question: Question) -> str:
    if known is None or known.labels.get(question.code) != 1.0:
        return ""
    return "The list beside the document names this label."


def draw(desk: DeskLike, session: Session, scope: str, reports: Sequence[TaggedReport]) -> tuple[str, str, Session]:
    """Question, progress and session; a refusal in place of the question."""
    try:
        session = filled(reviews_of(desk), session, doc_ids_of(scope, reports))
        return (*show(desk, session, scope, reports), session)
    except StratmapError as error:
        return notice(str(error), kind="problem"), "", session


def build(desk: DeskLike, settings: Any, author: Any, reports: Any) -> tuple[Any, Any, list[Any]]:
    """Draw the tab and wire its events; returns the switch, the panel that changes when another version is in use,
    and the panels that are filled when the tab opens.

    Args:
        desk: What keeps corrections.
        settings: Limits of uploads.
        author: The box with the name of who corrects; it is drawn here.
        reports: The session's reports.
    """
    session = gr.State(Session())
    with gr.Row(elem_classes="sm-actions"):
        scope = gr.Radio([ARCHIVE, MINE], value=ARCHIVE, label="Ask about", elem_id="review-scope", scale=2)
        author.render()
    with gr.Row(visible=False, elem_classes="sm-actions", elem_id="review-lacking") as lacking:
        lack = gr.HTML(apply_default_css=False)
        prepare = gr.Button("Prepare them now", size="sm", scale=0, min_width=160, elem_id="review-prepare")
    progress = gr.HTML(elem_id="review-progress", apply_default_css=False)
    card = panel("review")
    key = gr.Textbox(visible=False)
    learned, versions = versions_panel.build(desk, settings, author)

    def begin(where: str, own: list[TaggedReport]) -> Any:
        return draw(desk, Session(), where, own)

    def give(where: str, own: list[TaggedReport], now: Session, name: str, word: str, request: gr.Request) -> Any:
        try:
            now = answer(reviews_of(desk), now, word, author_of(name, request))
        except StratmapError as error:
            return notice(str(error), kind="problem"), gr.skip(), now
        return draw(desk, now, where, own)

    def score(where: str, own: list[TaggedReport], bar: Any = gr.Progress()) -> Any:  # noqa: B008
        told = prepare_archive(desk, lambda done, total: bar((done, total), desc="Preparing"))
        return (*unprepared(desk), *(draw(desk, Session(), where, own) if not told else (told, "", Session())))

    outputs = [card, progress, session]
    prepare.click(
        score, [scope, reports], [lacking, lack, *outputs], api_name="review_prepare", show_progress_on=card, **UNLISTED
    )
    scope.input(begin, [scope, reports], outputs, api_name="review_start", show_progress="hidden", **LATEST)
    card.edit(
        give,
        [scope, reports, session, author, key],
        outputs,
        js="(scope, reports, now, name) => [scope, reports, now, name, window.stratmapChosen || '']",
        api_name="review_answer",
        show_progress="hidden",
        **UNLISTED,
    ).then(lambda: versions_panel.shown(desk), None, versions, api_name="review_learned", **QUIET)
    return scope, learned, [lacking, lack, *outputs, *versions]


def opened(desk: DeskLike, scope: str, reports: Sequence[TaggedReport]) -> tuple[Any, ...]:
    """What the panels show when the tab opens, in the order of `build`, without the switch."""
    return (*unprepared(desk), *draw(desk, Session(), scope, reports), *versions_panel.shown(desk))


def unprepared(desk: DeskLike) -> tuple[Any, str]:
    """Whether documents of the archive cannot be asked about yet, and how many, in words."""
    try:
        count = len(reviews_of(desk).features.unscored())
    except StratmapError:
        count = 0
    said = f"{plural(count, 'document')} of the archive came with an earlier tagger and cannot be asked about yet."
    return gr.Row(visible=count > 0), notice(said) if count else ""


def prepare_archive(desk: DeskLike, progress: Callable[[int, int], None]) -> str:
    """Let the tagger see what it has not seen; a problem in words, "" where all went well."""
    try:
        found = behind(desk)
        if isinstance(found, Desk):
            score_archive(reviews_of(found), found.encoder, progress)
    except StratmapError as error:
        return notice(str(error), kind="problem")
    return ""
