import io

from docx import Document as NewDocx
from docx.enum.text import WD_BREAK
from pptx import Presentation
from pptx.util import Inches

from stratmap.reading import read_bytes, split_passages

from .conftest import SENTENCE, count_words, make_docx, make_pptx


def full(document):
    document.add_heading("Findings", 1)
    document.add_paragraph(SENTENCE)
    table = document.add_table(2, 2)
    for row, cells in zip(table.rows, [["Country", "Persons"], ["Serbia", "120"]], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("Train officials", style="List Bullet")
    document.add_heading("Next steps", 2)
    document.add_paragraph("More work follows.")


def test_docx_comes_in_reading_order_with_tables(settings):
    text = read_bytes(make_docx(full), "a.docx", settings).text
    wanted = [
        "Findings",
        SENTENCE.strip(),
        "Country | Persons",
        "Serbia | 120",
        "- Train officials",
        "Next steps",
        "More work",
    ]
    places = [text.index(piece) for piece in wanted]
    assert places == sorted(places)


def test_docx_headings_lead_their_passages(settings):
    document = read_bytes(make_docx(full), "a.docx", settings)
    passages = split_passages(document, count_words, 160)
    assert passages[0].heading == "Findings"
    assert passages[0].text.startswith("Findings\n\nThe project")


def test_docx_with_page_breaks_stays_one_page_without_number(settings):
    def build(document):
        document.add_paragraph("Before.").add_run().add_break(WD_BREAK.PAGE)
        document.add_paragraph("After.")

    document = read_bytes(make_docx(build), "a.docx", settings)
    assert [page.number for page in document.pages] == [None]
    assert "\f" not in document.text


def test_docx_leaves_deleted_text_out_and_keeps_inserted_text(settings):
    def build(document):
        paragraph = document.add_paragraph("Kept. ")
        xml = paragraph._p
        run = '<w:{0} xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:r><w:{1}>{2}</w:{1}></w:r></w:{0}>'
        from lxml import etree

        xml.append(etree.fromstring(run.format("del", "delText", "Removed.")))
        xml.append(etree.fromstring(run.format("ins", "t", "Added.")))

    assert read_bytes(make_docx(build), "a.docx", settings).text == "Kept. Added."


def test_docx_nested_tables_are_read_once(settings):
    def build(document):
        outer = document.add_table(1, 2)
        outer.cell(0, 0).text = "Outer"
        inner = outer.cell(0, 1).add_table(1, 1)
        inner.cell(0, 0).text = "Innermost"

    assert read_bytes(make_docx(build), "a.docx", settings).text.count("Innermost") == 1


def test_docx_title_comes_from_its_properties_or_first_heading(settings):
    assert read_bytes(make_docx(full), "a.docx", settings).title == "Findings"

    def titled(document):
        document.core_properties.title = "Final evaluation"
        document.add_paragraph("Words.")

    assert read_bytes(make_docx(titled), "a.docx", settings).title == "Final evaluation"


def test_pptx_slides_are_pages_with_the_title_first(settings):
    data = make_pptx([("Situation", SENTENCE), ("Response", "Cash for families.")])
    document = read_bytes(data, "a.pptx", settings)
    assert [page.number for page in document.pages] == [1, 2]
    assert document.pages[1].text == "Response\n\nCash for families."


def test_pptx_tables_and_notes_are_read(settings):
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Figures"
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "Serbia", "120"
    slide.notes_slide.notes_text_frame.text = "Say where the figures come from."
    buffer = io.BytesIO()
    show.save(buffer)
    text = read_bytes(buffer.getvalue(), "a.pptx", settings).text
    assert "Serbia | 120" in text
    assert "Say where the figures come from." in text


def test_a_slide_without_text_is_named(settings):
    data = make_pptx([("Title", "Words"), ("", "")])
    assert read_bytes(data, "a.pptx", settings).empty_pages == (2,)


def test_an_empty_docx_says_that_it_has_no_text(settings):
    buffer = io.BytesIO()
    NewDocx().save(buffer)
    assert read_bytes(buffer.getvalue(), "a.docx", settings).warnings == ("no text found",)
