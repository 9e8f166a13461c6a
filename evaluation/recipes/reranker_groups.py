"""Draws training groups: a question, a passage that answers it and passages that do not, roughened.

Passages of an archive are shorter than those of the data, begin anywhere and carry a heading path in front;
the drawing cuts windows and invents prefixes so that the reranker has seen both. It reads no files.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from evaluation.recipes.reranker_data import EPOCHS_OF_SOURCE, Questions

LONGEST_WORDS = 150
SHORTEST_WORDS = 45
PREFIX_SHARE = 0.35
HEADINGS = (
    "Executive summary", "Introduction", "Background and context", "Findings", "Findings > Effectiveness",
    "Findings > Relevance", "Methodology", "Conclusions and recommendations", "Lessons learned", "Annex 2",
    "Project summary", "Results", "Key figures", "Budget", "Annual report 2019", "Chapter 3", "2.1 Overview",
    "Situation report", "Strategy", "Objectives and activities", "Limitations", "Table of contents", "Challenges",
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """One question; the first passage answers it, the others do not."""

    question: str
    passages: list[str]


def training_order(questions: Questions, rng: random.Random) -> list[int]:
    """Question indices of one weighted, shuffled pass over the training documents."""
    order: list[int] = []
    for i, source in enumerate(questions.sources):
        if not questions.held_out(i):
            share = EPOCHS_OF_SOURCE[source]
            order += [i] * (int(share) + (rng.random() < share % 1))
    rng.shuffle(order)
    return order


def draw_group(questions: Questions, i: int, negatives: int, rng: random.Random) -> Group:
    """A group for question `i` with as many negatives: same document, mined, now and then any passage."""
    own = [p for p in questions.negatives[i] if _lacks(questions, i, p)]
    mined = [p for p in questions.mined[i][:24] if questions.document[p] not in questions.held_documents]
    chosen = rng.sample(own, min(len(own), 1 if mined else negatives))
    chosen += rng.sample(mined[:6], min(len(mined[:6]), 1))
    rest = [p for p in mined + own if p not in chosen]
    while len(chosen) < negatives:
        if rest and rng.random() < 0.9:
            chosen.append(rest.pop(rng.randrange(len(rest))))
        else:
            chosen.append(_any_training_passage(questions, i, rng))
    question = questions.texts[i]
    if rng.random() < 0.3:
        question = question.rstrip("?").strip()
    texts = [roughen(questions, questions.positive[i], questions.answers[i], rng)]
    return Group(question, texts + [roughen(questions, p, None, rng) for p in chosen])


def _lacks(questions: Questions, i: int, passage: int) -> bool:
    return questions.answers[i].lower() not in questions.passages[passage].lower()


def _any_training_passage(questions: Questions, i: int, rng: random.Random) -> int:
    while True:
        passage = rng.randrange(len(questions.passages))
        document = questions.document[passage]
        if document not in questions.held_documents and document != questions.document[questions.positive[i]]:
            return passage


def roughen(questions: Questions, passage: int, answer: str | None, rng: random.Random) -> str:
    """A window of the passage that keeps the answer, sometimes behind a made-up heading."""
    text = questions.passages[passage]
    longest = LONGEST_WORDS if rng.random() < 0.25 else rng.randint(SHORTEST_WORDS, LONGEST_WORDS)
    window = cut_window(text, answer, longest, rng)
    if rng.random() >= PREFIX_SHARE:
        return window
    return f"{_prefix(text, rng)}: {window}"


def cut_window(text: str, answer: str | None, longest: int, rng: random.Random) -> str:
    """At most `longest` words of the text, from the start of a sentence where that keeps the answer inside.

    Without an answer to keep, a passage is cut at any sentence; an answer that is not in the text (a
    summary) keeps the beginning.
    """
    words = text.split()
    if len(words) <= longest:
        return text
    last = len(words) - longest
    if answer is None:
        first = 0
    else:
        at = text.find(answer)
        if at < 0:
            return " ".join(words[:longest])
        begin = len(text[:at].split())
        first = max(0, begin + len(answer.split()) - longest)
        last = min(last, begin)
    starts = [k for k in range(first, last + 1) if k == 0 or re.search(r"[.!?]$", words[k - 1])]
    start = rng.choice(starts) if starts else min(first, last)
    return " ".join(words[start : start + longest])


def _prefix(text: str, rng: random.Random) -> str:
    """A heading as stratmap may put before a passage: generic, names of the passage, or its first words."""
    kind = rng.random()
    names = list(dict.fromkeys(re.findall(r"\b[A-Z][a-z]{3,}(?: [A-Z][a-z]+)*", text)))
    if kind < 0.35 and names:
        heading = " ".join(rng.sample(names, min(len(names), rng.randint(1, 2))))
    elif kind < 0.5:
        heading = " ".join(text.split()[: rng.randint(3, 7)]).rstrip(".,;:")
    else:
        return rng.choice(HEADINGS)
    return heading if rng.random() < 0.5 else f"{heading} > {rng.choice(HEADINGS)}"
