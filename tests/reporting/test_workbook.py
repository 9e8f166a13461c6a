import pytest
from openpyxl import load_workbook

from stratmap.errors import UsageError
from stratmap.reporting.coverage import cover
from stratmap.reporting.coverage_records import CoveredDocument
from stratmap.reporting.workbook import CORRECTION_COLUMNS, write_workbook
from stratmap.reviewing.sheet import read_sheet

from .conftest import make_tagged


@pytest.fixture
def path(framework, tmp_path):
    documents = [
        make_tagged(framework, name="=cmd.pdf", text="=1+1 \x08 quoted"),
        make_tagged(framework, "b.pdf", "1"),
    ]
    coverage = cover([CoveredDocument.from_tagged(one, ["Georgia"], 2020) for one in documents], framework)
    write_workbook(tmp_path / "out.xlsx", documents, coverage)
    return tmp_path / "out.xlsx"


def test_the_four_sheets_and_no_formula(path):
    book = load_workbook(path)
    assert book.sheetnames == ["tags", "evidence", "coverage", "corrections"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert book["tags"]["A2"].value == "'=cmd.pdf"
    assert book["tags"]["H2"].value == 0.9
    assert [cell.value for cell in book["corrections"][1]] == list(CORRECTION_COLUMNS)
    assert book["corrections"].max_row == 1 + 2 * 15


def test_verdicts_are_chosen_from_a_list(path):
    (choices,) = load_workbook(path)["corrections"].data_validations.dataValidation
    assert choices.type == "list"
    assert choices.formula1 == '"applies,does not apply"'
    assert str(choices.sqref) == "G2:G31"


def test_corrections_come_back_restored(path, framework):
    book = load_workbook(path)
    sheet = book["corrections"]
    sheet["G2"], sheet["H2"], sheet["I2"] = "does not apply", "M. P.", "only in a heading"
    sheet["G20"] = "Applies"
    book.save(path)
    ((_, first), (row, second)), refused = read_sheet(path, framework, "nobody")
    assert refused == []
    assert (first.document, first.code, first.applies, first.author) == ("=cmd.pdf", "O3", False, "M. P.")
    assert (second.document, second.applies, row) == ("b.pdf", True, 20)


def test_an_unknown_verdict_names_its_row(path, framework):
    book = load_workbook(path)
    book["corrections"]["G3"] = "perhaps"
    book.save(path)
    asked, (refusal,) = read_sheet(path, framework, "nobody")
    assert (asked, refusal.row) == ([], 3)
    assert "'perhaps'" in refusal.reason


def test_another_workbook_is_refused(path, framework):
    book = load_workbook(path)
    del book["corrections"]
    book.save(path)
    with pytest.raises(UsageError, match="sheet `corrections`"):
        read_sheet(path, framework, "nobody")
