"""The workbook of corrections: what is written comes back, and a garbled row stops no other."""

import re
import zipfile

import pytest
from openpyxl import Workbook, load_workbook

from stratmap.errors import ReadingError, UsageError
from stratmap.records import Correction
from stratmap.reporting.workbook import CORRECTION_COLUMNS
from stratmap.reviewing.exchange import export_sheet, import_sheet
from stratmap.reviewing.sheet import SheetRow, write_sheet


def edit(path, changes):
    """Change cells of the sheet: {(row, column name): value}."""
    book = load_workbook(path)
    for (row, column), value in changes.items():
        book["corrections"].cell(row, CORRECTION_COLUMNS.index(column) + 1).value = value
    book.save(path)


def computed_in_vain(path, cell):
    """Leave in the sheet what Excel leaves beside a formula that it cannot compute."""
    with zipfile.ZipFile(path) as source:
        parts = {item.filename: source.read(item) for item in source.infolist()}
    name = "xl/worksheets/sheet1.xml"
    sheet, found = re.subn(
        rf'<c r="{cell}"[^>]*>(<f>.*?</f>)<v ?/?>(?:</v>)?</c>',
        rf'<c r="{cell}" t="e">\1<v>#NAME?</v></c>',
        parts[name].decode(),
    )
    assert found == 1
    with zipfile.ZipFile(path, "w") as target:
        for part, data in (parts | {name: sheet.encode()}).items():
            target.writestr(part, data)


def rows_of(path):
    values = list(load_workbook(path)["corrections"].iter_rows(values_only=True))
    return [dict(zip(values[0], row, strict=True)) for row in values[1:]]


@pytest.fixture
def book(reviews, tmp_path):
    path = tmp_path / "corrections.xlsx"
    export_sheet(reviews, path)
    return path


def row_with(path, document, code):
    return next(n for n, row in enumerate(rows_of(path), 2) if (row["document"], row["code"]) == (document, code))


class TestRoundTrip:
    def test_it_lists_what_is_applied_and_offers_the_verdicts(self, book):
        assert {(row["document"], row["code"]) for row in rows_of(book)} == {
            ("border.md", "O1"), ("health.md", "O2"), ("health.md", "P1"),
        }  # fmt: skip
        sheet = load_workbook(book)["corrections"]
        [choices] = sheet.data_validations.dataValidation
        assert choices.formula1 == '"applies,does not apply,withdraw"'
        assert "G2" in choices.sqref

    def test_unedited_it_changes_nothing(self, reviews, book):
        found = import_sheet(reviews, book, "Ana")
        assert (found.changes, found.refused) == ((), ())
        assert reviews.corrections.all() == []

    def test_a_dry_run_shows_and_keeps_nothing_then_the_change_is_kept(self, reviews, book, ids):
        row = row_with(book, "border.md", "O1")
        edit(book, {(row, "verdict"): "Does not  apply ", (row, "note"): "A fence.", (row, "by"): "Boris"})
        preview = import_sheet(reviews, book, "Ana", dry=True)
        assert [(one.row, one.code, one.before, one.after, one.by) for one in preview.changes] == [
            (row, "O1", "", "does not apply", "Boris")
        ]
        assert reviews.corrections.all() == []
        assert import_sheet(reviews, book, "Ana").changes == preview.changes
        [kept] = reviews.corrections.all()
        assert (kept.doc_id, kept.applies, kept.author, kept.note) == (ids["border.md"], False, "Boris", "A fence.")
        assert kept.applied is True
        assert import_sheet(reviews, book, "Ana").unchanged == 1

    def test_what_stands_is_exported_and_can_be_withdrawn(self, reviews, ids, tmp_path):
        reviews.correct([Correction(ids["clinic.md"], "clinic.md", "O2", "tag", True, "Ana", "Clinics are health.")])
        path = tmp_path / "again.xlsx"
        export_sheet(reviews, path)
        row = row_with(path, "clinic.md", "O2")
        assert rows_of(path)[row - 2]["verdict"] == "applies"
        assert rows_of(path)[row - 2]["note"] == "Clinics are health."
        edit(path, {(row, "verdict"): "withdraw"})
        assert import_sheet(reviews, path, "Ana").changes[0].before == "applies"
        assert reviews.standing(ids["clinic.md"]).verdicts == {}

    def test_an_old_copy_takes_nothing_back(self, reviews, book, ids):
        reviews.correct([Correction(ids["border.md"], "border.md", "O1", "tag", False, "Ana")])
        import_sheet(reviews, book, "Boris")
        assert reviews.standing(ids["border.md"]).verdicts == {"O1": False}


