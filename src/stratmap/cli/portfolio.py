"""`stratmap portfolio` and `stratmap compare`: what an index or an archive's results cover, and what changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from stratmap.assembly import Desk
from stratmap.cli.show import plain
from stratmap.errors import UsageError
from stratmap.files import atomic_write, atomic_write_text
from stratmap.reporting.coverage_records import Coverage, CoveredDocument
from stratmap.reporting.masking import mask_name, masked_covered, masked_tags
from stratmap.reporting.overrides import Override, override, read_overrides
from stratmap.settings import Settings

ABOUT = "about.json"


def run(
    index: Path, results: Path | None, out: Path | None, settings: Settings, as_json: bool, facts: Path | None = None
) -> int:
    """Count, print, and write; returns the exit code."""
    from stratmap.reporting.coverage import cover

    desk = Desk(settings, index)
    stated = read_facts(facts)
    found = _results(results, stated) if results is not None else _indexed(desk, stated)
    documents = list(map(masked_covered, found) if settings.privacy.mask_exports else found)
    coverage = cover(documents, desk.framework)
    if out is not None:
        _write(documents, coverage, desk, out)
    if as_json:
        print(json.dumps(coverage.as_dict(), ensure_ascii=False))
        return 0
    print("\n".join(_lines(coverage)))
    return 0


def read_facts(path: Path | None) -> dict[str, Override]:
    """Countries and years that a person states in a CSV; none without a file.

    Raises:
        UsageError: It cannot be read; the message names the line.
    """
    if path is None:
        return {}
    try:
        return read_overrides(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(f"{path}: expected a CSV with document, country and year ({error.strerror}).") from error


def compare_results(first: Path, second: Path, as_json: bool, out: Path | None = None, *, covered: bool = False) -> int:
    """Compare two folders of results and print; returns the exit code."""
    from stratmap.archive import read_results
    from stratmap.reporting.compare import changes_table, compare
    from stratmap.reporting.tables import write_csv

    sides = [[(result.source, result.tagged) for result in read_results(folder)] for folder in (first, second)]
    if covered:
        sides = [[(mask_name(source), masked_tags(tagged)) for source, tagged in side] for side in sides]
    found = compare(*sides)
    made = [_about(folder) for folder in (first, second)]
    if out is not None:
        write_csv(out, changes_table(found))
    if as_json:
        print(json.dumps({**asdict(found), "made_by": made}, ensure_ascii=False))
        return 0
    print(f"{found.shared} documents in both, {found.changed} with other tags")
    for key in sorted(made[0].keys() | made[1].keys()):
        before, after = (plain(side.get(key, "not stated")) for side in made)
        if before != after:
            print(f"another {key}: {before}, then {after}")
    for change in found.changes[:40]:
        state = "applied now" if change.applied else "no longer applied"
        print(f"  {plain(change.document)}: {change.code} {change.name} {state}. {change.why}")
        if change.quotation:
            place = f"p. {change.page}: " if change.page is not None else ""
            print(f"      {place}“{plain(change.quotation)[:200]}”")
    for names, side in ((found.only_first, "first"), (found.only_second, "second")):
        if names:
            print(f"only in the {side}: {', '.join(plain(name) for name in names[:20])}")
    return 0


def _about(folder: Path) -> dict[str, str]:
    """What made the results of a folder, as far as it says."""
    try:
        value = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(one) for key, one in value.items()} if isinstance(value, dict) else {}


def _results(folder: Path, stated: dict[str, Override]) -> Iterable[CoveredDocument]:
    from stratmap.archive import covered_documents

    return covered_documents(folder, stated)


def _indexed(desk: Desk, stated: dict[str, Override]) -> Iterable[CoveredDocument]:
    """Documents of the index, with those that say nearly the same as an earlier one."""
    from stratmap.reading.near import near_groups, signature

    listed = desk.documents()
    signs = ((one.doc_id, signature(_text(desk, one.doc_id, one.pages))) for one in listed)
    least = desk.settings.tagging.near_duplicates
    first = {other: group[0] for group in near_groups(signs, least) for other in group[1:]}
    found = (
        (one.source, replace(CoveredDocument.from_indexed(one), source=one.doc_id, near=first.get(one.doc_id, "")))
        for one in listed
    )
    return override(found, stated)


def _text(desk: Desk, doc_id: str, pages: int) -> str:
    return "\n".join(desk.page_text(doc_id, page) for page in range(pages))


def _lines(coverage: Coverage) -> list[str]:
    lines = [f"{coverage.documents} documents", ""]
    top = max([label.documents for label in coverage.labels] or [1]) or 1
    for label in coverage.labels:
        bar = "█" * round(20 * label.documents / top)
        lines.append(f"  {label.code:<6}{label.name:<34.34} {bar:<20} {label.documents:5}  {label.share:4.0%}")
    lines += ["", "Gaps"] + [f"  - {gap.text}" for gap in coverage.gaps[:15]]
    for title, groups in (("The same text", coverage.duplicates), ("Nearly the same", coverage.near_duplicates)):
        if groups:
            lines += ["", title] + [f"  - {', '.join(map(plain, names[:6]))}" for names in groups[:10]]
    return lines


def _write(documents: list[CoveredDocument], coverage: Coverage, desk: Desk, out: Path) -> None:
    from stratmap.archive.forms import write_report
    from stratmap.reporting.charts import charts
    from stratmap.reporting.coverage_tables import COVERAGE_TABLES
    from stratmap.reporting.png import as_png
    from stratmap.reporting.svg import as_svg
    from stratmap.reporting.tables import write_csv
    from stratmap.reporting.workbook import write_coverage_workbook

    write_report(out, documents, coverage, desk.framework)
    for name, chart in charts(coverage).items():
        atomic_write_text(out / f"coverage-{name}.svg", as_svg(chart))
        atomic_write(out / f"coverage-{name}.png", as_png(chart))
    for name, table in COVERAGE_TABLES.items():
        write_csv(out / f"coverage-{name}.csv", table(coverage), hxl=True)
    write_coverage_workbook(out / "coverage.xlsx", coverage)
    atomic_write_text(out / "coverage.json", json.dumps(coverage.as_dict(), ensure_ascii=False, indent=1) + "\n")
