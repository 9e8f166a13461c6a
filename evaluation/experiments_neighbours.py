"""Do tagged neighbours help the tagger? `python -m evaluation.experiments_neighbours [--repository-only]`.

For each text of dev the nearest annotated texts by the search vector vote for their labels, weighted by similarity; their
share is mixed with the tagger's probability in logit space. Prints mean average precision and macro-F1 at the best
common threshold for several numbers of neighbours and weights. Vectors of annotated texts are kept as the benchmark
keeps them. Writes nothing else.
"""

from __future__ import annotations

import argparse

import numpy as np

from evaluation.benchmark_tagging import DEV, training, vectors_of
from evaluation.recipes import calibration as cal
from evaluation.recipes.tagging_data import LABELS, read_items, targets
from evaluation.recipes.train_tower import training_items
from stratmap.assembly import Desk
from stratmap.reading import read_text
from stratmap.tagging.pooling import pool, weights_of

CLIP = 0.02


def votes(vectors: np.ndarray, known: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Share of the `count` nearest known texts that bear each label, weighted by similarity: (n, n_labels)."""
    cosines = vectors @ known.T
    nearest = np.argsort(-cosines, axis=1)[:, :count]
    weights = np.maximum(np.take_along_axis(cosines, nearest, 1), 1e-6) ** 4
    return np.asarray((labels[nearest] * weights[:, :, None]).sum(1) / weights.sum(1, keepdims=True))


def logit(probability: np.ndarray) -> np.ndarray:
    """Log-odds of clipped probabilities."""
    clipped = np.clip(probability, CLIP, 1 - CLIP)
    return np.asarray(np.log(clipped / (1 - clipped)))


def row(wanted: np.ndarray, scores: np.ndarray) -> str:
    """Mean average precision and best macro-F1 with one threshold, of both halves."""
    found = []
    for half in cal.HALVES:
        grid = np.quantile(scores[:, half], np.linspace(0.5, 0.99, 60))
        best = max(float(np.mean(cal.f1_each(wanted[:, half], scores[:, half] >= t))) for t in grid)
        found.append((cal.mean_precision(wanted[:, half], scores[:, half]), best))
    (first, first_f1), (second, second_f1) = found
    return f"mAP {first:.3f} / {second:.3f}, F1 {first_f1:.3f} / {second_f1:.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository-only", action="store_true", help="neighbours from corpora/annotated alone")
    asked = parser.parse_args()
    dev = read_items(DEV)
    items = training_items(True) if asked.repository_only else training("all")
    desk, wanted = Desk(), targets(dev)
    order = [desk.tagger.model.labels.index(label) for label in LABELS]
    scores, vectors = [], []
    for read in desk.tagger.read_many(read_text(item.text, item.id) for item in dev):
        scores.append(pool(read.seen.probabilities, weights_of(read.passages))[order])
        mean = read.seen.embeddings.mean(0)
        vectors.append(mean / np.linalg.norm(mean))
    own, known, labels = logit(np.array(scores)), vectors_of(items), targets(items)
    print("tagger alone:", row(wanted, own))
    for count in (5, 10, 20, 40):
        near = logit(votes(np.array(vectors), known, labels, count))
        print(f"{count} neighbours alone:", row(wanted, near))
        for weight in (0.1, 0.2, 0.3, 0.5):
            print(f"{count} neighbours, weight {weight}:", row(wanted, (1 - weight) * own + weight * near))


if __name__ == "__main__":
    main()
