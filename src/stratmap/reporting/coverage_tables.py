"""Coverage as tables, for CSV and the workbook.

Comes in: a `Coverage`. Goes out: `Table`s with hashtags. It counts nothing.
"""

from __future__ import annotations

from stratmap.reporting.coverage_records import Coverage
from stratmap.reporting.tables import Column, Table

_CODE = (Column("code", "#sector+code"), Column("name", "#sector+name"))
_COUNT = (Column("documents", "#indicator+documents+num"), Column("share", "#indicator+share+num"))


def labels_table(coverage: Coverage) -> Table:
    """One row a label."""
    rows = tuple((one.code, one.name, one.group, one.documents, round(one.share, 4)) for one in coverage.labels)
    return Table((*_CODE, Column("group", "#sector+group"), *_COUNT), rows)


def cells_table(coverage: Coverage) -> Table:
    """One row for each label, country and year that has documents."""
    names = {one.code: one.name for one in coverage.labels}
    columns = (
        *_CODE,
        Column("country", "#country+name"),
        Column("year", "#date+year"),
        *_COUNT,
        Column("in", "#meta+documents"),
    )
    rows = tuple(
        (
            one.code,
            names[one.code],
            one.country,
            one.year,
            one.documents,
            round(one.share, 4),
            "; ".join(one.names[:20]),
        )
        for one in coverage.cells
    )
    return Table(columns, rows)


def gaps_table(coverage: Coverage) -> Table:
    """One row a gap."""
    columns = (
        Column("kind", "#meta+kind"),
        Column("gap", "#meta+gap"),
        Column("codes", "#sector+code"),
        Column("country", "#country+name"),
    )
    rows = tuple((gap.kind, gap.text, "; ".join(gap.codes), gap.country) for gap in coverage.gaps)
    return Table(columns, rows)
