"""How good rankings of passages are. Comes in: indices, best first, and those that are relevant. Goes out: two means.

The measures are the product's own (`stratmap.evaluating.measures`). Nothing is read or written.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from stratmap.evaluating import measures


def quality(rankings: Iterable[np.ndarray], relevant: Iterable[set[int]]) -> tuple[float, float]:
    """Mean nDCG@10 and the share of queries with a relevant passage first.

    >>> quality([np.array([7, 4]), np.array([4, 7])], [{7}, {4, 9}])[1]
    1.0
    """
    run = {str(query): list(map(str, ranking.tolist())) for query, ranking in enumerate(rankings)}
    qrels = {str(query): {str(passage): 1 for passage in gold} for query, gold in enumerate(relevant)}
    return measures.ndcg(qrels, run), measures.reciprocal_rank(qrels, run, 1)
