import io
import json
import re

import docx
import pytest
from lxml import etree
from openpyxl import load_workbook
from PIL import Image

from stratmap.records import IndexedDocument
from stratmap.reporting import png
from stratmap.reporting.charts import charts
from stratmap.reporting.coverage import cover
from stratmap.reporting.coverage_records import CoveredDocument, GapRules
from stratmap.reporting.coverage_tables import cells_table, combinations_table, copies_table, gaps_table, labels_table
from stratmap.reporting.drawing import Box, bars_drawing, heat_map_drawing
from stratmap.reporting.png import as_png
from stratmap.reporting.report import build_report
from stratmap.reporting.report_docx import report_docx
from stratmap.reporting.report_html import report_html
from stratmap.reporting.svg import as_svg
from stratmap.reporting.workbook import write_coverage_workbook

from .conftest import make_tagged


def one(name, labels, countries=(), year=None):
    return CoveredDocument(name, name, dict.fromkeys(labels, 0.9), tuple(countries), year)


@pytest.fixture
def portfolio():
    return [
        one("a", ["O1", "P1"], ["Georgia"], 2018),
        one("b", ["O1", "O2"], ["Georgia", "Armenia"], 2018),
        one("c", ["O1", "P2"], ["Georgia"], 2019),
        one("d", ["O2"], [], None),
    ]


def test_counts_and_shares_by_hand(portfolio, framework):
    found = cover(portfolio, framework)
    labels = {label.code: (label.documents, label.share) for label in found.labels}
    assert (labels["O1"], labels["O2"], labels["O9"]) == ((3, 0.75), (2, 0.5), (0, 0.0))
    assert found.countries == (("Georgia", 3), ("Armenia", 1), ("not stated", 1))
    assert (found.years, found.undated) == (((2018, 2), (2019, 1)), 1)
    cell = next(c for c in found.cells if (c.code, c.country, c.year) == ("O2", "Georgia", 2018))
    assert (cell.documents, cell.share, cell.names) == (1, 0.5, ("b",))
    assert found.trend("O1") == ((2018, 2), (2019, 1))
    assert found.by_country()["O1", "Georgia"] == 3
    pair = next(p for p in found.pairs if (p.first, p.second) == ("O1", "P1"))
    assert (pair.documents, pair.expected) == (1, 0.75)
    assert json.dumps(found.as_dict())


def test_gaps_are_sentences(framework):
    early = [one(f"e{i}", ["O4"], ["Serbia"], 2015) for i in range(4)]
    late = [one(f"l{i}", ["P3"], ["Albania"], 2020) for i in range(4)]
    gaps = {(gap.kind, *gap.codes): gap.text for gap in cover(early + late, framework, GapRules(enough=2)).gaps}
    assert "None of 8 documents carries O9" in gaps["label", "O9"]
    assert gaps["faded", "O4"].endswith("since 2015: 4 until then, none of the 4 documents of 2019 to 2020.")
    assert gaps["country", "O4"].startswith("No document on O4 (")
    assert gaps["country", "O4"].endswith(" in Albania, among 4; 50% of all documents carry it.")
    assert "No document combines O4" in gaps["pair", "O4", "P3"]


def test_a_label_that_a_country_has_not_seen_since_a_year_is_said_so(framework):
    before = [one(f"b{i}", ["O7", "P1"], ["Tajikistan"], 2015 + i) for i in range(2)]
    after = [one(f"a{i}", ["P1"], ["Tajikistan"], 2017 + i) for i in range(4)]
    said = [gap.text for gap in cover(before + after, framework, GapRules(enough=2)).gaps if gap.kind == "country"]
    assert said == [
        "No document on O7 (Migration health) in Tajikistan since 2016, among 4 later ones; 33% of all documents carry it."
    ]
    undated = [one("u", ["O7", "P1"], ["Tajikistan"], None)]
    assert not any(gap.kind == "country" for gap in cover(before + after + undated, framework, GapRules(enough=2)).gaps)


def test_an_empty_portfolio_has_no_gaps(framework):
    found = cover([], framework)
    assert (found.documents, found.gaps, found.cells) == (0, (), ())


def test_same_texts_are_named(framework):
    twins = [CoveredDocument("a", "1", {}), CoveredDocument("b", "1", {}), CoveredDocument("c", "2", {})]
    assert cover(twins, framework).duplicates == (("a", "b"),)


def test_indexed_documents_count_as_well(framework):
    known = IndexedDocument("1", "a", "a", "", "en", 1, ("Georgia",), 2020, {"O1": 0.8})
    assert cover([CoveredDocument.from_indexed(known)], framework).labels[0].documents == 1


def test_tables_have_a_cell_for_each_column(portfolio, framework):
    found = cover(portfolio, framework)
    for table in (labels_table(found), cells_table(found), gaps_table(found)):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}


@pytest.fixture
def report(framework):
    tagged = make_tagged(framework, name="<b>.pdf", text='Grants <script>alert("x")</script> \x08 for people.')
    documents = [CoveredDocument.from_tagged(tagged, ["Georgia"], 2020)]
    return build_report(documents, cover(documents, framework), framework)


