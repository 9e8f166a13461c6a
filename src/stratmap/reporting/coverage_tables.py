"""Coverage as tables, for CSV and the workbook.

Comes in: a `Coverage`. Goes out: `Table`s with hashtags. It counts nothing.
"""

from __future__ import annotations

from stratmap.reporting.coverage_records import Coverage
from stratmap.reporting.tables import Column, Table

_CODE = (Column("code", "#sector+code"), Column("name", "#sector+name"))
_PLACE = (Column("country", "#country+name"), Column("year", "#date+year"))
_COUNT = (Column("documents", "#indicator+documents+num"), Column("share", "#indicator+share+num"))
_IN = Column("in", "#meta+documents")


def labels_table(coverage: Coverage) -> Table:
    """One row a label."""
    rows = tuple((one.code, one.name, one.group, one.documents, round(one.share, 4)) for one in coverage.labels)
    return Table((*_CODE, Column("group", "#sector+group"), *_COUNT), rows)


def cells_table(coverage: Coverage) -> Table:
    """One row for each label, country and year that has documents."""
    names = {one.code: one.name for one in coverage.labels}
    columns = (
        *_CODE,
        *_PLACE,
        *_COUNT,
        _IN,
        Column("page", "#meta+page+num"),
        Column("quotation", "#meta+quotation"),
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
            one.evidence[0].page if one.evidence else None,
            f"{one.evidence[0].document}: {one.evidence[0].text}" if one.evidence else "",
        )
        for one in coverage.cells
    )
    return Table(columns, rows)


def combinations_table(coverage: Coverage) -> Table:
    """One row for each two labels of different groups, country and year that have documents."""
    columns = (
        Column("first", "#sector+code+first"),
        Column("second", "#sector+code+second"),
        *_PLACE,
        *_COUNT,
        _IN,
    )
    rows = (
        (one.first, one.second, one.country, one.year, one.documents, round(one.share, 4), "; ".join(one.names[:20]))
        for one in coverage.pair_cells
    )
    return Table(columns, tuple(rows))


def copies_table(coverage: Coverage) -> Table:
    """One row for each document that another one repeats."""
    columns = (
        Column("kind", "#meta+kind"),
        Column("group", "#meta+group+num"),
        Column("document", "#meta+document"),
    )
    kinds = (("same text", coverage.duplicates), ("nearly the same", coverage.near_duplicates))
    numbered = enumerate(((kind, names) for kind, groups in kinds for names in groups), 1)
    return Table(columns, tuple((kind, number, name) for number, (kind, names) in numbered for name in names))


def trends_table(coverage: Coverage) -> Table:
    """One row for each label and year of the portfolio."""
    columns = (*_CODE, Column("year", "#date+year"), *_COUNT)
    totals = dict(coverage.years)
    rows = tuple(
        (label.code, label.name, year, count, round(count / max(1, totals[year]), 4))
        for label in coverage.labels
        for year, count in coverage.trend(label.code)
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


COVERAGE_TABLES = {
    "labels": labels_table,
    "cells": cells_table,
    "combinations": combinations_table,
    "trends": trends_table,
    "gaps": gaps_table,
    "copies": copies_table,
}
