"""Ways to make one ranking of two candidate lists, those that stratmap took and those that it did not.

Comes in: one query's candidates. Goes out: passage indices, best first. Nothing is read or written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stratmap.index import fusion


@dataclass(frozen=True)
class Candidates:
    """One query's two lists, best first, and the vectors for feedback."""

    dense_ids: np.ndarray
    dense_scores: np.ndarray
    lexical_ids: np.ndarray
    lexical_scores: np.ndarray
    query_terms: int
    query_vector: np.ndarray
    passage_vectors: np.ndarray


Method = Callable[[Candidates], np.ndarray]
Scale = Callable[[np.ndarray], np.ndarray]
Weight = Callable[[Candidates], float]


def dense_only(c: Candidates) -> np.ndarray:
    """Cosine alone."""
    return c.dense_ids


def lexical_only(c: Candidates) -> np.ndarray:
    """BM25 alone."""
    return c.lexical_ids


def shipped(c: Candidates) -> np.ndarray:
    """What `stratmap.index.fusion.fuse` does."""
    return fusion.fuse(c.dense_ids, c.dense_scores, c.lexical_ids, c.lexical_scores, c.query_terms)[0]


def reciprocal_ranks(constant: int) -> Method:
    """Reciprocal-rank fusion (Cormack et al., 2009)."""

    def ranked(c: Candidates) -> np.ndarray:
        scores: dict[int, float] = {}
        for ids in (c.dense_ids, c.lexical_ids):
            for rank, i in enumerate(ids.tolist(), start=1):
                scores[i] = scores.get(i, 0.0) + 1.0 / (constant + rank)
        return _sorted(scores)

    return ranked


def weighted(dense_scale: Scale, lexical_scale: Scale, weight: float | Weight) -> Method:
    """Weighted sum of two scaled lists; a candidate missing from a list gets that list's lowest value.

    BM25 scaled by its top alone has a natural zero, and a missing candidate gets that.
    """

    def ranked(c: Candidates) -> np.ndarray:
        share = weight if isinstance(weight, float) else weight(c)
        dense = dict(zip(c.dense_ids.tolist(), dense_scale(c.dense_scores).tolist(), strict=True))
        lexical = dict(zip(c.lexical_ids.tolist(), lexical_scale(c.lexical_scores).tolist(), strict=True))
        low_dense = min(dense.values(), default=0.0)
        low_lexical = 0.0 if lexical_scale is by_top else min(lexical.values(), default=0.0)
        return _sorted(
            {
                i: share * dense.get(i, low_dense) + (1.0 - share) * lexical.get(i, low_lexical)
                for i in dense.keys() | lexical.keys()
            }
        )

    return ranked


def feedback(weight: float, strength: float, passages: int) -> Method:
    """Rocchio: the query vector moves towards the first passages, then both halves are fused again."""
    first = weighted(as_is, by_top, weight)

    def ranked(c: Candidates) -> np.ndarray:
        moved = c.query_vector + strength * c.passage_vectors[first(c)[:passages]].mean(axis=0)
        scores = c.passage_vectors @ (moved / np.linalg.norm(moved))
        top = np.argsort(-scores, kind="stable")[: len(c.dense_ids)]
        again = Candidates(top, scores[top], c.lexical_ids, c.lexical_scores, c.query_terms, moved, c.passage_vectors)
        return first(again)

    return ranked


def _sorted(scores: dict[int, float]) -> np.ndarray:
    ids, values = np.array(list(scores), dtype=np.int64), np.array(list(scores.values()))
    return ids[np.lexsort((ids, -values))]


def as_is(scores: np.ndarray) -> np.ndarray:
    """No scaling."""
    return scores


def by_top(scores: np.ndarray) -> np.ndarray:
    """Divide by the best score (theoretical minimum 0)."""
    return scores / scores.max() if len(scores) else scores


def min_max(scores: np.ndarray) -> np.ndarray:
    """To 0..1."""
    spread = float(np.ptp(scores)) if len(scores) else 0.0
    return (scores - scores.min()) / spread if spread > 0 else np.zeros_like(scores)


def z_score(scores: np.ndarray) -> np.ndarray:
    """To zero mean and unit deviation."""
    return (scores - scores.mean()) / (scores.std() + 1e-9) if len(scores) else scores


def by_length(slope: float) -> Weight:
    """Weight of the cosine by the number of query terms, around six."""
    return lambda c: _bounded(0.7 + slope * (c.query_terms - 6))


def by_lexical_concentration(slope: float) -> Weight:
    """Weight of the cosine by how far the lexical top stands above rank ten."""
    return lambda c: _bounded(0.7 + slope * (_concentration(c.lexical_scores) - 0.35))


def by_cosine_spread(slope: float) -> Weight:
    """Weight of the cosine by how far its top stands above rank ten."""
    return lambda c: float(np.clip(0.7 + slope * (float(c.dense_scores[0] - c.dense_scores[:10][-1]) - 0.2), 0.3, 0.9))


def by_cosine_top(slope: float) -> Weight:
    """Weight of the cosine by its best value."""
    return lambda c: _bounded(0.7 + slope * (float(c.dense_scores[0]) - 0.6))


def _bounded(weight: float) -> float:
    return float(np.clip(weight, 0.3, 0.9))


def _concentration(scores: np.ndarray) -> float:
    return 1.0 - float(scores[:10][-1] / scores[0]) if len(scores) else 0.0


def first_stage_methods() -> dict[str, Method]:
    """Every row of the first table, by name."""
    rows: dict[str, Method] = {"cosine alone": dense_only, "BM25 alone": lexical_only}
    rows |= {f"reciprocal ranks, k={k}": reciprocal_ranks(k) for k in (10, 60)}
    rows |= {f"min-max both, cosine {w}": weighted(min_max, min_max, w) for w in (0.3, 0.4, 0.5, 0.6)}
    rows |= {f"z-score both, cosine {w}": weighted(z_score, z_score, w) for w in (0.4, 0.5, 0.6)}
    rows |= {f"cosine min-max, BM25 by top, cosine {w}": weighted(min_max, by_top, w) for w in (0.3, 0.4, 0.5)}
    rows |= {f"cosine as is, BM25 by top, cosine {w}": weighted(as_is, by_top, w) for w in (0.5, 0.6, 0.7, 0.8)}
    rows |= {f"same, 0.7, weight by query length {s:+}": weighted(as_is, by_top, by_length(s)) for s in (-0.015, 0.015)}
    rows |= {f"same, 0.7, by cosine spread {s:+}": weighted(as_is, by_top, by_cosine_spread(s)) for s in (-0.6, 0.6)}
    rows |= {f"same, 0.7, by best cosine {s:+}": weighted(as_is, by_top, by_cosine_top(s)) for s in (-0.4, 0.4)}
    rows |= {
        f"same, 0.7, by lexical concentration {s:+}": weighted(as_is, by_top, by_lexical_concentration(s))
        for s in (0.3, -0.3, -0.5)
    }
    rows |= {f"same, 0.7, feedback {b} of {n}": feedback(0.7, b, n) for b, n in ((0.3, 1), (0.3, 3), (0.6, 3))}
    return rows | {"shipped: stratmap.index.fusion.fuse": shipped}
