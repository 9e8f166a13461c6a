"""`stratmap tag`: documents in, tags out in the asked form."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stratmap.assembly import Desk
from stratmap.cli.inputs import Failures, counted, documents_of, need
from stratmap.cli.portfolio import ABOUT, read_facts
from stratmap.cli.show import complain, tagged_lines
from stratmap.errors import UsageError
from stratmap.files import atomic_write_text
from stratmap.reporting.masking import masked_tags
from stratmap.settings import Settings

if TYPE_CHECKING:
    from stratmap.archive import ArchiveResult, FormOptions, Progress

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
    for tagged in desk.reader.tag_many(documents):
        done += 1
        if settings.privacy.mask_exports:
            tagged = masked_tags(tagged)
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
    """How an archive is run, and what comes out beside `tags.jsonl`.

    Attributes:
        jobs: Processes.
        retry_failed: Whether what was set aside is tried again.
        watch: Whether to stay and tag what is dropped into the archive.
        engine: `local` or `ray`.
        forms: Names of forms, joined by commas; "" takes the usual ones.
        vocabulary: 98 or 99, of IATI tags and sectors.
        uri: Where that vocabulary is defined.
        sectors: The group of labels that also becomes IATI sectors with percentages.
        facts: A CSV of countries and years that a person states.
    """

    jobs: int = 1
    retry_failed: bool = False
    watch: bool = False
    engine: str = "local"
    forms: str = ""
    vocabulary: str = "99"
    uri: str = ""
    sectors: str = ""
    facts: Path | None = None


def tag_archive(sources: list[str], out: Path, settings: Settings, options: ArchiveOptions) -> int:
    """Tag an archive into a folder, resuming where an earlier run stopped; returns the exit code."""
    from stratmap.archive import TaggerFactory, run, watch, write_forms

    # A service that is stopped ends as with Ctrl-C: what is in progress is released and counts as no crash.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    desk = Desk(settings)
    forms = _forms(options, desk)  # before hours of work, not after them

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
        atomic_write_text(out / ABOUT, json.dumps(_about(desk), ensure_ascii=False, indent=2) + "\n")
        result = replace(result, refused=write_forms(sources, out, desk.framework, forms))
        for refused in result.refused:
            complain(f"{refused.source}: {refused.reason}")
        _tell(result, out)
        return result

    try:
        if not options.watch:
            return start().exit_code
        complain("watching; stop with Ctrl-C")
        code = 0
        for result in watch(sources, out, start):
            code = result.exit_code
        return code
    except KeyboardInterrupt:  # the exit code is click's, 130
        complain("stopped; what is finished is kept, and the same command goes on from there")
        raise


def _forms(options: ArchiveOptions, desk: Desk) -> FormOptions:
    """What to write, checked.

    Raises:
        UsageError: A form, group or vocabulary that there is not, or facts that cannot be read.
        MissingExtra: Parquet without the extra.
    """
    from stratmap.archive import USUAL, FormOptions, check_forms
    from stratmap.reporting.iati import IatiOptions, checked_options

    forms = check_forms(name.strip() for name in options.forms.split(",") if name.strip()) or USUAL
    if "parquet" in forms:
        from stratmap.reporting.frames import need_parquet

        need_parquet()
    iati = IatiOptions(options.vocabulary, options.uri, (), options.sectors, options.vocabulary)
    checked_options(iati, desk.framework)
    return FormOptions(forms, iati, read_facts(options.facts), desk.settings.privacy.mask_exports)


def _about(desk: Desk) -> dict[str, str]:
    """What made the results, for whoever compares them with others."""
    from stratmap import __version__

    return {"stratmap": __version__, "framework": desk.framework.id, "tagger": desk.tagger_name}


def _tell(result: ArchiveResult, out: Path) -> None:
    parts = [f"{result.done:,} tagged"]
    if result.copied:
        parts.append(f"{result.copied:,} of them with the tags of a document that says the same or nearly the same")
    parts.append(f"{result.failed:,} set aside")
    if result.skipped:
        parts.append(f"{result.skipped:,} left out (pictures and the like)")
    complain(f"{', '.join(parts)}; results in {out}")
    if result.failed or result.skipped:
        complain(f"which and why: {result.failures}")


def _progress() -> Callable[[Progress], None]:
    """A line that renews itself on a terminal, else one line a minute."""
    live = sys.stderr.isatty()
    told = [time.monotonic() - (58.0 if live else 0.0)]

    def show(progress: Progress) -> None:
        if time.monotonic() - told[0] >= (0.3 if live else 60.0):
            told[0] = time.monotonic()
            print(f"\r{progress.line():<100}" if live else progress.line(), end="" if live else "\n", file=sys.stderr)

    return show
