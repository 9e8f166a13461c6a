"""What `labels.csv` states about the files beside it."""

from __future__ import annotations

import pytest

from stratmap.reading import read_document
from stratmap.reading.sidecar import SIDECAR, with_sidecar
from stratmap.settings import ReadingSettings


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "note.md"
    path.write_text("A shelter opened in Sarajevo.", encoding="utf-8")
    return read_document(path, ReadingSettings()), path


def test_facts_of_the_first_row_that_names_the_file(note):
    document, path = note
    (path.parent / SIDECAR).write_text(
        "file,title,year\nother.md,No,1999\nnote.md,Shelters,2015\nnote.md,Late,2020\n", encoding="utf-8"
    )
    told = with_sidecar(document, path)
    assert (told.metadata["year"], told.title) == ("2015", "Shelters")


def test_a_list_that_changes_is_read_again(note):
    document, path = note
    for year in ("2015", "20167"):
        (path.parent / SIDECAR).write_text(f"file,year\nnote.md,{year}\n", encoding="utf-8")
        assert with_sidecar(document, path).metadata["year"] == year


def test_a_damaged_list_is_a_warning(note):
    document, path = note
    (path.parent / SIDECAR).write_bytes(b"file,year\nnote.md,\xff\xfe\n")
    told = with_sidecar(document, path)
    assert "could not be read" in told.warnings[-1]
    assert "year" not in told.metadata


def test_without_a_list_or_a_row_nothing_changes(note):
    document, path = note
    assert with_sidecar(document, path) is document
    (path.parent / SIDECAR).write_text("file,year\nother.md,2015\n", encoding="utf-8")
    assert with_sidecar(document, path) is document
