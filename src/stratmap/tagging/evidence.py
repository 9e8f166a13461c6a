"""The spans that carry a tag: passages first, then the sentences in them that speak loudest.

Comes in: passages with their probabilities for one label. Goes out: `Evidence`, best first. Spans are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from stratmap.reading import sentence_spans
from stratmap.records import Evidence, Passage

Score = Callable[[Sequence[str]], np.ndarray]
_LEAST_SHARE = 0.5  # of the document's probability, for a passage to count as evidence
_SHORT = 60  # characters: a sentence below is shown with its neighbour


def choose(probabilities: np.ndarray, document: float, most: int) -> list[int]:
    """Numbers of the passages that carry a label, best first; at least one.

    Args:
        probabilities: Of the label for each passage, (n,).
        document: Of the label for the document.
        most: Most passages.
    """
    order = np.argsort(-probabilities, kind="stable")[:most]
    kept = [int(i) for i in order if probabilities[i] >= _LEAST_SHARE * document]
    return kept or [int(i) for i in order[:1]]


def spans(passage: Passage, language: str) -> list[tuple[int, int]]:
    """Sentences of a passage as spans in it; short ones are joined to the next."""
    joined: list[tuple[int, int]] = []
    for start, end in sentence_spans(passage.text, language):
        if joined and joined[-1][1] - joined[-1][0] < _SHORT:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


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
