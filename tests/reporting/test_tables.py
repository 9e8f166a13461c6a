import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from stratmap.reporting.tables import (
    csv_bytes,
    evidence_table,
    matrix_table,
    neutralise,
    read_csv,
    restore,
    tags_table,
)

from .conftest import make_tagged


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_gets_an_apostrophe_and_loses_it_again(text):
    assert neutralise(text) == "'" + text
    assert restore(neutralise(text)) == text


@pytest.mark.parametrize("value", [-5, 2.5, None, True, "plain", "'tis the season", ""])
def test_what_is_no_formula_stays(value):
    assert neutralise(value) is value
    assert restore(value) is value


@given(st.text(st.sampled_from("'=+-@\t\ra "), max_size=6))
def test_every_text_survives_the_round_trip(text):
    assert restore(neutralise(text)) == text
    assert str(neutralise(text))[:1] not in {"=", "+", "-", "@", "\t", "\r"} or text == ""


def test_csv_has_a_mark_a_row_of_hashtags_and_safe_cells(framework):
    table = tags_table([make_tagged(framework, name="=HYPERLINK(1).pdf")])
    data = csv_bytes(table, hxl=True)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[0][0] == "document"
    assert all(tag.startswith("#") for tag in rows[1])
    assert len(rows) == 2 + 15
    assert rows[2][0] == "'=HYPERLINK(1).pdf"
    assert float(rows[2][7]) == 0.9
    back = read_csv(data)
    assert len(back) == 15
    assert back[0]["document"] == "=HYPERLINK(1).pdf"


def test_evidence_rows_are_those_of_applied_tags(framework):
    rows = evidence_table([make_tagged(framework)]).rows
    assert [row[3] for row in rows] == ["O3", "P1"]
    records = evidence_table([make_tagged(framework)]).records()
    assert [(one["code"], one["page"]) for one in records] == [("O3", 2), ("P1", 2)]


def test_the_matrix_has_a_column_for_each_label(framework):
    table = matrix_table([make_tagged(framework), make_tagged(framework, name="b", applied=())])
    assert [column.name for column in table.columns][3:] == sorted(framework.codes)
    at = 3 + sorted(framework.codes).index("O3")
    assert [row[at] for row in table.rows] == [0.9, 0.1]


def test_an_uncalibrated_tag_says_so_on_the_terminal_and_in_every_table(framework, tmp_path):
    from stratmap.cli.show import tagged_lines
    from stratmap.reporting.jsonlines import as_dict
    from stratmap.reporting.workbook import write_workbook

    tagged = make_tagged(framework)
    tags = {group: tuple(replace(tag, calibrated=False) for tag in found) for group, found in tagged.tags.items()}
    unsure = replace(tagged, tags=tags)
    for one, word in ((tagged, "yes"), (unsure, "no")):
        assert {row["calibrated"] for row in read_csv(csv_bytes(tags_table([one])))} == {word}
        write_workbook(tmp_path / "t.xlsx", [one])
        sheet = load_workbook(tmp_path / "t.xlsx")["tags"]
        column = [cell.value for cell in sheet[1]].index("calibrated")
        assert {row[column].value for row in sheet.iter_rows(min_row=2)} == {word}
        assert {tag["calibrated"] for tag in as_dict(one)["objectives"]} == {word == "yes"}
        assert ("uncalibrated" in "\n".join(tagged_lines(one, framework))) == (word == "no")
