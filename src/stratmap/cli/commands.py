"""The commands and their options. Each is a thin skin over a function of the rooms below."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from stratmap.cli.evaluate_commands import app as evaluate_app
from stratmap.cli.options import INDEX, AsJson, IndexFolder, Mask, SettingsFile, load_settings
from stratmap.cli.review_commands import add_commands
from stratmap.cli.users import app as users_app
from stratmap.errors import UsageError
from stratmap.settings import Settings

app = typer.Typer(
    name="stratmap",
    help="Maps reports to a strategic framework with evidence, and answers questions with checked quotations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(evaluate_app, name="evaluate")
add_commands(app)
app.add_typer(users_app, name="users")


def version(show: bool) -> None:
    """Print the version and leave."""
    if show:
        from stratmap import __version__

        print(f"stratmap {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Maps reports to a strategic framework with evidence, and answers questions with checked quotations."""


@app.command()
def tag(
    files: Annotated[
        list[str], typer.Argument(help="Files, folders, lists (CSV, XLSX, JSONL) or - for standard input.")
    ],
    form: Annotated[str, typer.Option("--format", help="text, jsonl, csv.")] = "text",
    as_json: AsJson = False,
    framework: Annotated[str, typer.Option(help="A shipped framework (iom-seeeca, sdg) or a YAML file.")] = "",
    crosswalk: Annotated[str, typer.Option(help="Show links to other frameworks: gcm,srf,sdg.")] = "",
    tier: Annotated[
        str, typer.Option(help="full, fast, or auto: fast, and full where that is unsure; default: as set.")
    ] = "",
    mask: Mask = False,
    out: Annotated[
        Path | None, typer.Option(help="Tag an archive into this folder; can be stopped and resumed.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes for an archive.")] = 1,
    engine: Annotated[str, typer.Option(help="local or ray (extra); default: as set. --jobs is the workers.")] = "",
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try again what an archive set aside.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and tag what is dropped into the archive.")] = False,
    forms: Annotated[
        str, typer.Option(help="csv, hxl, xlsx, parquet, html, docx, iati, fragments, codelist; default: most of them.")
    ] = "",
    iati_uri: Annotated[str, typer.Option(help="Where the vocabulary of IATI tags is defined.")] = "",
    iati_vocabulary: Annotated[str, typer.Option(help="98 or 99, your own vocabularies.")] = "99",
    sectors: Annotated[str, typer.Option(help="A group of labels that also becomes IATI sectors.")] = "",
    facts: Annotated[Path | None, typer.Option(help="CSV of document, country, year: what you know better.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Tag reports with objectives and principles, each with its evidence.

    Examples:
      stratmap tag report.pdf

      stratmap tag report.pdf notes.docx --format jsonl > tags.jsonl

      cat text.txt | stratmap tag - --json

      stratmap tag archive/ --out results/

      stratmap tag activities.xml --out results/ --sectors objectives --iati-uri https://example.org/codes

      stratmap tag archive/ --out results/ --engine ray --jobs 8

      stratmap tag archive/ --out results/ --tier auto
    """
    from stratmap.cli import tagging

    loaded = _with_tagging(load_settings(settings, mask=mask), framework, tier)
    if out is not None:
        wanted = (forms, iati_vocabulary, iati_uri, sectors, facts)
        options = tagging.ArchiveOptions(jobs, retry_failed, watch, engine or loaded.archive.engine, *wanted)
        raise typer.Exit(tagging.tag_archive(files, out, loaded, options))
    if forms or sectors or facts or watch:
        raise UsageError("expected --out DIR with --forms, --sectors, --facts and --watch, found none.")
    names = [name for name in crosswalk.split(",") if name]
    raise typer.Exit(tagging.tag_files(files, "jsonl" if as_json else form, names, loaded))


@app.command()
def index(
    paths: Annotated[
        list[str],
        typer.Argument(help="Files and folders to add; or compact, verify, delete, rollback, export, import, sync."),
    ],
    index_folder: IndexFolder = INDEX,
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Add or update documents in an index; folders are searched recursively.

    Examples:
      stratmap index corpora/ --index index

      stratmap index delete old-report.pdf --index index

      stratmap index compact --index index

      stratmap index rollback 3 --index index

      stratmap index export carrier/ --index index

      stratmap index import carrier/ --index elsewhere

      stratmap index sync --index index      (sends Milvus what it lacks)
    """
    from stratmap.cli import indexing

    raise typer.Exit(indexing.run(paths, index_folder, load_settings(settings), as_json))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question, in quotation marks.")] = "",
    index_folder: IndexFolder = INDEX,
    as_json: AsJson = False,
    queries: Annotated[
        Path | None, typer.Option(help="JSONL of `id` and `question`: answers many, one line each.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Only documents with this label, e.g. O4; repeatable.")
    ] = None,
    country: Annotated[list[str] | None, typer.Option(help="Only documents on this country; repeatable.")] = None,
    document: Annotated[list[str] | None, typer.Option(help="Only this document; repeatable.")] = None,
    year_from: Annotated[int | None, typer.Option(help="Only documents since this year.")] = None,
    year_to: Annotated[int | None, typer.Option(help="Only documents until this year.")] = None,
    history: Annotated[
        list[str] | None, typer.Option(help="An earlier question that this one follows; repeatable, oldest first.")
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print each checked sentence as soon as it is ready.")
    ] = False,
    mask: Mask = False,
    settings: SettingsFile = None,
) -> None:
    """Answer a question with checked quotations, or say that the archive does not know.

    Examples:
      stratmap ask "How many people were assisted in Gevgelija?" --index index

      stratmap ask "Who trained the border police?" --country Armenia --label O8 --json

      stratmap ask "and in Serbia?" --history "How many people returned to Georgia?"

      stratmap ask --queries questions.jsonl --index index > answers.jsonl
    """
    from stratmap.cli import asking
    from stratmap.records import Filters

    filters = Filters(tuple(label or ()), tuple(country or ()), year_from, year_to, tuple(document or ()))
    loaded = load_settings(settings, mask=mask)
    asked = asking.Asked(question, filters, tuple(history or ()))
    raise typer.Exit(asking.run(asked, queries, index_folder, loaded, as_json=as_json, stream=stream))


@app.command()
def framework(
    code: Annotated[str, typer.Argument(help="A label to show in full, e.g. O4.")] = "",
    name: Annotated[str, typer.Option("--framework", help="A shipped framework or a YAML file.")] = "iom-seeeca",
    codelist: Annotated[str, typer.Option(help="Print the labels as an IATI codelist: xml, csv or json.")] = "",
    iati_uri: Annotated[str, typer.Option(help="Where the codelist is defined.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show the framework, or one label in full."""
    from dataclasses import asdict

    from stratmap.cli.show import framework_lines, print_codelist
    from stratmap.framework import load_framework

    loaded = load_framework(name)
    if codelist:
        print_codelist(loaded, codelist, iati_uri)
    elif as_json:
        value = asdict(loaded.label(code)) if code else asdict(loaded)
        print(json.dumps(value, ensure_ascii=False, indent=2))
    else:
        print("\n".join(framework_lines(loaded, code)))


@app.command()
def portfolio(
    index_folder: IndexFolder = INDEX,
    results: Annotated[Path | None, typer.Option(help="Results of `stratmap tag ARCHIVE --out DIR` instead.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write HTML, DOCX, XLSX, PNG, SVG, CSV and JSON into this folder.")
    ] = None,
    facts: Annotated[Path | None, typer.Option(help="CSV of document, country, year: what you know better.")] = None,
    mask: Mask = False,
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Show what the archive covers: labels, countries, years, and gaps in words."""
    from stratmap.cli import portfolio as portfolios

    loaded = load_settings(settings, mask=mask)
    raise typer.Exit(portfolios.run(index_folder, results, out, loaded, as_json, facts))


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="Results of `stratmap tag ARCHIVE --out DIR`.")],
    second: Annotated[Path, typer.Argument(help="The other results.")],
    out: Annotated[Path | None, typer.Option(help="Write the changes to this CSV.")] = None,
    mask: Mask = False,
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Compare the results of two runs: which tags changed, and why."""
    from stratmap.cli import portfolio as portfolios

    covered = load_settings(settings, mask=mask).privacy.mask_exports
    raise typer.Exit(portfolios.compare_results(first, second, as_json, out, covered=covered))


@app.command(name="app")
def web(
    index_folder: IndexFolder = INDEX,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 0,
    users: Annotated[
        Path | None, typer.Option(help="Ask for a name and password; the file is made by `stratmap users add`.")
    ] = None,
    mcp: Annotated[bool, typer.Option("--mcp", help="Offer the app's actions as MCP tools (extra `mcp`).")] = False,
    settings: SettingsFile = None,
) -> None:
    """Open the web app on 127.0.0.1:7860."""
    from stratmap.app.serve import launch
    from stratmap.assembly import Desk

    loaded = load_settings(settings)
    chosen = replace(
        loaded.app,
        host=host or loaded.app.host,
        port=port or loaded.app.port,
        users_file=str(users) if users else loaded.app.users_file,
        mcp=mcp or loaded.app.mcp,
    )
    loaded = replace(loaded, app=chosen)
    # In a container the app is process 1, which no signal ends that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    launch(Desk(loaded, index_folder), loaded, told=lambda address: print(f"stratmap is open at {address}", flush=True))


@app.command()
def doctor(
    index_folder: Annotated[Path | None, typer.Option("--index", help="An index folder to check too.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend the index from the text that it holds first.")] = False,
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Check models, framework, settings and an index; exit code 1 where something is wrong."""
    from stratmap.cli import examining

    raise typer.Exit(examining.run(index_folder, load_settings(settings), as_json, repair))


@app.command()
def train(
    items: Annotated[Path, typer.Argument(help="JSONL of `text` and lists of codes by group.")],
    out: Annotated[Path, typer.Option(help="Folder for the trained head.")],
    framework: Annotated[str, typer.Option(help="A shipped framework or a YAML file.")] = "iom-seeeca",
    settings: SettingsFile = None,
) -> None:
    """Train a head for a framework on annotated texts (extra `train`; the shipped tagger is made by `make models`)."""
    from stratmap.cli import training

    raise typer.Exit(training.run(items, out, framework, load_settings(settings)))


def _with_tagging(settings: Settings, framework: str, tier: str) -> Settings:
    """The settings with what the options of `tag` say otherwise."""
    tagging = settings.tagging
    return replace(
        settings, tagging=replace(tagging, framework=framework or tagging.framework, tier=tier or tagging.tier)
    )


if __name__ == "__main__":
    sys.exit(app())