class TestNotes:
    @pytest.mark.parametrize(
        "note", ["=because of the fence", "'=quoted", "+1 from the desk", "@Boris: see page 3", "-"]
    )
    def test_a_note_that_begins_like_a_formula_survives_the_way_out_and_back(self, reviews, ids, tmp_path, note):
        reviews.correct([Correction(ids["clinic.md"], "clinic.md", "O2", "tag", True, "Ana", note)])
        path = tmp_path / "out.xlsx"
        export_sheet(reviews, path)
        row = row_with(path, "clinic.md", "O2")
        cell = load_workbook(path)["corrections"].cell(row, CORRECTION_COLUMNS.index("note") + 1)
        assert cell.data_type == "s"
        edit(path, {(row, "verdict"): "does not apply"})
        import_sheet(reviews, path, "Boris")
        assert reviews.corrections.all()[-1].note == note

    @pytest.mark.parametrize("in_vain", [False, True])
    def test_a_note_typed_into_a_spreadsheet_as_a_formula_is_kept_as_text(self, reviews, book, in_vain):
        row = row_with(book, "border.md", "O1")
        edit(book, {(row, "verdict"): "does not apply", (row, "note"): "=because of the fence"})
        if in_vain:
            computed_in_vain(book, f"I{row}")
        assert import_sheet(reviews, book, "Ana", dry=True).changes[0].note == "=because of the fence"
        import_sheet(reviews, book, "Ana")
        assert reviews.corrections.all()[0].note == "=because of the fence"
        again = book.with_name("again.xlsx")
        export_sheet(reviews, again)
        cell = load_workbook(again)["corrections"].cell(row, CORRECTION_COLUMNS.index("note") + 1)
        assert (cell.data_type, cell.value) == ("s", "'=because of the fence")

    def test_a_note_alone_is_previewed_kept_and_kept_once(self, reviews, book, ids):
        row = row_with(book, "border.md", "O1")
        edit(book, {(row, "note"): "Ask the desk."})
        [change] = import_sheet(reviews, book, "Ana", dry=True).changes
        assert (change.adds_note_only, change.note, change.by) == (True, "Ask the desk.", "Ana")
        import_sheet(reviews, book, "Ana")
        [kept] = reviews.corrections.all()
        assert (kept.kind, kept.note, kept.author) == ("note", "Ask the desk.", "Ana")
        assert reviews.standing(ids["border.md"]).verdicts == {}
        assert import_sheet(reviews, book, "Ana").unchanged == 1

    def test_a_note_from_the_screen_is_in_the_workbook(self, reviews, ids, tmp_path):
        reviews.correct([Correction(ids["clinic.md"], "clinic.md", "P1", "note", False, "Ana", "Look again.")])
        path = tmp_path / "notes.xlsx"
        export_sheet(reviews, path)
        row = row_with(path, "clinic.md", "P1")
        assert rows_of(path)[row - 2]["note"] == "Look again."
        assert import_sheet(reviews, path, "Boris").changes == ()

    def test_a_covered_workbook_brings_no_new_notes(self, reviews, ids, tmp_path):
        note = "Call Ana on +373 69 123 456."
        reviews.correct([Correction(ids["clinic.md"], "clinic.md", "O2", "tag", True, "Ana", note)])
        path = tmp_path / "covered.xlsx"
        export_sheet(reviews, path, covered=True)
        row = row_with(path, "clinic.md", "O2")
        assert "123" not in rows_of(path)[row - 2]["note"]
        assert import_sheet(reviews, path, "Boris").changes == ()

    def test_a_verdict_changed_in_a_covered_workbook_keeps_the_name_and_the_note_as_they_were(
        self, reviews, ids, tmp_path
    ):
        note = "Call Ana on +373 69 123 456."
        reviews.correct([Correction(ids["clinic.md"], "clinic.md", "O2", "tag", True, "Ms Petrova", note)])
        path = tmp_path / "covered.xlsx"
        export_sheet(reviews, path, covered=True)
        edit(path, {(row_with(path, "clinic.md", "O2"), "verdict"): "does not apply"})
        import_sheet(reviews, path, "Boris")
        kept = reviews.corrections.all()[-1]
        assert (kept.applies, kept.author, kept.note) == (False, "Ms Petrova", note)

    def test_a_note_with_a_sign_that_no_workbook_holds_is_no_new_one(self, reviews, ids, tmp_path):
        reviews.correct([Correction(ids["clinic.md"], "clinic.md", "O2", "tag", True, "Ana", "Two\x0bwords.")])
        path = tmp_path / "out.xlsx"
        export_sheet(reviews, path)
        assert import_sheet(reviews, path, "Boris").changes == ()


