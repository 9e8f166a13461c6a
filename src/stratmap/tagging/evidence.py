"""The spans that carry a tag: passages first, then the sentences in them that speak loudest.

Comes in: passages with their probabilities for one label. Goes out: `Evidence`, best first. Spans are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from stratmap.reading import sentence_spans
from stratmap.records import Evidence, Passage

Score = Callable[[Sequence[str]], np.ndarray]
_LEAST_SHARE = 0.5  # of the document's probability and of the best passage's, for a passage to count as evidence
_SHORT = 60  # characters: a sentence below is shown with its neighbour
_FEW_WORDS = 7
_FEW, _UNFINISHED = 0.1, 0.5  # weights of lines of few words (an address) and of lines that end no sentence (a title)
_ENDS = (".", "!", "?", ";", ":", "…", "”", "»", '"', ")", "。", "।", "։")


def choose(probabilities: np.ndarray, document: float, most: int) -> list[int]:
    """Numbers of the passages that carry a label, best first; at least one.

    Args:
        probabilities: Of the label for each passage, (n,).
        document: Of the label for the document.
        most: Most passages.
    """
    order = np.argsort(-probabilities, kind="stable")[:most]
    least = _LEAST_SHARE * max(document, float(probabilities.max(initial=0.0)))
    kept = [int(i) for i in order if probabilities[i] >= least]
    return kept or [int(i) for i in order[:1]]


def spans(passage: Passage, language: str) -> list[tuple[int, int]]:
    """Sentences of a passage as spans in it; short ones are joined to the next, headings and other lines are not."""
    joined: list[tuple[int, int]] = []
    for start, end in sentence_spans(passage.text, language):
        short = bool(joined) and joined[-1][1] - joined[-1][0] < _SHORT
        if short and _ends_sentence(passage.text[slice(*joined[-1])]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def states_of(span: tuple[int, int], hidden: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The hidden states of a span between the special tokens of its passage, float32 (tokens of the span + 2, dim).

    Args:
        span: Start and end as characters of the passage.
        hidden: Of the passage, (tokens, dim), the first and the last of special tokens.
        offsets: Start and end of each token as characters of the passage, (tokens, 2); equal for special tokens.

    >>> offsets = np.array([[0, 0], [0, 4], [5, 9], [0, 0]])
    >>> states_of((5, 9), np.array([[9.0], [1.0], [2.0], [8.0]]), offsets)[:, 0].tolist()
    [9.0, 2.0, 8.0]
    """
    inside = (offsets[:, 0] >= span[0]) & (offsets[:, 1] <= span[1]) & (offsets[:, 0] < offsets[:, 1])
    inside[[0, -1]] = True
    return hidden[inside].astype(np.float32)


def weight(text: str) -> float:
    """How much a span counts, whatever its probability: lines of few words and titles say little to a reader.

    >>> weight("EVALUATION BRIEF"), weight("The council pays a focal point for its diaspora.")
    (0.1, 1.0)
    """
    if len(text.split()) < _FEW_WORDS:
        return _FEW
    return 1.0 if _ends_sentence(text) else _UNFINISHED


def _ends_sentence(text: str) -> bool:
    return text.rstrip().endswith(_ENDS)


def evidence(passage: Passage, span: tuple[int, int], probability: float) -> Evidence:
    """A span of a passage as evidence, in offsets of the page."""
    start, end = span
    return Evidence(
        passage.page,
        passage.start + start,
        passage.start + end,
        passage.text[start:end],
        round(probability, 4),
        passage.page_index,
    )
