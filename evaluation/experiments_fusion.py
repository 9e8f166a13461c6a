"""Fusion tried further: BM25's constants together with the weights, both scores for every candidate, and feedback.

Comes in: the collections of `experiments_retrieval` with their kept vectors. Goes out:
`evaluation/results/fusion-experiments.json`, shown on the page of `experiments_retrieval`. Settings are chosen on
the mean over the choosing collections; SciFact and XQuAD-en are only reported. Run from the repository, with the
extra `train`:

    python -m evaluation.experiments_fusion --work build/reranker
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bm25s
import numpy as np

from evaluation.experiments_retrieval import DEPTH, SEED, table_row, tokenised
from evaluation.provenance import RESULTS, provenance
from evaluation.retrieval_collections import Collection, choosing_collections, reporting_collections
from evaluation.retrieval_measures import quality
from evaluation.retrieval_tables import FURTHER
from stratmap.files import atomic_write_text

CONSTANTS = ((1.2, 0.75), (0.9, 0.4), (0.9, 0.6))
WEIGHTS = (0.65, 0.7, 0.75)
SLOPES = (0.0, 0.3, 0.5)
FEEDBACK = ((0.2, 1), (0.3, 1), (0.3, 3), (0.5, 3))
_ORDINARY = 0.35
_BOUNDS = (0.3, 0.9)


@dataclass(frozen=True)
class Setting:
    """One way of fusing. `complete`: candidates of one half get the other half's true score, not its lowest one.
    `feedback`: how far, and by how many passages, the query vector moves.
    """

    weight: float = 0.7
    slope: float = 0.5
    complete: bool = False
    feedback: tuple[float, int] | None = None

    def __str__(self) -> str:
        parts = [f"cosine {self.weight}", f"slope {self.slope}"]
        parts += ["both scores for all"] if self.complete else []
        parts += [f"feedback {self.feedback[0]} of {self.feedback[1]}"] if self.feedback else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Query:
    """Scores of all passages for one query."""

    vector: np.ndarray
    cosines: np.ndarray
    words: np.ndarray


def queries(collection: Collection, tokens: tuple[Any, Any], k1: float, b: float) -> list[Query]:
    """Full scores of every query."""
    index = bm25s.BM25(k1=k1, b=b)
    index.index(tokens[0], show_progress=False)
    words = {number: word for word, number in tokens[1].vocab.items()}
    cosines = collection.query_vectors @ collection.passage_vectors.T
    made = []
    for row, vector in enumerate(collection.query_vectors):
        known = [words[i] for i in tokens[1].ids[row] if words[i] in index.vocab_dict]
        scores = index.get_scores(known) if known else np.zeros(len(collection.passages))
        made.append(Query(vector, cosines[row], np.asarray(scores)))
    return made


def ranked(query: Query, setting: Setting, passages: np.ndarray) -> np.ndarray:
    """The first ten passages."""
    rows, scores = fused(query.cosines, query.words, setting)
    order = rows[np.lexsort((rows, -scores))]
    if setting.feedback is None:
        return order[:10]
    strength, few = setting.feedback
    moved = query.vector + strength * passages[order[:few]].mean(axis=0)
    rows, scores = fused(passages @ (moved / np.linalg.norm(moved)), query.words, setting)
    return rows[np.lexsort((rows, -scores))][:10]


def fused(cosines: np.ndarray, words: np.ndarray, setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """Candidates of both halves with their fused scores."""
    depth = min(DEPTH, len(cosines))
    dense = np.argpartition(-cosines, depth - 1)[:depth]
    lexical = np.argpartition(-words, depth - 1)[:depth]
    lexical = lexical[words[lexical] > 0]
    rows = np.union1d(dense, lexical)
    near, said = cosines[rows], words[rows]
    if not setting.complete:
        near = np.where(np.isin(rows, dense), near, cosines[dense].min())
        said = np.where(np.isin(rows, lexical), said, 0.0)
    top = np.sort(words[lexical])[::-1][:10]
    concentration = 1 - top[-1] / top[0] if len(top) > 1 else _ORDINARY
    weight = float(np.clip(setting.weight - setting.slope * (concentration - _ORDINARY), *_BOUNDS))
    return rows, weight * near + (1 - weight) * said / (top[0] if len(top) else 1.0)


def settings() -> Iterator[Setting]:
    """All that is tried."""
    for complete, weight, slope in itertools.product((False, True), WEIGHTS, SLOPES):
        yield Setting(weight, slope, complete)
    for feedback in FEEDBACK:
        yield Setting(complete=True, feedback=feedback)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, required=True, help="work folder of the reranker's training")
    arguments = parser.parse_args()
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    choosing = choosing_collections(arguments.work, SEED)
    reporting = reporting_collections(arguments.work)
    chosen = [c.name for c in choosing]
    groups: dict[str, dict[str, tuple[float, float]]] = {}
    for collection in choosing + reporting:
        tokens = tokenised(collection)
        for k1, b in CONSTANTS:
            asked = queries(collection, tokens, k1, b)
            for setting in settings():
                found = [ranked(query, setting, collection.passage_vectors) for query in asked]
                name = f"k1={k1}, b={b}, {setting}"
                groups.setdefault(name, {})[collection.name] = quality(found, collection.relevant)
        print(collection.name, flush=True)
    rows = [table_row(name, group, chosen) for name, group in groups.items()]
    rows.sort(key=lambda row: -row["choosing_ndcg10"])
    command = "python -m evaluation.experiments_fusion --work build/reranker"
    content = {"provenance": provenance(command, "../shared/datasets", SEED), "chosen_on": chosen, "rows": rows}
    atomic_write_text(RESULTS / FURTHER, json.dumps(content, indent=1) + "\n")
    print(*(f"{r['choosing_ndcg10']} {r['method']} {r['collections']['scifact']}" for r in rows[:12]), sep="\n")


if __name__ == "__main__":
    main()