class TestHostile:
    @pytest.mark.parametrize(
        ("column", "value", "message"),
        [
            ("verdict", "perhaps", "found 'perhaps'"),
            ("code", "X9", "X9"),
            ("code", None, "label"),
            ("doc_id", "0000", "document of this index"),
            ("doc_id", None, "document"),
            ("by", "x" * 200, "200"),
            ("note", "x" * 3000, "3,000"),
        ],
    )
    def test_a_garbled_row_is_refused_and_the_others_are_taken(self, reviews, book, column, value, message):
        bad, good = row_with(book, "border.md", "O1"), row_with(book, "health.md", "P1")
        edit(book, {(bad, "verdict"): "applies", (good, "verdict"): "does not apply"} | {(bad, column): value})
        found = import_sheet(reviews, book, "Ana")
        assert [one.code for one in found.changes] == ["P1"]
        [refused] = found.refused
        assert refused.row == bad
        assert message in refused.reason

    def test_two_verdicts_on_a_tag_are_refused_the_second_time(self, reviews, book):
        values = list(rows_of(book)[0].values())
        opened = load_workbook(book)
        opened["corrections"].append(values)
        opened.save(book)
        last = len(rows_of(book)) + 1
        edit(book, {(2, "verdict"): "does not apply", (last, "verdict"): "applies"})
        found = import_sheet(reviews, book, "Ana")
        assert [(one.row, "row 2" in one.reason) for one in found.refused] == [(last, True)]
        assert len(found.changes) == 1

    def test_a_name_that_starts_like_a_formula_is_text_in_the_sheet(self, tmp_path):
        path = tmp_path / "formula.xlsx"
        write_sheet(path, [SheetRow("=HYPERLINK(0)", "@id", "O1", "+name", 0.5, True, None, "", "-1+1")])
        for cell in load_workbook(path)["corrections"][2]:
            assert cell.data_type != "f"

    def test_the_documents_name_comes_from_the_index_and_not_from_the_sheet(self, reviews, book):
        row = row_with(book, "border.md", "O1")
        edit(book, {(row, "document"): "<script>", (row, "verdict"): "does not apply"})
        import_sheet(reviews, book, "Ana")
        assert reviews.corrections.all()[0].document == "border.md"

    def test_what_is_no_workbook_is_refused_whole(self, reviews, tmp_path):
        for name, data in (("text.xlsx", b"not a workbook"), ("empty.xlsx", b"")):
            (tmp_path / name).write_bytes(data)
            with pytest.raises((UsageError, ReadingError)):
                import_sheet(reviews, tmp_path / name, "Ana")
        with pytest.raises(UsageError):
            import_sheet(reviews, tmp_path / "missing.xlsx", "Ana")

    def test_a_workbook_without_the_sheet_or_its_columns_is_refused(self, reviews, tmp_path):
        other = Workbook()
        other.save(tmp_path / "other.xlsx")
        with pytest.raises(UsageError, match="sheet `corrections`"):
            import_sheet(reviews, tmp_path / "other.xlsx", "Ana")
        other.active.title = "corrections"
        other.active.append(["document", "code"])
        other.save(tmp_path / "other.xlsx")
        with pytest.raises(UsageError, match="doc_id, verdict lacks"):
            import_sheet(reviews, tmp_path / "other.xlsx", "Ana")

    def test_broken_xml_inside_is_refused(self, reviews, book, tmp_path):
        broken = tmp_path / "broken.xlsx"
        with zipfile.ZipFile(book) as source, zipfile.ZipFile(broken, "w") as target:
            for item in source.infolist():
                data = source.read(item)
                target.writestr(item, data[: len(data) // 2] if "sheet1" in item.filename else data)
        with pytest.raises((UsageError, ReadingError)):
            import_sheet(reviews, broken, "Ana")
