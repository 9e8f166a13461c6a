"""The charts of a portfolio.

Comes in: a `Coverage`. Goes out: drawings by name, for SVG and PNG. It counts nothing and chooses no format.
"""

from __future__ import annotations

from stratmap.reporting.coverage_records import Coverage
from stratmap.reporting.drawing import Drawing, bars_drawing, heat_map_drawing

MOST_COUNTRIES = 25


def charts(coverage: Coverage) -> dict[str, Drawing]:
    """`labels`, and where the documents tell enough `countries`, `years` and `pairs`."""
    names = [f"{label.code} {label.name}" for label in coverage.labels]
    found = {"labels": bars_drawing(names, [label.documents for label in coverage.labels], "Documents by label")}
    for name, drawing in (
        ("countries", _countries(coverage, names)),
        ("years", _years(coverage, names)),
        ("pairs", _pairs(coverage)),
    ):
        if drawing is not None:
            found[name] = drawing
    return found


def _countries(coverage: Coverage, names: list[str]) -> Drawing | None:
    countries = [name for name, _ in coverage.countries][:MOST_COUNTRIES]
    counts = coverage.by_country()
    values = [[counts.get((label.code, country), 0) for country in countries] for label in coverage.labels]
    return heat_map_drawing(names, countries, values, "Documents by label and country") if countries else None


def _years(coverage: Coverage, names: list[str]) -> Drawing | None:
    years = [str(year) for year, _ in coverage.years]
    values = [[count for _, count in coverage.trend(label.code)] for label in coverage.labels]
    return heat_map_drawing(names, years, values, "Documents by label and year") if years else None


def _pairs(coverage: Coverage) -> Drawing | None:
    """Labels of one group by those of another; a framework with one group has none."""
    first = list(dict.fromkeys(pair.first for pair in coverage.pairs))
    second = list(dict.fromkeys(pair.second for pair in coverage.pairs if pair.second not in first))
    first = [code for code in first if code not in second]
    counts = {(pair.first, pair.second): pair.documents for pair in coverage.pairs}
    values = [[counts.get((a, b), 0) for b in second] for a in first]
    return heat_map_drawing(first, second, values, "Documents that carry both labels") if first else None
