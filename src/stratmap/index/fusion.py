"""One ranking out of two: vectors and words, and later the reranker's reading.

Comes in: candidates of one query with their scores. Goes out: one list with scores between 0 and 1. Pure numpy;
it searches nothing and knows no passage's text.

The weighted sum keeps the cosine as it is and divides BM25 by its best score. Cosines of a query that the encoder
does not understand (another language, a product code) lie close together, so they lose their say without any rule
for it; scaling both lists to 0..1, or counting ranks, would amplify that noise. Figures of all that was tried:
`evaluation/results/retrieval-experiments.md`.
"""

from __future__ import annotations

import numpy as np

# Weight of the cosine for a query of ordinary concentration, its slope and bounds; chosen on ten collections
# (`evaluation/experiments_retrieval.py`), none of them a test set. Between 0.65 and 0.75 nothing changes much.
DENSE_WEIGHT = 0.7
CONCENTRATION_SLOPE = 0.5
ORDINARY_CONCENTRATION = 0.35
WEIGHT_BOUNDS = (0.3, 0.9)
# How far down the lexical list is compared with its top.
CONCENTRATION_DEPTH = 10
# Share of the first stage in the blend with the reranker, for questions. Claims and keywords are better left to the
# first stage: on SciFact every share of the reranker loses nDCG (same page).
FIRST_STAGE_WEIGHT = 0.3


def fuse(
    dense_ids: np.ndarray,
    dense_scores: np.ndarray,
    lexical_ids: np.ndarray,
    lexical_scores: np.ndarray,
    query_terms: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Fuse the candidates of the two halves of the search for one query.

    A passage that the dense half did not propose gets that half's lowest cosine; one without a lexical score
    gets none. Lexical candidates with a score of zero or less are no candidates.

    Args:
        dense_ids: Integers (n,), each once, in any order.
        dense_scores: Cosines (n,), -1..1.
        lexical_ids: Integers (m,), each once, in any order.
        lexical_scores: BM25 scores (m,).
        query_terms: Words of the query that the lexical half used, 0 where unknown. It changes nothing: a weight
            by length gained less than 0.001 nDCG@10.

    Returns:
        ids (k,) of the union, best first, ties by id; scores (k,), float64, 0..1. Scores of different queries
        are not comparable.

    >>> ids, scores = fuse(np.array([1, 2]), np.array([0.8, 0.2]), np.array([2]), np.array([7.0]))
    >>> ids.tolist()
    [1, 2]
    """
    del query_terms
    matched = np.asarray(lexical_scores, dtype=np.float64) > 0
    lexical_ids = np.asarray(lexical_ids, dtype=np.int64)[matched]
    lexical_scores = np.asarray(lexical_scores, dtype=np.float64)[matched]
    ids = np.union1d(np.asarray(dense_ids, dtype=np.int64), lexical_ids)
    if not len(ids):
        return ids, np.zeros(0)
    cosines = _spread(ids, dense_ids, np.clip(np.asarray(dense_scores, dtype=np.float64), -1.0, 1.0))
    words = np.zeros(len(ids))
    if len(lexical_ids):
        words[np.searchsorted(ids, lexical_ids)] = lexical_scores / lexical_scores.max()
    weight = dense_weight(lexical_scores)
    scores = (weight * (cosines + 1.0) + (1.0 - weight) * words) / (1.0 + weight)
    order = np.lexsort((ids, -scores))
    return ids[order], scores[order]


def dense_weight(lexical_scores: np.ndarray) -> float:
    """Weight of the cosine: lower where one passage stands out among the lexical ones.

    Args:
        lexical_scores: BM25 scores above zero (m,), in any order.

    Returns:
        Within `WEIGHT_BOUNDS`; `DENSE_WEIGHT` where fewer than two passages can be compared.
    """
    if len(lexical_scores) < 2:
        return DENSE_WEIGHT
    top = np.sort(lexical_scores)[::-1][:CONCENTRATION_DEPTH]
    concentration = 1.0 - float(top[-1] / top[0])
    weight = DENSE_WEIGHT - CONCENTRATION_SLOPE * (concentration - ORDINARY_CONCENTRATION)
    return float(np.clip(weight, *WEIGHT_BOUNDS))


def blend(first_stage: np.ndarray, rerank_logits: np.ndarray) -> np.ndarray:
    """Blend the first stage with the reranker for the candidates of one query.

    Both are scaled to zero mean and unit deviation among these candidates, so that neither wins by its unit.

    Args:
        first_stage: Fused scores (n,).
        rerank_logits: Logits of the same candidates (n,).

    Returns:
        Scores (n,), float64, in the order given; higher is better, comparable within this query only.

    >>> blend(np.array([0.6, 0.4]), np.array([-2.0, 3.0])).round(1).tolist()
    [-0.4, 0.4]
    """
    first = _standardised(np.asarray(first_stage, dtype=np.float64))
    read = _standardised(np.asarray(rerank_logits, dtype=np.float64))
    return FIRST_STAGE_WEIGHT * first + (1.0 - FIRST_STAGE_WEIGHT) * read


def _spread(ids: np.ndarray, known_ids: np.ndarray, known_scores: np.ndarray) -> np.ndarray:
    """Scores for all `ids`; those not known get the lowest known one, or zero where none is known."""
    lowest = float(known_scores.min()) if len(known_scores) else 0.0
    scores = np.full(len(ids), lowest)
    scores[np.searchsorted(ids, known_ids)] = known_scores
    return scores


def _standardised(scores: np.ndarray) -> np.ndarray:
    if not len(scores):
        return scores
    deviation = float(scores.std())
    return (scores - scores.mean()) / deviation if deviation > 1e-9 else np.zeros_like(scores)
