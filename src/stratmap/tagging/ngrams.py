"""Counting word n-grams as the linear half of the tagger sees them.

Comes in: text. Goes out: tf-idf rows over a fixed vocabulary, in compressed form. Training and the running product
use this one module, so that they cannot count differently. It fits nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import Stemmer

_WORD = re.compile(r"[^\W_]{2,}")


def ngrams(text: str) -> Counter[str]:
    """Count the stemmed words and pairs of neighbouring words of a text.

    Example:
        >>> sorted(ngrams("Border guards"))
        ['border', 'border guard', 'guard']
    """
    words = [word if not word.isdigit() else "0" for word in _WORD.findall(text.lower())]
    stems = Stemmer.Stemmer("english").stemWords(words)
    counts = Counter(stems)
    counts.update(f"{first} {second}" for first, second in pairwise(stems))
    return counts


def tfidf_rows(
    texts: Sequence[str], vocabulary: Mapping[str, int], idf: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Columns and values of each text's tf-idf row, L2-normalised over the vocabulary.

    The weight of an n-gram is `(1 + ln count) * idf` (as scikit-learn computes sublinear tf).

    Args:
        texts: Any number of texts.
        vocabulary: Column of each n-gram.
        idf: Inverse document frequency by column, shape (n_columns,).

    Returns:
        For each text the columns, int64 ascending, and the values, float32; both empty for a text without any.
    """
    rows = []
    for text in texts:
        found = sorted((vocabulary[gram], count) for gram, count in ngrams(text).items() if gram in vocabulary)
        columns = np.array([column for column, _ in found], dtype=np.int64)
        values = (1.0 + np.log(np.array([count for _, count in found], dtype=np.float32))) * idf[columns]
        length = float(np.sqrt((values**2).sum()))
        rows.append((columns, (values / length if length else values).astype(np.float32)))
    return rows
