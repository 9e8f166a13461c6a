"""`stratmap evaluate`: figures as a table or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from stratmap.assembly import Desk
from stratmap.files import atomic_write_text
from stratmap.settings import Settings


def retrieval(
    corpus: Path, queries: Path, qrels: Path, run_out: Path | None, rerank: int, settings: Settings, as_json: bool
) -> int:
    """Measure search on a collection; returns the exit code."""
    from stratmap.evaluating.retrieval import CollectionSearch, evaluate_retrieval, load_collection, trec_lines

    depth = settings.answering.rerank if rerank < 0 else rerank
    desk = Desk(replace(settings, answering=replace(settings.answering, rerank=depth)))
    collection = load_collection(corpus, queries, qrels)
    figures = evaluate_retrieval(collection, CollectionSearch(collection, desk.encoder, desk.reranker, depth))
    if run_out is not None:
        atomic_write_text(run_out, "\n".join(trec_lines(figures.run)) + "\n")
    values = {key: value for key, value in asdict(figures).items() if key != "run"}
    _show(values, as_json)
    return 0


def tagging(items: Path, framework: str, settings: Settings, as_json: bool) -> int:
    """Measure tagging on annotated items; returns the exit code."""
    from stratmap.evaluating.tagging import evaluate_tagging, load_items

    desk = Desk(replace(settings, tagging=replace(settings.tagging, framework=framework)))
    documents, truth = load_items(items, desk.framework)
    figures = evaluate_tagging(desk.tagger.tag_many(documents), truth, desk.framework)
    if as_json:
        values = {group: asdict(value) for group, value in figures.items()}
        print(json.dumps({"items": len(documents), **values}, ensure_ascii=False))
        return 0
    for group, value in figures.items():
        print(group)
        _show({key: number for key, number in asdict(value).items() if key != "labels"}, as_json=False)
        for code, row in value.labels.items():
            precision = "       -" if row["ap"] is None else f"{row['ap']:8.3f}"
            print(f"  {code:<24}{row['f1']:8.3f} F1 {precision} AP {row['true']:6} true {row['given']:6} given")
    return 0


def _show(values: dict[str, float], as_json: bool) -> None:
    if as_json:
        print(json.dumps(values))
        return
    for key, value in values.items():
        print(f"  {key:<24}{value:8.4f}" if isinstance(value, float) else f"  {key:<24}{value:8}")
