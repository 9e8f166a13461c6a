"""Tables as pandas frames and as Parquet.

Comes in: a `Table`. Goes out: a frame whose columns have one type each, or a file. pandas and pyarrow are imported when
they are used; without them the message names the extra.
"""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any, TypeAlias

from stratmap.errors import MissingExtra
from stratmap.files import atomic_write
from stratmap.reporting.characters import utf8_safe
from stratmap.reporting.tables import Cell, Column, Table

Frame: TypeAlias = Any  # a pandas.DataFrame; pandas is imported only where one is made
_WHOLE = frozenset({"page", "pages", "start", "end", "documents", "year"})
_TRUTH = frozenset({"applied", "review", "calibrated", "needs_review"})


def frame_of(table: Table) -> Frame:
    """The table as a pandas frame: whole numbers, numbers, truth values and texts, missing ones as `NA`.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise MissingExtra("a data frame", "tables") from error
    columns = {}
    for place, column in enumerate(table.columns):
        values = [_plain(row[place]) for row in table.rows]
        columns[column.name] = pandas.array(values, dtype=_kind(column, values))
    return pandas.DataFrame(columns)


def write_parquet(path: Path, table: Table) -> None:
    """Write the table as Parquet; an older file stays until the new one is whole.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    need_parquet()
    buffer = io.BytesIO()
    frame_of(table).to_parquet(buffer, index=False, compression="zstd")
    atomic_write(path, buffer.getvalue())


def need_parquet() -> None:
    """Check that Parquet can be written.

    Raises:
        MissingExtra: It cannot.
    """
    if any(importlib.util.find_spec(name) is None for name in ("pandas", "pyarrow")):
        raise MissingExtra("Parquet", "tables")


def _plain(value: Cell) -> Cell:
    return utf8_safe(value) if isinstance(value, str) else value


def _kind(column: Column, values: list[Cell]) -> str:
    if column.name in _TRUTH:
        return "boolean"
    if column.name in _WHOLE:
        return "Int64"
    return "Float64" if column.hxl.endswith("+num") and not any(isinstance(v, str) for v in values) else "string"
