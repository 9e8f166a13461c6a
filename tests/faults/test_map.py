"""The map of faults names tests that are there, and leaves out no row."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MAP = Path(__file__).with_name("README.md")
ROWS = dict(re.findall(r"^\| (\d+) \| (.*)\|$", MAP.read_text("utf-8"), re.M))


@cache
def names(path: Path) -> tuple[str, ...]:
    """Names of the tests in a file, without `test_`."""
    tree = ast.parse(path.read_text("utf-8"))
    return tuple(
        node.name.removeprefix("test_")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def named(row: str) -> list[tuple[Path, list[str]]]:
    """The files of a row, each with what is said to be in it."""
    found = []
    for part in re.split(r"(?=`[\w/]+\.py`)", row)[1:]:
        file, _, rest = part[1:].partition("`")
        listed = rest.split(";")[0].lstrip(":")
        found.append(
            (TESTS / file, re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", listed) if rest.startswith(":") else [])
        )
    return found


def test_every_row_is_there():
    assert sorted(map(int, ROWS)) == list(range(1, 55))


@pytest.mark.parametrize("number", sorted(ROWS, key=int))
def test_a_row_names_tests_that_exist(number):
    row = ROWS[number].partition("|")[2]
    files = named(row)
    assert files, f"row {number} names no file"
    assert any(tests for _, tests in files), f"row {number} names no test"
    for path, tests in files:
        assert path.is_file(), path
        for start in tests:
            assert any(name.startswith(start) for name in names(path)), f"{path.name} has no test_{start}…"


def test_a_name_that_is_not_there_is_seen():
    """Else the test above would prove nothing."""
    [(path, tests)] = named("| `faults/test_map.py`: every_row_is_there, no_such_thing…")
    assert tests == ["every_row_is_there", "no_such_thing"]
    assert [any(name.startswith(one) for name in names(path)) for one in tests] == [True, False]
