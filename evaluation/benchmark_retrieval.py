"""stratmap's search beside its peers, in one run: `make benchmark-retrieval`.

Comes in: SciFact and XQuAD-en beside the repository, our own questions with the project archive, and a Python that has
txtai. Goes out: `evaluation/results/retrieval-benchmark.json` and `.md`: nDCG@10, recall, reciprocal rank,
milliseconds a query, and whether a difference to stratmap may be chance. All systems use the same encoder and the
same queries; nothing is tuned here. Figures are ir_measures', the test is a paired randomisation test.

    python -m evaluation.benchmark_retrieval --work build/benchmark --txtai build/txtai/bin/python
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG
from scipy.stats import permutation_test

from evaluation.benchmark_collections import benchmark_collections
from evaluation.benchmark_systems import OURS, Ranking, System, systems
from evaluation.benchmark_tables import page
from evaluation.cached_vectors import CachedEncoder
from evaluation.provenance import RESULTS, record
from stratmap.assembly import Desk
from stratmap.evaluating.retrieval import Collection
from stratmap.files import atomic_write_text

SEED = 7
MEASURES = (nDCG @ 10, R @ 1, R @ 5, R @ 10, R @ 100, RR @ 10)
COMMAND = "make benchmark-retrieval"


def measured(collection: Collection, system: System) -> tuple[dict[str, float], dict[str, float]]:
    """Means of all measures with the time a query, and nDCG@10 of each query."""
    run: dict[str, Ranking] = {}
    started = time.perf_counter()
    for identifier in collection.qrels:
        run[identifier] = system.search(collection.queries[identifier])
    spent = 1000 * (time.perf_counter() - started) / len(collection.qrels)
    scored = {query: dict(found) for query, found in run.items()}
    each = {m.query_id: m.value for m in ir_measures.iter_calc([nDCG @ 10], collection.qrels, scored)}
    means = ir_measures.calc_aggregate(MEASURES, collection.qrels, scored)
    values = {str(measure): round(means[measure], 4) for measure in MEASURES}
    return values | {"ms_per_query": round(system.milliseconds or spent, 1)}, each


def chance(ours: dict[str, float], theirs: dict[str, float]) -> float:
    """Two-sided p of a paired randomisation test over queries (Smucker et al. 2007)."""
    difference = np.array([ours[query] - theirs[query] for query in ours])
    if not difference.any():
        return 1.0
    found = permutation_test(
        (difference,), np.mean, permutation_type="samples", n_resamples=9_999, rng=np.random.default_rng(SEED)
    )
    return round(float(found.pvalue), 4)


def compared(collection: Collection, around: Iterator[System]) -> dict[str, Any]:
    """Figures of every system on a collection, with p against stratmap, which comes first."""
    rows: dict[str, Any] = {}
    ours: dict[str, float] = {}
    for system in around:
        values, each = measured(collection, system)
        ours = ours or each
        rows[system.name] = values if system.name == OURS else values | {"p": chance(ours, each)}
        print(system.name, rows[system.name], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for vectors of documents")
    parser.add_argument("--txtai", type=Path, help="a Python with txtai; without it that row is left out")
    parser.add_argument("--queries", type=int, default=300, help="most queries of a collection, drawn with a seed")
    arguments = parser.parse_args()
    desk = Desk()
    encoder = CachedEncoder(desk.encoder, arguments.work)
    figures: dict[str, Any] = {}
    for name, collection in benchmark_collections(arguments.queries, SEED).items():
        print(name, len(collection.ids), "documents,", len(collection.qrels), "queries", flush=True)
        rows = compared(collection, systems(collection, encoder, desk, arguments.txtai, arguments.work))
        size = {"documents": len(collection.ids), "queries": len(collection.qrels)}
        figures[name] = {**size, "systems": rows}
        encoder.save()
    path = record("retrieval-benchmark", figures, COMMAND, "SciFact, XQuAD-en, own questions on the projects", SEED)
    atomic_write_text(RESULTS / "retrieval-benchmark.md", page(path))


if __name__ == "__main__":
    main()
