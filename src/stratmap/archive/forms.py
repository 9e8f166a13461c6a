"""The results of a run in the forms that people and programs open.

Comes in: a folder of results. Goes out: files beside them: spreadsheets, tables, reports, IATI. They are made anew from
`tags.jsonl` each time, so that they never disagree with it. It tags nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from stratmap.archive.iati_files import write_iati_files
from stratmap.archive.results import Result, read_results
from stratmap.errors import UsageError
from stratmap.files import atomic_write, atomic_write_parts, atomic_write_text
from stratmap.framework import Framework
from stratmap.records import Unreadable
from stratmap.reporting.coverage import cover
from stratmap.reporting.coverage_records import Coverage, CoveredDocument
from stratmap.reporting.iati import IatiOptions, fragment, vocabulary_uri
from stratmap.reporting.overrides import Override, override
from stratmap.reporting.tables import TAG_COLUMNS, csv_parts, evidence_table, tag_rows, tags_table

FORMS = ("csv", "hxl", "xlsx", "parquet", "html", "docx", "iati", "fragments", "codelist")
USUAL = ("csv", "xlsx", "html", "docx", "iati")
_MOST_DOCUMENTS = 20_000  # of workbook and reports: beyond it spreadsheets are no help, and memory stays bounded
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class FormOptions:
    """What is written.

    Attributes:
        forms: Some of `FORMS`. `hxl` is the CSV with a row of hashtags, `iati` gives IATI files back with their tags,
            `fragments` writes the IATI elements of every other document.
        iati: Vocabulary, groups and sectors.
        overrides: Countries and years that a person states.
        covered: Whether the results are covered, so that names of IATI files are covered too.
    """

    forms: tuple[str, ...] = USUAL
    iati: IatiOptions = field(default_factory=IatiOptions)
    overrides: Mapping[str, Override] = field(default_factory=dict)
    covered: bool = False


def check_forms(names: Iterable[str]) -> tuple[str, ...]:
    """The names, if all of them are forms.

    Raises:
        UsageError: One is none.
    """
    found = tuple(dict.fromkeys(names))
    unknown = [name for name in found if name not in FORMS]
    if unknown:
        raise UsageError(f"expected forms among {', '.join(FORMS)}, found {', '.join(unknown)}.")
    return found


def write_forms(
    paths: Iterable[Path | str], out: Path, framework: Framework, options: FormOptions | None = None
) -> tuple[Unreadable, ...]:
    """Write the results of a run in further forms.

    Args:
        paths: What the run was given.
        out: Its folder of results.
        framework: What the tags are labels of.
        options: Which forms, and how.

    Returns:
        IATI files that could not be given back, with reasons.

    Raises:
        UsageError: A form that is none.
        MissingExtra: Parquet without the extra.
        ExportError: No results, or more than a form can hold.
    """
    options = options or FormOptions()
    forms = check_forms(options.forms)
    if "csv" in forms or "hxl" in forms:
        rows = (row for result in read_results(out) for row in tag_rows([result.tagged]))
        atomic_write_parts(out / "tags.csv", csv_parts(TAG_COLUMNS, rows, hxl="hxl" in forms))
    if "parquet" in forms:
        _write_parquet(out)
    if {"xlsx", "html", "docx"} & set(forms):
        _write_reports(out, framework, forms, options.overrides)
    if "fragments" in forms:
        _write_fragments(out, framework, options.iati)
    if "codelist" in forms:
        write_codelist(out / "iati", framework, options.iati)
    if "iati" not in forms:
        return ()
    return write_iati_files(paths, out, framework, options.iati, covered=options.covered).refused


def covered_documents(out: Path, overrides: Mapping[str, Override] | None = None) -> Iterator[CoveredDocument]:
    """The results of a folder as coverage counts them, with what a person stated in place of what was found."""
    found = ((result.source, result.covered()) for result in read_results(out))
    yield from override(found, overrides or {})


def write_codelist(folder: Path, framework: Framework, options: IatiOptions) -> None:
    """Write the labels as an IATI codelist in XML, CSV and JSON."""
    from stratmap.reporting.iati_codelist import codelist_csv, codelist_json, codelist_xml

    uri = vocabulary_uri(framework, options)
    atomic_write_text(folder / "codelist.xml", codelist_xml(framework, uri))
    atomic_write(folder / "codelist.csv", codelist_csv(framework))
    atomic_write_text(folder / "codelist.json", codelist_json(framework, uri))


def write_report(folder: Path, documents: list[CoveredDocument], coverage: Coverage, framework: Framework) -> None:
    """Write the coverage report as HTML and DOCX."""
    from stratmap.reporting.report import build_report
    from stratmap.reporting.report_docx import report_docx
    from stratmap.reporting.report_html import report_html

    report = build_report(documents, coverage, framework)
    atomic_write_text(folder / "coverage.html", report_html(report))
    atomic_write(folder / "coverage.docx", report_docx(report))


def _write_parquet(out: Path) -> None:
    from stratmap.reporting.frames import write_parquet

    results = [result.tagged for result in read_results(out)]
    write_parquet(out / "tags.parquet", tags_table(results))
    write_parquet(out / "evidence.parquet", evidence_table(results))


def _write_reports(out: Path, framework: Framework, forms: tuple[str, ...], overrides: Mapping[str, Override]) -> None:
    from stratmap.reporting.workbook import write_workbook

    listed = list(islice(covered_documents(out, overrides), _MOST_DOCUMENTS))
    coverage = cover(listed, framework)
    if {"html", "docx"} & set(forms):
        write_report(out, listed, coverage, framework)
    if "xlsx" in forms:
        tagged = [result.tagged for result in islice(read_results(out), _MOST_DOCUMENTS)]
        write_workbook(out / "tags.xlsx", tagged, coverage)


def _write_fragments(out: Path, framework: Framework, options: IatiOptions) -> None:
    """One file a document, numbered as the results are, so that equal names do not meet."""
    for number, result in enumerate(read_results(out), 1):
        if not _from_iati(result):
            name = f"{number:05}-{_UNSAFE.sub('-', result.tagged.document)[:80]}.xml"
            atomic_write_text(out / "iati" / "fragments" / name, fragment(result.tagged, framework, options))


def _from_iati(result: Result) -> bool:
    name, _, number = result.source.rpartition("#")
    return name.lower().endswith(".xml") and number.isdecimal()
