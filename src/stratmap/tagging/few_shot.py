"""What a few labelled texts add to descriptions.

Comes in: vectors of examples and the labels they bear. Goes out: for passages, the nearness to each label after its
examples have had their say. The more examples a label has, the more its example centroid counts; one is
enough to count a little. It encodes nothing and knows no words.
"""

from __future__ import annotations

import numpy as np

_NEUTRAL = 5.0  # the neutral texts count for so many examples that lack a label


class ExamplePull:
    """Example centroids of labels, each with the weight it has earned.

    A centroid is nearer to every text than a description is, because examples share a genre with the
    passages. What it adds for texts that lack the label is therefore taken off again, so that a threshold
    stays where it was.

    Args:
        rows: Centred vectors of the examples, float64 (n, dim), length 1.
        bears: Whether each example bears each label, bool (n, n_labels).
        near: Nearness of the examples to the descriptions, float64 (n, n_labels).
        neutral: Centred vectors of neutral texts, float64 (m, dim), and
        neutral_near: their nearness, float64 (m, n_labels).
        share: Weight of a centroid that rests on very many examples.
        patience: Number of examples that earn half of that.
    """

    def __init__(
        self,
        rows: np.ndarray,
        bears: np.ndarray,
        near: np.ndarray,
        neutral: np.ndarray,
        neutral_near: np.ndarray,
        share: float,
        patience: float,
    ) -> None:
        counts = bears.sum(axis=0)
        self.weights = share * counts / (counts + patience)
        sums = bears.T.astype(np.float64) @ rows
        self._centroids = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        gained = np.where(bears, 0.0, rows @ self._centroids.T - near).sum(axis=0)
        calm = (neutral @ self._centroids.T - neutral_near).mean(axis=0)
        self._lift = (gained + _NEUTRAL * calm) / ((~bears).sum(axis=0) + _NEUTRAL)

    def applied(self, rows: np.ndarray, near: np.ndarray) -> np.ndarray:
        """Nearness of passages with the examples counted in.

        Args:
            rows: Centred vectors of the passages, float64 (n, dim), length 1.
            near: Their nearness to the descriptions, float64 (n, n_labels).

        Returns:
            float64 (n, n_labels); the same values for labels without examples.
        """
        return np.asarray(near + self.weights * (rows @ self._centroids.T - near - self._lift))
