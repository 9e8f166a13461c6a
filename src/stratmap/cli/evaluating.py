"""`stratmap evaluate`: figures as a table or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from stratmap.assembly import Desk
from stratmap.errors import UsageError
from stratmap.files import atomic_write_text
from stratmap.settings import Settings


def collection_files(
    folder: Path | None, corpus: Path | None, queries: Path | None, qrels: Path | None
) -> tuple[Path, Path, Path]:
    """The three files of a collection in BEIR form, from a folder or named one by one.

    Raises:
        UsageError: One of them is neither named nor in the folder.
    """
    if folder is not None:
        test = folder / "qrels" / "test.tsv"
        corpus = corpus or folder / "corpus.jsonl"
        queries = queries or folder / "queries.jsonl"
        qrels = qrels or (test if test.is_file() else folder / "qrels.tsv")
    if corpus is None or queries is None or qrels is None:
        raise UsageError(
            "expected a collection: a folder with corpus.jsonl, queries.jsonl and qrels.tsv (or qrels/test.tsv), "
            "or --corpus, --queries and --qrels."
        )
    return corpus, queries, qrels


def retrieval(
    files: tuple[Path, Path, Path], run_out: Path | None, rerank: int, settings: Settings, as_json: bool
) -> int:
    """Measure search on a collection; returns the exit code."""
    from stratmap.evaluating.retrieval import CollectionSearch, evaluate_retrieval, load_collection, trec_lines

    depth = settings.answering.rerank if rerank < 0 else rerank
    desk = Desk(replace(settings, answering=replace(settings.answering, rerank=depth)))
    collection = load_collection(*files)
    figures = evaluate_retrieval(collection, CollectionSearch(collection, desk.encoder, desk.reranker, depth))
    if run_out is not None:
        atomic_write_text(run_out, "\n".join(trec_lines(figures.run)) + "\n")
    values = {key: value for key, value in asdict(figures).items() if key != "run"}
    _show(values, as_json)
    return 0


def answers(questions: list[Path], index: Path, settings: Settings, as_json: bool) -> int:
    """Measure answers on questions with gold documents and pages; returns the exit code."""
    from stratmap.evaluating.answers import evaluate_answers, read_questions

    values = asdict(evaluate_answers(Desk(settings, index), read_questions(questions)))
    if as_json:
        print(json.dumps(values, ensure_ascii=False))
        return 0
    failures = values.pop("failures")
    _show({key: value for key, value in values.items() if value is not None}, as_json=False)
    for kind, ids in failures.items():
        print(f"  wrong, {kind + ':':<17}{' '.join(ids) or 'none'}")
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
