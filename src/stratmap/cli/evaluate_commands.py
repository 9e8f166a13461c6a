"""The commands of `stratmap evaluate` and their options; each is a thin skin over `stratmap.cli.evaluating`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stratmap.cli.options import INDEX, AsJson, IndexFolder, SettingsFile, load_settings

app = typer.Typer(help="Measure the shipped system on data of your own.", no_args_is_help=True)


@app.command()
def retrieval(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder with corpus.jsonl, queries.jsonl, qrels.tsv or qrels/test.tsv.")
    ] = None,
    corpus: Annotated[Path | None, typer.Option(help="corpus.jsonl in BEIR form.")] = None,
    queries: Annotated[Path | None, typer.Option(help="queries.jsonl in BEIR form.")] = None,
    qrels: Annotated[Path | None, typer.Option(help="qrels.tsv in BEIR form.")] = None,
    run_out: Annotated[Path | None, typer.Option(help="Write the run in TREC form.")] = None,
    rerank: Annotated[int, typer.Option(min=-1, max=200, help="Documents to rerank; 0: none, -1: as set.")] = -1,
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Measure search on a collection in BEIR form.

    Examples:
      stratmap evaluate retrieval scifact/

      stratmap evaluate retrieval --corpus c.jsonl --queries q.jsonl --qrels q.tsv --run-out run.trec
    """
    from stratmap.cli import evaluating

    files = evaluating.collection_files(folder, corpus, queries, qrels)
    raise typer.Exit(evaluating.retrieval(files, run_out, rerank, load_settings(settings), as_json))


@app.command()
def answers(
    questions: Annotated[
        list[Path], typer.Argument(help="JSONL of `question`, `answerable`, `gold` (`document`, `pages`).")
    ],
    index_folder: IndexFolder = INDEX,
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Measure answers: page hits, quotations found verbatim, refusals.

    Example:
      stratmap evaluate answers questions.jsonl --index index
    """
    from stratmap.cli import evaluating

    raise typer.Exit(evaluating.answers(questions, index_folder, load_settings(settings), as_json))


@app.command()
def tagging(
    items: Annotated[Path, typer.Option(help="JSONL of `text` and lists of codes by group.")],
    framework: Annotated[str, typer.Option(help="A shipped framework or a YAML file.")] = "iom-seeeca",
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Measure tagging on annotated items."""
    from stratmap.cli import evaluating

    raise typer.Exit(evaluating.tagging(items, framework, load_settings(settings), as_json))