def test_the_html_report_is_escaped_and_fetches_nothing(report):
    text = report_html(report)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "&lt;b&gt;.pdf, page 2" in text
    assert not re.findall(r"(?:src|href)=|url\(|@import", text)
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert text.count("<svg") == 4
    behind = etree.HTML(text).find(".//details/ul/li")
    assert "".join(behind.itertext()).startswith("Georgia, 2020: 1 (<b>.pdf)“Grants <script>")
    assert "prefers-color-scheme:dark" in text


def test_the_docx_report_quotes_with_pages(report):
    texts = [paragraph.text for paragraph in docx.Document(io.BytesIO(report_docx(report))).paragraphs]
    assert "<b>.pdf, page 2" in texts
    assert any(text.startswith("None of 1 documents carries O9") for text in texts)


def test_pictures_are_xml_with_every_number_written_out():
    drawing = heat_map_drawing(["a & b", "c"], ["x", "<y>"], [[1, 0], [2, 3]], "T \x08")
    root = etree.fromstring(as_svg(drawing))
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text.isdigit()] == ["1", "0", "2", "3"]
    assert etree.fromstring(as_svg(bars_drawing(["a"], [0], "empty"))) is not None


def test_labels_of_two_groups_are_counted_by_country_and_year(portfolio, framework):
    found = {(one.first, one.second, one.country, one.year): one for one in cover(portfolio, framework).pair_cells}
    assert set(found) == {("O1", "P1", "Georgia", 2018), ("O1", "P2", "Georgia", 2019)}
    cell = found["O1", "P1", "Georgia", 2018]
    assert (cell.documents, cell.share, cell.names) == (1, 0.5, ("a",))
    table = combinations_table(cover(portfolio, framework))
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_a_cell_has_the_words_behind_it(framework):
    documents = [CoveredDocument.from_tagged(make_tagged(framework), ["Georgia"], 2020)]
    (cell,) = [one for one in cover(documents, framework).cells if one.code == "O3"]
    assert [(one.document, one.page, one.text) for one in cell.evidence] == [
        ("a.pdf", 2, "We helped returning migrants.")
    ]
    assert cells_table(cover(documents, framework)).rows[0][-1] == "a.pdf: We helped returning migrants."


def test_near_copies_are_grouped_by_the_first(framework):
    listed = [
        CoveredDocument("a", "1", {}, source="x/a"),
        CoveredDocument("b", "2", {}, source="x/b", near="x/a"),
        CoveredDocument("c", "3", {}, source="x/c", near="x/a"),
        CoveredDocument("d", "4", {}, source="x/d"),
    ]
    found = cover(listed, framework)
    assert found.near_duplicates == (("a", "b", "c"),)
    assert {len(row) for row in copies_table(found).rows} == {3}
    assert "nearly the same" in report_html(build_report(listed, found, framework))


def test_charts_are_drawn_alike_in_svg_and_png(portfolio, framework):
    drawn = charts(cover(portfolio, framework))
    assert list(drawn) == ["labels", "countries", "years", "pairs"]
    for chart in drawn.values():
        picture = Image.open(io.BytesIO(as_png(chart)))
        assert picture.size == (2 * chart.width, 2 * chart.height)
        assert len(picture.getcolors(1 << 24)) > 10
        assert int(etree.fromstring(as_svg(chart)).get("width")) == chart.width
    dark = [shape for shape in drawn["countries"].shapes if isinstance(shape, Box) and shape.fill == "#084594"]
    x, y = dark[0].x * 2 + 4, dark[0].y * 2 + 4
    assert Image.open(io.BytesIO(as_png(drawn["countries"]))).getpixel((x, y)) == (8, 69, 148)


def test_without_a_font_of_the_system_the_picture_is_drawn_all_the_same(portfolio, framework, monkeypatch):
    monkeypatch.setattr(png, "_FONTS", ("there-is-no-such-font.ttf",))
    chart = heat_map_drawing(["Türkiye — Молдова"], ["ş"], [[1]], "Ünal …")
    assert as_png(chart).startswith(b"\x89PNG")


def test_the_docx_report_has_the_charts_with_descriptions(report):
    document = docx.Document(io.BytesIO(report_docx(report)))
    titles = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert titles == [
        "Documents by label", "Documents by label and country", "Documents by label and year",
        "Documents that carry both labels",
    ]  # fmt: skip
    section = document.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    assert all(shape.width <= room for shape in document.inline_shapes)


def test_the_coverage_workbook_has_a_sheet_for_each_table(portfolio, framework, tmp_path):
    write_coverage_workbook(tmp_path / "c.xlsx", cover(portfolio, framework))
    book = load_workbook(tmp_path / "c.xlsx")
    assert book.sheetnames == ["labels", "cells", "combinations", "trends", "gaps", "copies"]
    trend = {(row[0], row[2]): row[3] for row in book["trends"].iter_rows(min_row=2, values_only=True)}
    assert (trend["O1", 2018], trend["O1", 2019], trend["O9", 2018]) == (2, 1, 0)
