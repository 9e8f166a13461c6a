"""Measures, as the literature defines them, over plain arrays and dicts.

A query without results scores zero and is not dropped. Formulas: nDCG with gain rel and discount log2(rank + 1)
(Järvelin and Kekäläinen 2002, the linear gain that trec_eval uses; a negative judgement gains nothing); average
precision and F1 as in scikit-learn; ECE with equal-width bins (Naeini et al. 2015).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

Qrels = Mapping[str, Mapping[str, int]]
Run = Mapping[str, Sequence[str]]


def ndcg(qrels: Qrels, run: Run, k: int = 10) -> float:
    """Mean nDCG@k over the judged queries.

    >>> round(ndcg({"q": {"a": 1, "b": 1}}, {"q": ["x", "a"]}), 4)
    0.3869
    """
    return _mean([_ndcg_of(judged, run.get(query, ()), k) for query, judged in qrels.items()])


def _ndcg_of(judged: Mapping[str, int], found: Sequence[str], k: int) -> float:
    gained = sum(max(0, judged.get(doc, 0)) / math.log2(rank + 2) for rank, doc in enumerate(found[:k]))
    best = sorted((max(0, rel) for rel in judged.values()), reverse=True)[:k]
    ideal = sum(rel / math.log2(rank + 2) for rank, rel in enumerate(best))
    return gained / ideal if ideal else 0.0


def recall(qrels: Qrels, run: Run, k: int) -> float:
    """Mean share of the relevant documents among the first k."""
    shares = []
    for query, judged in qrels.items():
        relevant = {doc for doc, rel in judged.items() if rel > 0}
        shares.append(len(relevant & set(run.get(query, ())[:k])) / len(relevant) if relevant else 0.0)
    return _mean(shares)


def reciprocal_rank(qrels: Qrels, run: Run, k: int = 10) -> float:
    """Mean of 1 / rank of the first relevant document among the first k, 0 where there is none."""
    values = []
    for query, judged in qrels.items():
        ranks = [rank for rank, doc in enumerate(run.get(query, ())[:k], 1) if judged.get(doc, 0) > 0]
        values.append(1.0 / ranks[0] if ranks else 0.0)
    return _mean(values)


def f1(truth: np.ndarray, given: np.ndarray) -> np.ndarray:
    """F1 of each label; 0 for a label that is neither true nor given anywhere.

    Args:
        truth: bool (n, labels).
        given: bool (n, labels).
    """
    hits = (truth & given).sum(0)
    total = truth.sum(0) + given.sum(0)
    return np.asarray(np.divide(2 * hits, total, out=np.zeros(truth.shape[1]), where=total > 0))


def average_precision(truth: np.ndarray, scores: np.ndarray) -> float:
    """Area under precision over recall as a step function; nan without a true item.

    >>> round(average_precision(np.array([1, 0, 1]), np.array([0.9, 0.8, 0.7])), 4)
    0.8333
    """
    order = np.argsort(-scores, kind="stable")
    sorted_scores, hits = scores[order], np.cumsum(truth[order])
    if not len(hits) or hits[-1] == 0:
        return float("nan")
    last = np.append(np.flatnonzero(np.diff(sorted_scores)), len(scores) - 1)  # tied scores count as one step
    precision, found = hits[last] / (last + 1), hits[last] / hits[-1]
    return float(np.sum(np.diff(np.concatenate([[0.0], found])) * precision))


def calibration_error(truth: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over all entries.

    >>> calibration_error(np.array([1, 0]), np.array([1.0, 0.0]))
    0.0
    """
    truth, probabilities = truth.ravel().astype(float), probabilities.ravel()
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(truth[place == b].mean() - probabilities[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return float(sum(gaps))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
