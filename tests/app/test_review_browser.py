"""Correcting, reviewing, retraining and looking after the archive, as people do it in the system's Chromium."""

import pytest
from openpyxl import load_workbook

from stratmap.reporting.workbook import CORRECTION_COLUMNS
from stratmap.settings import Settings

from .conftest import IN_A_BROWSER, barriers, fresh_page, open_tab

REPORT = "Victims of trafficking reached a shelter.\n\nMobile clinics treated people on the route for tuberculosis."
pytestmark = [*IN_A_BROWSER, pytest.mark.timeout(900)]


@pytest.fixture
def page(browser, kept_desk):
    """A page of an app over an index of its own."""
    from stratmap.app.serve import launch

    app = launch(kept_desk, Settings(), port=0, block=False)
    try:
        with fresh_page(browser, app.local_url) as page:
            yield page
    finally:
        app.close()


def test_paste_evidence_correct_retrain_and_see_the_change(page, kept_desk):
    page.locator("#paste textarea").fill(REPORT)
    page.locator("#tag-go").click()
    page.wait_for_selector("#row-O4")
    page.locator("#row-O4 > summary").click()  # evidence
    page.wait_for_selector("#row-O4[open]")
    page.get_by_role("button", name="O4 does not apply", exact=True).click()
    page.wait_for_selector("#row-O4.sm-is-no")
    assert page.locator("#row-O4[open]").count() == 1  # the reader stays where he was
    assert "removed by hand" in page.locator("#row-O4 .sm-state").inner_text()
    page.locator("#notebox-O4 > summary").click()
    page.locator("#note-O4").fill("A shelter, not a case.")
    page.get_by_role("button", name="Keep the note").first.click()
    page.get_by_text("A shelter, not a case.").first.wait_for()
    before = page.locator("#row-O4 .sm-percent").inner_text()

    open_tab(page, "Review")
    page.wait_for_selector("#learned p")
    page.locator("#author textarea, #author input").first.fill("Ana")
    page.locator("#retrain").click()
    page.wait_for_selector("#retrained .sm-good")
    assert "F1, " in page.locator("#retrained table").inner_text()
    page.get_by_text("Version 0001:").wait_for()
    open_tab(page, "Tag")
    page.wait_for_function("was => document.querySelector('#row-O4 .sm-percent').textContent !== was", arg=before)
    assert [one.code for one in kept_desk.reviews.corrections.all() if one.kind == "tag"] == ["O4"]

    open_tab(page, "Review")
    page.get_by_role("button", name="Use shipped").click()
    page.wait_for_selector("#retrained .sm-good:has-text('as it came')")
    assert kept_desk.reviews.active() is None


