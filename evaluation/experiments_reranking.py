"""The reranker over the first stage's best passages, blended in several ways.

Comes in: collections and candidates of `experiments_retrieval`. Goes out: rows for its table. Blends are chosen on
questions whose documents the reranker's training did not see. Logits are kept in the work folder by the model's
fingerprint.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.retrieval_collections import Collection
from evaluation.retrieval_measures import quality
from evaluation.retrieval_methods import Candidates
from stratmap.answering.reranker import Reranker
from stratmap.artefacts import shipped_folder
from stratmap.index.fusion import blend, fuse

DEPTH = 20
MOST_QUERIES = {"scifact": 150, "xquad-en": 100}
ORDINARY_QUERIES = 30
LEFT_OUT = ("squadshifts-reddit", "xquad-ro", "xquad-tr")  # nothing unseen there, or not English

Blend = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Read:
    """One query after the first stage: its best passages, their fused scores and the reranker's logits."""

    ids: np.ndarray
    fused: np.ndarray
    logits: np.ndarray
    relevant: set[int]


def reranking_rows(
    collections: list[Collection], lists: dict[str, list[Candidates]], work: Path, threads: int, seed: int
) -> dict[str, Any]:
    """Rows of the table and the cost of a query."""
    reranker = Reranker.load(shipped_folder("reranker"), threads)
    read, seconds = {}, []
    for collection in collections:
        if collection.name not in LEFT_OUT:
            read[collection.name], spent = _read(collection, lists[collection.name], reranker, work, seed)
            seconds.append(spent)
    chosen = [name for name in read if name not in MOST_QUERIES]
    rows = [_row(label, how, depth, read, chosen) for label, how, depth in _blends()]
    measured = [value for value in seconds if value > 0]
    cost = round(1000 * float(np.mean(measured)), 1) if measured else None
    return {
        "reranking": rows,
        "reranking_queries": {name: len(queries) for name, queries in read.items()},
        "reranker": reranker.manifest.fingerprint,
        "milliseconds_for_twenty_passages": cost,
        "threads": threads,
    }


def _read(
    collection: Collection, lists: list[Candidates], reranker: Reranker, work: Path, seed: int
) -> tuple[list[Read], float]:
    """The chosen queries with logits, and the seconds a query took (0 where the logits were kept)."""
    rng = random.Random(f"{seed} {collection.name}")
    rows = np.flatnonzero(collection.unseen).tolist()
    rows = sorted(rng.sample(rows, min(len(rows), MOST_QUERIES.get(collection.name, ORDINARY_QUERIES))))
    fused = []
    for row in rows:
        c = lists[row]
        ids, scores = fuse(c.dense_ids, c.dense_scores, c.lexical_ids, c.lexical_scores, c.query_terms)
        fused.append((ids, scores))
    cache = work / f"logits-{collection.name}-{reranker.manifest.fingerprint}.npz"
    spent = 0.0
    if not cache.exists():
        started = time.perf_counter()
        logits = [
            reranker.score(collection.queries[row], [collection.passages[i] for i in ids[:DEPTH]])
            for row, (ids, _) in zip(rows, fused, strict=True)
        ]
        spent = (time.perf_counter() - started) / len(rows)
        np.savez(cache, logits=np.array(logits), top=np.array([ids[:DEPTH] for ids, _ in fused]))
    kept = np.load(cache)
    made = []
    for row, (ids, scores), logits, top in zip(rows, fused, kept["logits"], kept["top"], strict=True):
        if not np.array_equal(top, ids[:DEPTH]):
            raise SystemExit(f"{cache.name} belongs to another first stage: delete it and run again.")
        made.append(Read(ids, scores, logits, collection.relevant[row]))
    return made, spent


def _blends() -> list[tuple[str, Blend, int]]:
    shares = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    blends: list[tuple[str, Blend, int]] = [("first stage alone", lambda first, _: first, DEPTH)]
    for share in shares:
        blends.append((f"z-scores, first stage {share}", _standardised(share), DEPTH))
    for share in (0.3, 0.5, 0.7):
        blends.append((f"z-scores, first stage {share}", _standardised(share), 10))
    for share in (0.2, 0.4, 0.6):
        blends.append((f"min-max and probability, first stage {share}", _probable(share), DEPTH))
    blends += [(f"log-odds of the first stage, {scale}", _log_odds(scale), DEPTH) for scale in (5.0, 10.0, 20.0)]
    return [*blends, ("shipped: stratmap.index.fusion.blend", blend, DEPTH)]


def _standardised(share: float) -> Blend:
    def scores(first: np.ndarray, logits: np.ndarray) -> np.ndarray:
        return share * _z(first) + (1.0 - share) * _z(logits)

    return scores


def _probable(share: float) -> Blend:
    def scores(first: np.ndarray, logits: np.ndarray) -> np.ndarray:
        spread = float(np.ptp(first)) or 1.0
        return share * (first - first.min()) / spread + (1.0 - share) / (1.0 + np.exp(-logits))

    return scores


def _log_odds(scale: float) -> Blend:
    return lambda first, logits: scale * first + logits


def _z(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.mean()) / (scores.std() + 1e-9)


def _row(label: str, how: Blend, depth: int, read: dict[str, list[Read]], chosen: list[str]) -> dict[str, Any]:
    group = {}
    for name, queries in read.items():
        rankings = [_reordered(query, how, depth) for query in queries]
        gain, first = quality(rankings, [query.relevant for query in queries])
        group[name] = {"ndcg10": round(gain, 4), "first": round(first, 4)}
    mean = {key: float(np.mean([group[name][key] for name in chosen])) for key in ("ndcg10", "first")}
    return {
        "method": f"{label}, top {depth}",
        "choosing_ndcg10": round(mean["ndcg10"], 4),
        "choosing_first": round(mean["first"], 4),
        "collections": group,
    }


def _reordered(query: Read, how: Blend, depth: int) -> np.ndarray:
    scores = how(query.fused[:depth], query.logits[:depth].astype(np.float64))
    head = query.ids[:depth][np.lexsort((query.ids[:depth], -scores))]
    return np.concatenate([head, query.ids[depth:]])
