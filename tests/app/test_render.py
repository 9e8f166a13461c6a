"""What the app shows: escaping, highlights at the right spans, states, and colours that can be read."""

import html
import re
from pathlib import Path

import pytest
from defusedxml import ElementTree

import stratmap.app
from stratmap.app.portfolio import grid_of
from stratmap.app.protocol import TaggedReport, Turn
from stratmap.app.render import answers, coverage, pages, strategy, strategy_svg, tags
from stratmap.app.render.strategy import Spoken
from stratmap.app.render.text import colour, percent, text
from stratmap.reading import read_text
from stratmap.records import Answer, Citation, Statement, Tag
from stratmap.reporting.coverage import cover
from stratmap.reporting.coverage_records import CoveredDocument

HOSTILE = """<script>alert(1)</script> <img src=x onerror="x()"> ' ${1+1} {{value}} `x` \u202egnp.exe"""


def visible(markup: str) -> str:
    """The text a reader of the markup sees."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


class TestEscaping:
    def test_markup_quotes_and_template_signs_are_escaped(self):
        escaped = text(HOSTILE)
        assert not set("<>\"'${}`") & set(escaped)
        assert html.unescape(escaped) == HOSTILE.replace("\u202e", "")

    def test_a_hostile_report_yields_no_element_of_its_own(self, desk):
        document = read_text(f"{HOSTILE} trafficking shelter. remittances diaspora", HOSTILE)
        markup = tags.report(TaggedReport(document, desk.tag(document), note=HOSTILE), desk.framework)
        assert "<script" not in markup
        assert "<img" not in markup
        assert "${" not in markup
        assert "{{" not in markup

    def test_a_hostile_answer_yields_no_element_of_its_own(self):
        citation = Citation(1, 'd"><b>', HOSTILE, 3, 2, 0, 5, HOSTILE, 0.5)
        answer = Answer(HOSTILE, True, HOSTILE, (citation,), (), 0.5, (Statement(HOSTILE, (1,)),), (HOSTILE,))
        markup = answers.conversation([Turn(HOSTILE, answer), Turn(HOSTILE, problem=HOSTILE)])
        assert "<script" not in markup
        assert "<img" not in markup
        assert "<b>" not in markup

    def test_only_a_colour_becomes_a_style(self):
        assert colour("#74b8f3") == "#74b8f3"
        assert colour("red;background:url(//x)").startswith("#")


class TestHighlights:
    def test_the_marked_text_is_the_span_and_the_rest_is_untouched(self):
        page = "One <two> three four."
        markup = pages.highlighted(page, [pages.Span(4, 9, "", "#74b8f3")])
        assert re.findall(r"<mark[^>]*>(.*?)</mark>", markup) == ["&lt;two&gt;"]
        assert visible(markup) == page

    def test_overlapping_spans_share_a_mark_that_names_both(self):
        spans = [
            pages.Span(0, 10, "O1", "#74b8f3", "ev-O1-0", "O1 A"),
            pages.Span(5, 15, "O2", "#c2c5fe", "ev-O2-0", "O2 B"),
        ]
        markup = pages.highlighted("abcdefghijklmnopqrst", spans)
        marks = re.findall(r'<mark[^>]*title="([^"]*)"[^>]*>(.*?)</mark>', markup)
        assert marks == [("O1 A", "abcde"), ("O1 A · O2 B", "fghij"), ("O2 B", "klmno")]
        assert visible(markup) == "abcdefghijklmnopqrst"
        assert 'id="ev-O1-0"' in markup

    @pytest.mark.parametrize(("start", "end"), [(-3, 2), (4, 4), (30, 40), (9, 5)])
    def test_a_span_that_does_not_fit_marks_nothing(self, start, end):
        assert "<mark" not in pages.highlighted("short text", [pages.Span(start, end)])

    def test_a_span_past_the_end_is_cut(self):
        assert "<mark" in pages.highlighted("short text", [pages.Span(6, 99)])

    def test_every_jump_of_a_tag_has_its_anchor(self, desk):
        document = read_text("Victims of trafficking reached a shelter. The diaspora sent remittances.", "x")
        markup = tags.report(TaggedReport(document, desk.tag(document)), desk.framework)
        jumps = set(re.findall(r'data-jump="([^"]+)"', markup))
        assert jumps
        assert jumps <= set(re.findall(r'id="([^"]+)"', markup))

    def test_a_very_long_document_shows_the_pages_with_evidence(self):
        from stratmap.records import Document, Page

        texts = ["x" * 300_000, "evidence here", "y" * 300_000]
        starts = (0, 300_001, 300_015)
        document = Document(
            "d", "d", "d", tuple(Page(i + 1, t, s) for i, (t, s) in enumerate(zip(texts, starts, strict=True)))
        )
        markup = pages.document_panel(document, {1: [pages.Span(0, 8, "O1")]})
        assert "Page 2" in markup
        assert "Page 1" not in markup

    def test_the_quotation_of_a_page_is_marked(self):
        markup = pages.page_view("doc", 3, "Before. Quote. After.", 8, 14)
        assert re.findall(r"<mark[^>]*>(.*?)</mark>", markup) == ["Quote."]
        assert "p. 3" in markup


class TestStates:
    @pytest.mark.parametrize(
        ("applied", "review", "word"),
        [
            (True, False, "applied"),
            (True, True, "needs your eye"),
            (False, True, "needs your eye"),
            (False, False, "not applied"),
        ],
    )
    def test_the_three_states(self, applied, review, word):
        assert tags.state(Tag("O1", "n", 0.5, applied, (), review)) == word

    def test_groups_are_kept_apart_and_complete(self, desk):
        document = read_text("Border guards trained.", "x")
        markup = tags.report(TaggedReport(document, desk.tag(document)), desk.framework)
        objectives, principles = markup.split("Operational principles")[:2]
        assert all(f'id="row-O{n}"' in objectives for n in range(1, 10))
        assert all(f'id="row-P{n}"' in principles for n in range(1, 7))

    def test_certainty_is_not_rounded_into_being(self):
        assert percent(0.999) == ">99 %"
        assert percent(0.001) == "<1 %"
        assert percent(1.0) == "100 %"

    def test_a_crosswalk_lists_the_applied_tags_only(self, desk):
        markup = tags.crosswalk_table(desk.crosswalk("sdg"), ["O7"], desk.framework)
        assert "Migration health" in markup
        assert "O1 " not in visible(markup)
        assert "No applied tag" in tags.crosswalk_table(desk.crosswalk("sdg"), [], desk.framework)


class TestAnswers:
    def test_a_marker_becomes_a_chip_once(self):
        citation = Citation(1, "d", "report.pdf", 4, 3, 10, 20, "the quote", 0.9)
        answer = Answer("q", True, "Said [1].", (citation,), (), 0.9, (Statement("Said [1].", (1,)),))
        markup = answers.conversation([Turn("q", answer)])
        assert markup.count('class="sm-chip"') == 1
        assert 'data-choose="d|3|10|20|4"' in markup

    def test_an_unsupported_sentence_is_flagged_and_kept(self):
        answer = Answer("q", True, "x", (), (), 0.9, (Statement("Invented.", (), supported=False),))
        markup = answers.conversation([Turn("q", answer)])
        assert "Invented." in markup
        assert "not supported" in markup

    def test_not_found_looks_different(self):
        found = answers.conversation([Turn("q", Answer("q", True, "yes", (), ()))])
        nothing = answers.conversation([Turn("q", Answer("q", False, "", (), ()))])
        assert "sm-nothing" not in found
        assert "sm-nothing" in nothing
        assert "Not found in the archive" in nothing

    def test_the_export_names_its_sources(self):
        citation = Citation(1, "d", "report.pdf", 4, 3, 10, 20, "the\nquote", 0.9)
        exported = answers.as_markdown([Turn("q", Answer("q", True, "Said [1]", (citation,), ()))])
        assert "[1] report.pdf p. 4: “the quote”" in exported


class TestPictures:
    def test_the_strategy_is_drawn_with_all_its_parts(self, desk):
        markup = strategy.drawing(desk.framework, {"O7": Spoken(3, 12, ("Georgia", "Armenia"), (2014, 2020))})
        parts = ["goal", "S1", "S2", "S3", *desk.framework.codes]
        assert all(f'data-show="about-{part}"' in markup and f'id="about-{part}"' in markup for part in parts)
        assert "3 of 12 documents speak to this, 25 % (2 countries, 2014 to 2020). Most on Georgia, Armenia." in markup

    def test_the_strategy_as_svg_is_well_formed_and_whole(self, desk):
        spoken = {"O7": Spoken(3, 12, ("Georgia",), (2014, 2020))}
        drawn = strategy_svg.drawing(desk.framework, spoken)
        root = ElementTree.fromstring(drawn)
        words = " ".join("".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text"))
        for label in desk.framework.labels:
            assert label.code in words
            assert all(word in words for word in label.name.split())
        assert "3 documents" in words
        assert not re.search(r"href|<script|url\(", drawn)
        for box in root.iter("{http://www.w3.org/2000/svg}rect"):
            assert float(box.get("x", 0)) + float(box.get("width").rstrip("%")) <= float(root.get("width"))

    def test_the_heat_map_counts_each_country_of_a_document(self, desk):
        markup = coverage.heat_map(grid_of(desk.documents(), "country"), desk.framework)
        assert 'data-choose="country|O7|Georgia"' in markup
        assert 'data-choose="country|O7|Moldova"' not in markup
        assert markup.index(">Armenia<") < markup.index(">Georgia<")

    def test_shares_are_of_the_documents_of_a_row(self, desk):
        grid = grid_of(desk.documents(), "country")
        assert grid.totals["Georgia"] == 2
        assert grid.value("Georgia", "O7", shares=True) == 0.5
        assert "1 document, 50% of the row" in coverage.heat_map(grid, desk.framework, shares=True)

    def test_gaps_are_those_of_the_reports(self, desk):
        found = cover([CoveredDocument.from_indexed(one) for one in desk.documents()], desk.framework).gaps
        markup = coverage.gap_list(found)
        assert found
        assert all(text(gap.text) in markup for gap in found)

    def test_trends_name_their_peak(self, desk):
        found = cover([CoveredDocument.from_indexed(one) for one in desk.documents()], desk.framework)
        year, count = max(found.trend("O7"), key=lambda point: (point[1], point[0]))
        total = sum(number for _, number in found.trend("O7"))
        said = f"O7 Migration health: {total} document{'s' if total > 1 else ''}, most in {year} ({count})"
        assert said in coverage.trends(found, desk.framework)

    def test_an_empty_archive_says_so(self, desk):
        assert "archive is empty" in coverage.figures([])


def _luminance(value: str) -> float:
    parts = [int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _mixed(one: str, share: float, other: str) -> str:
    return "#" + "".join(
        f"{round(int(one[i : i + 2], 16) * share + int(other[i : i + 2], 16) * (1 - share)):02x}" for i in (1, 3, 5)
    )


class TestContrast:
    @pytest.fixture(params=[0, 1], ids=["light", "dark"])
    def palette(self, request):
        sheet = (Path(stratmap.app.__file__).parent / "style.css").read_text(encoding="utf-8")
        blocks = re.findall(r"\{([^}]*--sm-ink:[^}]*)\}", sheet)
        return dict(re.findall(r"--sm-([\w-]+):\s*([^;]+);", blocks[request.param]))

    @pytest.mark.parametrize(
        "pair",
        [
            *(("ink", ground) for ground in ("card", "ground", "tint", "eye-bg", "bad-bg", "quote")),
            *(("soft", ground) for ground in ("card", "ground", "tint")),
            *(("blue", ground) for ground in ("card", "ground")),
            *(("eye", ground) for ground in ("eye-bg", "ground")),
            ("yes", "yes-bg"),
        ],
    )
    def test_text_passes_wcag_aa(self, palette, pair):
        assert _contrast(palette[pair[0]], palette[pair[1]]) >= 4.5

    def test_text_on_every_highlight_and_badge_passes_wcag_aa(self, palette, desk):
        share = int(palette["mix"].rstrip("%")) / 100
        for label in desk.framework.labels:
            mark = _mixed(label.colour, share, palette["mix-to"])
            assert _contrast(palette["ink"], mark) >= 4.5, label.code
            assert _contrast("#14202c", label.colour) >= 4.5, label.code

    def test_every_depth_of_the_heat_map_passes_wcag_aa(self, palette):
        for depth in range(8, 53):
            assert _contrast(palette["ink"], _mixed(palette["heat"], depth / 100, palette["card"])) >= 4.5, depth