def test_a_review_by_keyboard_alone(page, kept_desk):
    page.get_by_role("tab", name="Review", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#review .sm-question [data-letter=y]")
    shown = "() => document.querySelector('#review .sm-question')?.innerText"
    for number, letter in enumerate("yns", 1):
        before = page.evaluate(shown)
        page.keyboard.press(letter)
        page.wait_for_function(f"was => ({shown})() !== was", arg=before)
        assert len(kept_desk.reviews.corrections.all()) == min(number, 2)
    before = page.evaluate(shown)
    page.keyboard.press("u")
    page.wait_for_function(f"was => ({shown})() !== was", arg=before)
    [kept] = kept_desk.reviews.corrections.all()
    assert kept.applies
    page.locator("#learned", has_text="1 verdict and 0 passages").wait_for()
    page.get_by_text("1 answer on the archive").wait_for()
    page.locator("#author textarea, #author input").first.fill("yes")  # typing is not answering
    assert len(kept_desk.reviews.corrections.all()) == 1


def test_add_replace_check_and_delete_a_document(page, kept_desk, tmp_path):
    (tmp_path / "field-note.txt").write_text("Border guards were trained in document examination.", encoding="utf-8")
    open_tab(page, "Archive")
    page.wait_for_selector("#archive .sm-docs")
    page.locator("#archive-files input[type=file]").set_input_files(str(tmp_path / "field-note.txt"))
    page.wait_for_selector("#archive-files .file-preview")
    page.locator("#archive-add").click()
    page.wait_for_selector("#archive-told .sm-good")
    page.locator("#archive-find textarea, #archive-find input").first.fill("field-note")
    page.get_by_text("1 of 7 documents").wait_for()
    (tmp_path / "field-note.txt").write_text("Mobile clinics treated migrants for tuberculosis.", encoding="utf-8")
    page.locator("#archive-files input[type=file]").set_input_files(str(tmp_path / "field-note.txt"))
    page.wait_for_selector("#archive-files .file-preview")
    page.locator("#archive-add").click()
    page.locator("#archive li", has_text="field-note.txt").locator(".sm-badge", has_text="O7").wait_for()  # replaced
    assert len(kept_desk.documents()) == 7
    page.locator("#archive-check").click()
    page.wait_for_selector("#archive-state .sm-checks li")
    button = page.get_by_role("button", name="Delete field-note.txt")
    button.click()
    assert len(kept_desk.documents()) == 7  # the first click asks
    button.click()
    page.get_by_text("field-note.txt is deleted").wait_for()
    assert "field-note.txt" not in {one.name for one in kept_desk.documents()}


def test_corrections_go_out_as_a_workbook_and_come_back_with_a_preview(page, kept_desk, tmp_path):
    open_tab(page, "Review")
    page.wait_for_selector("#learned p")
    with page.expect_download() as download:
        page.locator("#corrections-xlsx").click()
    path = tmp_path / "edited.xlsx"
    download.value.save_as(path)
    book = load_workbook(path)
    sheet = book["corrections"]
    row = next(n for n in range(2, sheet.max_row + 1) if sheet.cell(n, 1).value == "armenia-border.md")
    code = sheet.cell(row, CORRECTION_COLUMNS.index("code") + 1).value
    for column, value in (("verdict", "does not apply"), ("note", "=because only guards were trained")):
        sheet.cell(row, CORRECTION_COLUMNS.index(column) + 1).value = value
    book.save(path)

    page.get_by_role("button", name="Import an edited workbook").click()
    page.locator("#corrections-file input[type=file]").set_input_files(str(path))
    page.locator("#corrections-preview td", has_text="=because only guards were trained").wait_for()
    assert "To be taken: 1 tag." in page.locator("#corrections-preview").inner_text()
    assert kept_desk.reviews.corrections.all() == []  # only a preview
    page.locator("#corrections-confirm").click()
    page.get_by_text("Taken from the workbook: 1 tag.").wait_for()
    page.locator("#corrections", has_text="=because only guards were trained").wait_for()
    [kept] = kept_desk.reviews.corrections.all()
    assert (kept.document, kept.code, kept.applies) == ("armenia-border.md", code, False)
    assert kept.note == "=because only guards were trained"


def test_ask_open_the_citation_and_its_printed_page_then_filter_and_follow_up(page, kept_desk, tmp_path):
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "shelter-2018.pdf"))
    canvas.drawString(72, 700, "The shelter in Tirana took in 57 victims of trafficking.")
    canvas.showPage()
    canvas.drawString(72, 700, "A second shelter in Durres was opened by the municipality in May.")
    canvas.save()
    kept_desk.add([tmp_path / "shelter-2018.pdf"])
    page.reload()
    page.wait_for_selector("#paste textarea")
    open_tab(page, "Ask")
    page.locator("#question textarea").fill("Who opened a second shelter in Durres?")
    page.locator("#question textarea").press("Enter")
    chip = page.locator(".sm-evidence.sm-source", has_text="shelter-2018.pdf").first
    chip.click()
    page.wait_for_selector("#reader mark.sm-quote")
    assert "Durres" in page.locator("#reader mark.sm-quote").inner_text()
    assert "p. 2" in page.locator("#reader").inner_text()
    page.get_by_role("button", name="Show the printed page").click()
    page.wait_for_selector("#printed img")
    assert page.locator("#printed img").evaluate("picture => picture.naturalWidth") > 400
    page.get_by_role("button", name="Filters").click()
    page.locator("#filter-document input").click()
    page.get_by_role("option", name="armenia-border.md").click()
    page.keyboard.press("Escape")
    page.locator("#filter-from input").click()
    page.get_by_role("option", name="2019").click()
    page.locator("#question textarea").fill("And who opened it in May?")
    page.locator("#question textarea").press("Enter")
    page.wait_for_function("document.querySelectorAll('.sm-helped').length === 2")
    assert "shelter-2018.pdf" not in page.locator(".sm-answer").last.inner_text()


@pytest.mark.parametrize("name", ["Review", "Archive"])
def test_neither_tab_has_a_barrier_or_is_wider_than_a_phone(page, name):
    open_tab(page, name)
    page.wait_for_selector("#review .sm-question" if name == "Review" else "#archive .sm-docs")
    page.wait_for_timeout(400)
    assert barriers(page) == []
    page.locator("[data-theme]").click()
    page.wait_for_timeout(400)
    assert barriers(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    page.wait_for_selector("#paste textarea")
    page.wait_for_timeout(600)
    open_tab(page, name)
    page.wait_for_selector("#review .sm-question" if name == "Review" else "#archive .sm-docs")
    page.wait_for_timeout(400)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
