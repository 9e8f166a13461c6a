import json

import pytest

from stratmap.reading import read_document, read_items
from stratmap.records import Document, Unreadable
from stratmap.settings import ReadingSettings

from .conftest import make_xlsx

ROWS = [
    ["id", "text", "title", "country", "year"],
    ["a1", "Words about returns.", "T", "Serbia", 2021],
    ["a2", "More words.", "U", "Moldova", 2022],
]


def items(path, settings=None):
    return list(read_items(path, settings or ReadingSettings()))


def write_csv(path, rows, delimiter=",", encoding="utf-8"):
    import csv
    import io

    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))
    return path


def check(found, source):
    assert [item.name for item in found] == ["a1", "a2"]
    assert [item.text for item in found] == ["Words about returns.", "More words."]
    assert found[0].metadata == {"country": "Serbia", "year": "2021"}
    assert found[0].title == "T"
    assert found[1].source == f"{source}#2"
    assert found[0].pages[0].number is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_csv_row_is_a_document(tmp_path, delimiter, encoding):
    path = write_csv(tmp_path / "list.csv", ROWS, delimiter, encoding)
    check(items(path), path)


def test_an_xlsx_row_is_a_document(tmp_path):
    path = tmp_path / "list.xlsx"
    path.write_bytes(make_xlsx(ROWS))
    check(items(path), path)


def test_every_sheet_is_read_and_rows_are_counted_on(tmp_path):
    path = tmp_path / "list.xlsx"
    path.write_bytes(make_xlsx(ROWS, sheets=2))
    assert [item.source.rsplit("#")[-1] for item in items(path)] == ["1", "2", "3", "4"]


def test_a_jsonl_line_is_a_document(tmp_path):
    path = tmp_path / "list.jsonl"
    rows = [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    check(items(path), path)


def test_bad_lines_are_named_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "list.jsonl"
    path.write_text('{"id": "a", "text": "One."}\nnot json\n[1]\n{"id": "b"}\n{"id": "c", "text": "Two."}\n')
    found = items(path)
    assert [type(item) for item in found] == [Document, Unreadable, Unreadable, Unreadable, Document]
    assert "line 2" in found[1].reason
    assert found[1].source.endswith("#2")
    assert "`text`" in found[3].reason


def test_an_empty_text_is_a_document_that_says_so(tmp_path):
    path = tmp_path / "list.jsonl"
    path.write_text('{"id": "a", "text": ""}\n')
    assert items(path)[0].warnings == ("no text found",)


def test_a_deeply_nested_line_is_an_error_of_that_line(tmp_path):
    path = tmp_path / "list.jsonl"
    path.write_text("[" * 100_000 + '\n{"id": "a", "text": "One."}\n')
    assert [type(item) for item in items(path)] == [Unreadable, Document]


def test_project_columns_are_guessed(tmp_path):
    rows = [
        ["Project code", "Title", "Description", "Budget"],
        ["X1", "Returns", "Support to families who return.", "100"],
    ]
    found = items(write_csv(tmp_path / "a.csv", rows))
    assert (found[0].name, found[0].title, found[0].text) == (
        "X1",
        "Returns",
        "Support to families who return.",
    )


def test_unknown_columns_of_prose_are_joined(tmp_path):
    rows = [
        ["Was", "Wo", "Wie"],
        ["Families received support to return home.", "RS", "They were trained in the new centres."],
    ]
    found = items(write_csv(tmp_path / "a.csv", rows))
    assert found[0].text == "Families received support to return home.\n\nThey were trained in the new centres."


def test_a_table_without_headings_loses_no_row(tmp_path):
    rows = [
        ["Families received support to return home.", "1"],
        ["Officials were trained in the new centres.", "2"],
    ]
    assert len(items(write_csv(tmp_path / "a.csv", rows))) == 2


def test_too_many_rows_end_the_list_with_the_reason(tmp_path):
    path = tmp_path / "list.jsonl"
    path.write_text("\n".join(json.dumps({"id": str(i), "text": "x"}) for i in range(5)))
    found = items(path, ReadingSettings(max_items=3))
    assert len(found) == 4
    assert "max_items" in found[3].reason


def test_a_list_read_as_one_document_holds_all_rows(tmp_path):
    path = write_csv(tmp_path / "a.csv", ROWS)
    assert read_document(path, ReadingSettings()).text == "Words about returns.\n\nMore words."


def test_a_field_larger_than_the_csv_module_allows_is_read(tmp_path):
    path = write_csv(tmp_path / "a.csv", [["id", "text"], ["1", "word " * 50_000]])
    assert len(items(path)[0].text) > 200_000


def test_other_files_yield_themselves(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("One document.")
    assert [item.text for item in items(path)] == ["One document."]


def test_an_unreadable_file_is_one_item_with_the_reason(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 broken")
    assert [type(item) for item in items(path)] == [Unreadable]


def test_many_rows_beyond_the_sample_are_all_read(tmp_path):
    rows = [["id", "text"], *[[f"r{i}", f"Words {i}."] for i in range(200)]]
    assert [item.name for item in items(write_csv(tmp_path / "a.csv", rows))] == [f"r{i}" for i in range(200)]


def test_a_list_without_any_text_is_told_once(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(f'{{"id": "{n}", "objectives": ["O1"]}}\n' for n in range(3_000)), encoding="utf-8")
    (found,) = items(path)
    assert "no list of documents" in found.reason
    assert "first 50 lines" in found.reason
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"id": "x", "text": "A report."}\n')
    assert len(items(path)) == 1
    path.write_text('{"id": "a"}\n{"id": "b", "text": "A report."}\n', encoding="utf-8")
    assert [hasattr(one, "reason") for one in items(path)] == [True, False]
