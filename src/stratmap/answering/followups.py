"""Follow-up questions: a question and those before it come in, a question that stands alone goes out.

"and in Serbia?" takes up the question before with another country; "when did it end?" carries its topic along. A
question that stands alone stays as it is. What "it" is may be said by documents rather than words: `points_back` tells
whether a question speaks of what was just spoken of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stratmap.answering.names import country_spans, names, years
from stratmap.answering.words import terms

_OPENING = re.compile(
    r"^(and|but|or|what about|how about|same for|also|then)\b[\s,]*(?:what about|how about)?\s*", re.I
)
_POINTING = re.compile(
    r"\b(it|its|they|them|their|there|those|these|he|she|(this|that|the same)( (project|report|document|country"
    r"|programme|study|evaluation|survey))?)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"^(in|for|on|since|after|before|during|until|from|with|by|to)\b", re.IGNORECASE)
_FEW = 4


def standalone(question: str, history: Sequence[str]) -> str:
    """The question with what it takes from the conversation.

    Args:
        question: A clean question.
        history: The person's earlier questions, oldest first; each may itself be a follow-up.

    >>> standalone("and in Serbia?", ["How many people returned to Georgia in 2014?"])
    'How many people returned to Serbia in 2014?'
    """
    if not history:
        return question
    if len(terms(question)) > _FEW or not (_OPENING.match(question) or _POINTING.search(question)):
        return question
    before = standalone(history[-1], history[:-1])
    exchange = _exchange(question)
    if exchange is not None:
        return _exchanged(before, exchange)
    subject = " ".join(_topic(before, question))
    return f"{question} ({subject})" if subject else question


def points_back(question: str, history: Sequence[str]) -> bool:
    """Whether a question is about the very thing of the question before, whose document then answers first.

    >>> past = ["Which project trained the border police of Armenia?"]
    >>> points_back("When did it end?", past), points_back("and in Serbia?", past), points_back("Who returned?", past)
    (True, False, False)
    """
    short = len(terms(question)) <= _FEW
    return bool(history) and short and bool(_POINTING.search(question)) and _exchange(question) is None


def _exchange(question: str) -> str | None:
    """What follows an opening, where it names little more than another country, year or matter: "and in Serbia?"."""
    opening = _OPENING.match(question)
    rest = question[opening.end() :] if opening else ""
    return rest if opening and len(terms(rest)) <= 2 else None


def _exchanged(before: str, rest: str) -> str:
    """The earlier question with the country or year of the new one; the new words behind it otherwise."""
    new, old = country_spans(rest), country_spans(before)
    if new and old:
        return before[: old[0][0]] + rest[new[0][0] : new[0][1]] + before[old[-1][1] :]
    fresh, past = years(rest), years(before)
    if fresh and past and not new:
        return before.replace(str(past[-1]), str(fresh[0]))
    added = rest.strip(" ?.!")
    if not _LINK.match(added):
        added = f"regarding {added}"
    return f"{before.rstrip(' ?.!')} {added}?"


def _topic(before: str, question: str) -> list[str]:
    """Words of the earlier question that say what it was about: names first, else all that carry meaning."""
    here = set(terms(question))
    words = [word.strip("?.,!()“”\"'") for word in before.split()]
    carrying = [word for word in words if word and terms(word) and not set(terms(word)) <= here]
    named = names(before)
    return [word for word in carrying if word.lower() in named] + [
        word for word in carrying if word.lower() not in named
    ][:6]
