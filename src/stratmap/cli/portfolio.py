"""`stratmap portfolio`: what an index or an archive's results cover, as a table, JSON, or files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from stratmap.archive import read_results
from stratmap.assembly import Desk
from stratmap.cli.show import plain
from stratmap.files import atomic_write, atomic_write_text
from stratmap.reporting.coverage import cover
from stratmap.reporting.coverage_records import Coverage, CoveredDocument
from stratmap.reporting.coverage_tables import cells_table, gaps_table, labels_table
from stratmap.reporting.report import build_report
from stratmap.reporting.report_docx import report_docx
from stratmap.reporting.report_html import country_heat_map, report_html
from stratmap.reporting.tables import write_csv
from stratmap.settings import Settings


def run(index: Path, results: Path | None, out: Path | None, settings: Settings, as_json: bool) -> int:
    """Count, print, and write; returns the exit code."""
    desk = Desk(settings, index)
    documents = _documents(desk, results)
    coverage = cover(documents, desk.framework)
    if out is not None:
        _write(documents, coverage, desk, out)
    if as_json:
        print(json.dumps(asdict(coverage), ensure_ascii=False))
        return 0
    print("\n".join(_lines(coverage)))
    return 0


def compare_results(first: Path, second: Path, as_json: bool) -> int:
    """Compare two folders of results and print; returns the exit code."""
    from stratmap.reporting.compare import compare

    sides = [[(result.source, result.tagged) for result in read_results(folder)] for folder in (first, second)]
    found = compare(*sides)
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return 0
    print(f"{found.shared} documents in both, {found.changed} with other tags")
    for change in found.changes[:40]:
        state = "applied now" if change.applied else "no longer applied"
        print(f"  {plain(change.document)}: {change.code} {change.name} {state}. {change.why}")
    for names, side in ((found.only_first, "first"), (found.only_second, "second")):
        if names:
            print(f"only in the {side}: {', '.join(plain(name) for name in names[:20])}")
    return 0


def _documents(desk: Desk, results: Path | None) -> Sequence[CoveredDocument]:
    if results is not None:
        return [result.covered() for result in read_results(results)]
    return [CoveredDocument.from_indexed(document) for document in desk.documents()]


def _lines(coverage: Coverage) -> list[str]:
    lines = [f"{coverage.documents} documents", ""]
    top = max([label.documents for label in coverage.labels] or [1]) or 1
    for label in coverage.labels:
        bar = "█" * round(20 * label.documents / top)
        lines.append(f"  {label.code:<6}{label.name:<34.34} {bar:<20} {label.documents:5}  {label.share:4.0%}")
    lines += ["", "Gaps"] + [f"  - {gap.text}" for gap in coverage.gaps[:15]]
    return lines


def _write(documents: Sequence[CoveredDocument], coverage: Coverage, desk: Desk, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    report = build_report(documents, coverage, desk.framework)
    atomic_write_text(out / "coverage.html", report_html(report))
    atomic_write(out / "coverage.docx", report_docx(report))
    atomic_write_text(out / "coverage.svg", country_heat_map(coverage))
    for name, table in (("labels", labels_table), ("cells", cells_table), ("gaps", gaps_table)):
        write_csv(out / f"coverage-{name}.csv", table(coverage), hxl=True)
