"""What was tried for ranking, as one table: fusion of words and vectors, BM25's constants, the reranker's blend.

Comes in: `../shared/datasets`, the shipped reranker, and the work folder of its training. Goes out:
`evaluation/results/retrieval-experiments.json` and `.md`. Settings are chosen on the first group of collections
and only reported on the second. Run from the repository, with the extra `train`:

    python -m evaluation.experiments_retrieval --work build/reranker
"""

from __future__ import annotations

import argparse
import datetime
import json
import logging
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import Stemmer
import torch

from evaluation.experiments_reranking import reranking_rows
from evaluation.provenance import RESULTS
from evaluation.retrieval_collections import STEMMERS, Collection, choosing_collections, reporting_collections
from evaluation.retrieval_measures import quality
from evaluation.retrieval_methods import Candidates, Method, first_stage_methods, lexical_only, shipped
from evaluation.retrieval_tables import write_results

SEED = 1
DEPTH = 100
ORDINARY = (1.2, 0.75)
CONSTANTS = ((0.9, 0.4), (1.2, 0.75), (1.5, 0.75), (1.5, 0.6), (2.0, 0.75), (1.2, 0.9))

Row = dict[str, Any]


def tokenised(collection: Collection) -> tuple[Any, Any]:
    """Stemmed passages and queries; stop words are dropped in English only."""
    stemmer = Stemmer.Stemmer(STEMMERS[collection.language])
    stop = "en" if collection.language == "en" else None
    sides = (collection.passages, collection.queries)
    return tuple(bm25s.tokenize(side, stopwords=stop, stemmer=stemmer, show_progress=False) for side in sides)


def candidates(collection: Collection, tokens: tuple[Any, Any], k1: float, b: float) -> list[Candidates]:
    """Both lists of every query, `DEPTH` long, best first; lexical ones without a common word are dropped."""
    index = bm25s.BM25(k1=k1, b=b)
    index.index(tokens[0], show_progress=False)
    depth = min(DEPTH, len(collection.passages))
    found = index.retrieve(tokens[1], k=depth, show_progress=False)
    vectors, cosines = collection.passage_vectors, collection.query_vectors @ collection.passage_vectors.T
    made = []
    for row, query in enumerate(collection.query_vectors):
        top = np.argsort(-cosines[row], kind="stable")[:depth]
        matched = found.scores[row] > 0
        ids, scores = found.documents[row][matched], found.scores[row][matched]
        made.append(Candidates(top, cosines[row][top], ids, scores, len(tokens[1].ids[row]), query, vectors))
    return made


def figures(collection: Collection, lists: list[Candidates], method: Method) -> tuple[float, float]:
    """Mean nDCG@10 and the share of queries with a relevant passage first."""
    return quality(map(method, lists), collection.relevant)


def table_row(name: str, group: dict[str, tuple[float, float]], chosen_on: Iterable[str]) -> Row:
    """One line of a table: the mean over the choosing collections, then each collection."""
    mean = float(np.mean([group[key][0] for key in chosen_on]))
    return {
        "method": name,
        "choosing_ndcg10": round(mean, 4),
        "collections": {k: {"ndcg10": round(n, 4), "first": round(f, 4)} for k, (n, f) in group.items()},
    }


def first_stage_rows(collections: list[Collection], lists: dict[str, list[Candidates]], chosen: list[str]) -> list[Row]:
    """Every method on every collection."""
    rows = []
    for name, method in first_stage_methods().items():
        group = {c.name: figures(c, lists[c.name], method) for c in collections}
        rows.append(table_row(name, group, chosen))
    return rows


def lexical_rows(collections: list[Collection], tokens: dict[str, Any], chosen: list[str]) -> list[Row]:
    """BM25's constants, alone and fused."""
    rows = []
    for k1, b in CONSTANTS:
        lists = {c.name: candidates(c, tokens[c.name], k1, b) for c in collections}
        for label, method in (("alone", lexical_only), ("fused", shipped)):
            group = {c.name: figures(c, lists[c.name], method) for c in collections}
            rows.append(table_row(f"k1={k1}, b={b}, {label}", group, chosen))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="work folder of the reranker's training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--without-reranker", action="store_true")
    arguments = parser.parse_args()
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    torch.set_num_threads(arguments.threads)
    choosing = choosing_collections(arguments.work, SEED)
    reporting = reporting_collections(arguments.work)
    chosen, everything = [c.name for c in choosing], choosing + reporting
    tokens = {c.name: tokenised(c) for c in everything}
    lists = {c.name: candidates(c, tokens[c.name], *ORDINARY) for c in everything}
    results: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "command": "python -m evaluation.experiments_retrieval --work build/reranker",
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "seed": SEED,
        "collections": {c.name: {"passages": len(c.passages), "queries": len(c.queries)} for c in everything},
        "chosen_on": chosen,
        "reported_on": [c.name for c in reporting],
        "first_stage": first_stage_rows(everything, lists, chosen),
        "bm25": lexical_rows(everything, tokens, chosen),
    }
    if not arguments.without_reranker:
        results |= reranking_rows(everything, lists, arguments.work, arguments.threads, SEED)
    write_results(results, RESULTS)
    print(json.dumps([results["first_stage"][-1], results.get("reranking", [])[-1:]], indent=1))


if __name__ == "__main__":
    main()
