"""Words as evidence for labels, where nothing was trained.

Comes in: the keywords and texts of a framework's labels, then passages. Goes out: a score between 0 and 1 for each
passage and label, from listed phrases (`PhraseIndex`) or from the whole vocabulary of a label (`WordProfiles`).
Words are compared by their English stems. It knows no vectors and decides nothing.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import Stemmer

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 5  # words of a phrase
_SEVERAL_WORDS = 1.5  # a phrase of several words says more than one word


def stems(text: str) -> list[str]:
    """The stemmed words of a text in order.

    Example:
        >>> stems("Poor households")
        ['poor', 'household']
    """
    return list(Stemmer.Stemmer("english").stemWords(_WORD.findall(text.lower())))


class PhraseIndex:
    """Listed phrases of labels; a phrase that the texts of many labels use weighs little.

    Args:
        keywords: For each label its phrases.
        texts: For each label the texts that describe it; they tell how many labels use a phrase.
    """

    def __init__(self, keywords: Sequence[Sequence[str]], texts: Sequence[Sequence[str]]) -> None:
        self.n_labels = len(keywords)
        described = [
            [_spaced(stems(text)) for text in [*own, *listed]] for own, listed in zip(texts, keywords, strict=True)
        ]
        self._weights: list[dict[tuple[str, ...], float]] = []
        for phrases in keywords:
            keys = {tuple(stems(phrase)) for phrase in phrases} - {()}
            self._weights.append({key: self._weight(key, described) for key in keys if len(key) <= _LONGEST})

    def _weight(self, phrase: tuple[str, ...], described: Sequence[Sequence[str]]) -> float:
        inner = _spaced(phrase)
        users = sum(any(inner in text for text in texts) for texts in described)
        rarity = math.log((self.n_labels + 1) / max(1, users)) / math.log(self.n_labels + 1)
        return rarity * (_SEVERAL_WORDS if len(phrase) > 1 else 1.0)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Saturating sum of the weights of the phrases found.

        Args:
            texts: The passages, n of them.

        Returns:
            Scores in [0, 1), float64 (n, n_labels); 0 where no phrase is found.
        """
        found = np.zeros((len(texts), self.n_labels))
        for row, text in enumerate(texts):
            counts = _phrases(stems(text))
            for column, weights in enumerate(self._weights):
                found[row, column] = sum(
                    weight * (1.0 + math.log(counts[phrase])) for phrase, weight in weights.items() if phrase in counts
                )
        return np.asarray(found / (1.0 + found))


class WordProfiles:
    """The vocabulary of each label: words and pairs, weighted by how few labels use them.

    Args:
        texts: For each label the texts that describe it.
    """

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        counts = [sum((_grams(text) for text in own), Counter[str]()) for own in texts]
        users = Counter(gram for count in counts for gram in count)
        self._column = {gram: column for column, gram in enumerate(sorted(users))}
        n_labels = len(counts)
        self._rarity = np.array([max(0.0, math.log((n_labels + 1) / (users[gram] + 0.5))) for gram in self._column])
        self._profiles = np.stack([self._row(count) for count in counts])

    def _row(self, counts: Counter[str]) -> np.ndarray:
        row = np.zeros(len(self._column))
        for gram, count in counts.items():
            column = self._column.get(gram)
            if column is not None:
                row[column] = (1.0 + math.log(count)) * self._rarity[column]
        length = float(np.linalg.norm(row))
        return row / length if length else row

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Cosine between the weighted words of each passage and those of each label.

        Args:
            texts: The passages, n of them.

        Returns:
            Scores in [0, 1], float64 (n, n_labels).
        """
        scores = np.zeros((len(texts), len(self._profiles)))
        for row, text in enumerate(texts):
            scores[row] = self._profiles @ self._row(_grams(text))
        return scores


def _spaced(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def _grams(text: str) -> Counter[str]:
    words = stems(text)
    return Counter([*words, *(f"{first} {second}" for first, second in pairwise(words))])


def _phrases(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(words[start : start + size]) for size in range(1, _LONGEST + 1) for start in range(len(words) - size + 1)
    )
