"""Texts that are nearly the same: features of an archive come in, pairs of documents go out. Nothing is encoded.

Two documents are near-duplicates where on the average the passages of the shorter one have a twin in the other of
cosine 0.9 or more. Candidates are found by the cosine of the documents' mean vectors, so that a thousand documents take
a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stratmap.index.features import Features

_CANDIDATE, _NEAR = 0.85, 0.9
_MOST = 2_000  # pairs looked at


@dataclass(frozen=True, slots=True)
class Pair:
    """Two documents by doc_id, and the mean cosine of the shorter one's passages to their nearest in the other."""

    first: str
    second: str
    likeness: float


def near_duplicates(documents: Sequence[Features]) -> list[Pair]:
    """Pairs of near-duplicates, most alike first."""
    filled = [one for one in documents if len(one.vectors)]
    if len(filled) < 2:
        return []
    means = np.stack([one.vectors.mean(axis=0) for one in filled])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    cosines = np.triu(means @ means.T, 1)
    rows, columns = np.nonzero(cosines >= _CANDIDATE)
    order = np.argsort(-cosines[rows, columns], kind="stable")[:_MOST]
    pairs = [_pair(filled[int(rows[n])], filled[int(columns[n])]) for n in order]
    return sorted((pair for pair in pairs if pair.likeness >= _NEAR), key=lambda pair: -pair.likeness)


def _pair(one: Features, other: Features) -> Pair:
    short, long = sorted((one, other), key=lambda features: int(features.lengths.sum()))
    nearest = (short.vectors @ long.vectors.T).max(axis=1)
    weights = short.lengths / max(1, int(short.lengths.sum()))
    return Pair(one.doc_id, other.doc_id, round(float(np.clip(weights @ nearest, 0, 1)), 3))
