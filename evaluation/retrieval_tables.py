"""Writes the retrieval experiments as JSON and as tables for people. It computes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NAME = "retrieval-experiments"
FURTHER = "fusion-experiments.json"


def write_results(results: dict[str, Any], folder: Path) -> None:
    """Both files, replacing the former ones."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (folder / f"{NAME}.md").write_text(_page(results, folder), encoding="utf-8")


def _page(results: dict[str, Any], folder: Path) -> str:
    sizes = ", ".join(
        f"{name} ({size['passages']:,} passages, {size['queries']:,} queries)"
        for name, size in results["collections"].items()
    )
    parts = [
        "# Retrieval experiments",
        f"Made by `{results['command']}` on {results['date']} ({results['machine']}; seed {results['seed']}). "
        "nDCG@10 unless a column says *first* (share of queries with a relevant passage at rank 1). Settings were "
        f"chosen on the mean over {', '.join(results['chosen_on'])}; {' and '.join(results['reported_on'])} are "
        "only reported.",
        f"Collections: {sizes}.",
        "## One ranking of cosine and BM25",
        _table(results["first_stage"], results["reported_on"]),
        "## BM25's constants (stemmed, English stop words)",
        _table(results["bm25"], results["reported_on"]),
    ]
    parts += _further(folder / FURTHER, results["reported_on"])
    if "reranking" in results:
        parts += ["## The reranker over the first stage", _cost(results)]
        parts += [_table(results["reranking"], results["reported_on"])]
    return "\n\n".join(parts) + "\n"


def _further(path: Path, reported: list[str]) -> list[str]:
    """The best of what `experiments_fusion` tried, where it was run."""
    if not path.is_file():
        return []
    content = json.loads(path.read_text(encoding="utf-8"))
    source = content["provenance"]
    intro = (
        f"Made by `{source['command']}` on {source['date']}: BM25's constants, the weight and its slope together, both "
        f"scores for every candidate, and feedback. The best thirty of {len(content['rows'])} rows by the choosing mean."
    )
    return ["## Fusion tried further", intro, _table(content["rows"][:30], reported)]


def _cost(results: dict[str, Any]) -> str:
    counts = ", ".join(f"{name} {count}" for name, count in results["reranking_queries"].items())
    spent = results["milliseconds_for_twenty_passages"]
    beside = f"with {results['threads']} thread(s), on a machine busy with other work"
    cost = f" Twenty passages took {spent:.0f} ms {beside}." if spent else ""
    return (
        f"Model {results['reranker']}. Queries, all of documents that its training did not see: {counts}. The mean "
        f"is over all but {' and '.join(results['reported_on'])}.{cost}"
    )


def _table(rows: list[dict[str, Any]], reported: list[str]) -> str:
    with_first = "choosing_first" in rows[0]
    heads = ["method", "choosing, mean", *(["choosing, first"] if with_first else [])]
    for name in reported:
        heads += [name, f"{name}, first"]
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    for row in rows:
        cells = [row["method"], f"{row['choosing_ndcg10']:.4f}"]
        cells += [f"{row['choosing_first']:.4f}"] if with_first else []
        for name in reported:
            found = row["collections"][name]
            cells += [f"{found['ndcg10']:.4f}", f"{found['first']:.4f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
