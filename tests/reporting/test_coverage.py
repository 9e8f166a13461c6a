import io
import json
import re

import docx
import pytest
from lxml import etree

from stratmap.records import IndexedDocument
from stratmap.reporting.coverage import cover
from stratmap.reporting.coverage_records import CoveredDocument, GapRules
from stratmap.reporting.coverage_tables import cells_table, gaps_table, labels_table
from stratmap.reporting.report import build_report
from stratmap.reporting.report_docx import report_docx
from stratmap.reporting.report_html import report_html
from stratmap.reporting.svg import bars, heat_map

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
    assert "4 documents until 2015, none of the 4 documents of 2019 to 2020" in gaps["faded", "O4"]
    assert gaps["country", "O4"].startswith("Albania: none of 4 documents")
    assert "No document combines O4" in gaps["pair", "O4", "P3"]


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


def test_the_docx_report_quotes_with_pages(report):
    texts = [paragraph.text for paragraph in docx.Document(io.BytesIO(report_docx(report))).paragraphs]
    assert "<b>.pdf, page 2" in texts
    assert any(text.startswith("None of 1 documents carries O9") for text in texts)


def test_pictures_are_xml_with_every_number_written_out():
    root = etree.fromstring(heat_map(["a & b", "c"], ["x", "<y>"], [[1, 0], [2, 3]], "T \x08"))
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text.isdigit()] == ["1", "0", "2", "3"]
    assert etree.fromstring(bars(["a"], [0], "empty")) is not None
