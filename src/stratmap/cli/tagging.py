"""`stratmap tag`: documents in, tags out in the asked form."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stratmap.assembly import Desk
from stratmap.cli.inputs import Failures, counted, documents_of, need
from stratmap.cli.show import complain, tagged_lines
from stratmap.errors import UsageError
from stratmap.settings import Settings

if TYPE_CHECKING:
    from stratmap.archive import ArchiveResult, Progress

_MOST_ROWS = 20_000  # of the workbook: beyond it spreadsheets are no help, and memory stays bounded
FORMS = ("text", "jsonl", "csv")


def tag_files(sources: list[str], form: str, crosswalks: list[str], settings: Settings) -> int:
    """Tag documents and print them as they are ready; returns the exit code."""
    if form not in FORMS:
        raise UsageError(f"expected one of {', '.join(FORMS)} for --format, found {form!r}.")
    desk = Desk(settings)
    failures = Failures()
    walks = [desk.crosswalk(name) for name in crosswalks]
    documents = counted(documents_of(need(sources, "files to tag"), settings.reading, failures), "tagging")
    done = 0
    results = []
    for tagged in desk.tagger.tag_many(documents):
        done += 1
        if form == "jsonl":
            from stratmap.reporting.jsonlines import as_dict

            print(json.dumps(as_dict(tagged, walks), ensure_ascii=False), flush=True)
        elif form == "text":
            print(("\n" if done > 1 else "") + "\n".join(tagged_lines(tagged, desk.framework, walks)), flush=True)
        else:
            results.append(tagged)
    if form == "csv":
        from stratmap.reporting.tables import csv_bytes, tags_table

        sys.stdout.buffer.write(csv_bytes(tags_table(results)))
        sys.stdout.flush()
    return failures.exit_code(done)


@dataclass(frozen=True, slots=True)
class ArchiveOptions:
    """How an archive is run: processes, another try for what was set aside, whether to stay and watch, and the engine."""

    jobs: int = 1
    retry_failed: bool = False
    watch: bool = False
    engine: str = "local"


def tag_archive(sources: list[str], out: Path, settings: Settings, options: ArchiveOptions) -> int:
    """Tag an archive into a folder, resuming where an earlier run stopped; returns the exit code."""
    from stratmap.archive import TaggerFactory, run

    desk = Desk(settings)

    def start() -> ArchiveResult:
        result = run(
            sources,
            out,
            desk.tag if options.jobs == 1 and options.engine == "local" else None,
            settings,
            options.jobs,
            factory=TaggerFactory("stratmap.assembly:Desk"),
            identity=desk.identity,
            progress=_progress(),
            retry_failed=options.retry_failed,
            engine=options.engine,
        )
        _write_tables(sources, out, desk)
        complain(f"{result.done} tagged, {result.failed} set aside; results in {out}")
        if result.failed:
            complain(f"what was set aside, with reasons: {result.failures}")
        return result

    code = start().exit_code
    if options.watch:
        from stratmap.archive.watch import watch

        complain("watching; stop with Ctrl-C")
        for result in watch(sources, out, start):
            code = result.exit_code
    return code


def _write_tables(sources: list[str], out: Path, desk: Desk) -> None:
    """The results in the forms that people open: spreadsheet, CSV, and IATI where IATI came in."""
    from stratmap.archive import read_results, write_iati_files
    from stratmap.reporting.coverage import cover
    from stratmap.reporting.tables import tags_table, write_csv
    from stratmap.reporting.workbook import write_workbook

    for refused in write_iati_files(sources, out, desk.framework).refused:
        complain(f"{refused.source}: {refused.reason}")
    write_csv(out / "tags.csv", tags_table(result.tagged for result in read_results(out)))
    listed = [result for _, result in zip(range(_MOST_ROWS), read_results(out), strict=False)]
    coverage = cover((result.covered() for result in listed), desk.framework)
    write_workbook(out / "tags.xlsx", [result.tagged for result in listed], coverage)


def _progress() -> Callable[[Progress], None]:
    """A line that renews itself on a terminal, else one line a minute."""
    live = sys.stderr.isatty()
    told = [time.monotonic() - (58.0 if live else 0.0)]

    def show(progress: Progress) -> None:
        if time.monotonic() - told[0] >= (0.3 if live else 60.0):
            told[0] = time.monotonic()
            print(f"\r{progress.line():<100}" if live else progress.line(), end="" if live else "\n", file=sys.stderr)

    return show
