"""The handlers of the tabs over a small desk, and the running app as a program would call it."""

import base64
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from stratmap.app import ask_tab, conversation, framework_tab, portfolio, portfolio_tab, reader, tag_tab
from stratmap.app.printed import PrintedPages
from stratmap.app.render.answers import conversation as render_conversation
from stratmap.app.samples import SAMPLES
from stratmap.errors import LimitExceeded, UsageError
from stratmap.records import Filters
from stratmap.settings import AppSettings, Settings

from .conftest import quiet

SETTINGS = Settings()


def asked_once(desk, question, turns, filters):
    """One more turn of a conversation, whole."""
    *_, last = conversation.ask_in_steps(desk, SETTINGS, question, turns, filters)
    return last


class TestTagging:
    def test_text_and_files_are_tagged_in_order_and_a_bad_one_is_named(self, desk, tmp_path):
        good, bad = tmp_path / "good.txt", tmp_path / "bad.pdf"
        good.write_text("Mobile clinics treated migrants.", encoding="utf-8")
        bad.write_bytes(b"%PDF-1.7 broken")
        reports, problems = tag_tab.tag_reports(desk, SETTINGS, "Pasted text.", [str(good), str(bad)], quiet)
        assert [r.document.name for r in reports] == ["Pasted text.", "good.txt"]
        assert len(problems) == 1
        assert "bad.pdf" in problems[0]
        assert str(tmp_path) not in problems[0] + reports[1].document.source
        assert "Not read:" in tag_tab.show_report(desk, reports, 0, problems)

    def test_a_long_file_tells_how_far_it_is(self, desk, tmp_path):
        from reportlab.pdfgen.canvas import Canvas

        canvas = Canvas(str(tmp_path / "long.pdf"))
        for number in range(1, 31):
            canvas.drawString(72, 700, f"Chapter {number}. Mobile clinics treated people in village {number}.")
            canvas.showPage()
        canvas.save()
        steps = []
        tag_tab.tag_reports(desk, SETTINGS, "", [str(tmp_path / "long.pdf")], lambda *step: steps.append(step))
        assert [round(share, 2) for share, _ in steps] == [0, 0.3, 0.65]
        assert steps[-1][1] == "Report 1 of 1: looking for evidence on 30 pages, 50% of it"

    def test_nothing_given_asks_for_a_text(self, desk):
        reports, problems = tag_tab.tag_reports(desk, SETTINGS, "  ", [], quiet)
        assert (reports, problems) == ([], [])
        assert "Paste a text" in tag_tab.show_report(desk, reports, 0, problems)

    def test_limits_are_kept(self, tmp_path):
        tight = Settings(app=AppSettings(max_paste_characters=5, max_upload_bytes=5))
        with pytest.raises(LimitExceeded, match="at most 5 characters, found 6"):
            tag_tab.read_pasted("123456", tight)
        (tmp_path / "long.txt").write_text("123456", encoding="utf-8")
        with pytest.raises(LimitExceeded, match="at most 5 bytes, found 6"):
            tag_tab.read_upload(tmp_path / "long.txt", tight)

    def test_without_an_archive_the_tags_still_come(self, bare_desk):
        reports, problems = tag_tab.tag_reports(bare_desk, SETTINGS, SAMPLES["Flood response"], [], quiet)
        assert not problems
        shown = tag_tab.show_report(bare_desk, reports, 0, problems)
        assert "row-O9" in shown
        assert "stratmap index" in shown

    def test_the_files_hold_every_tag(self, desk):
        reports, _ = tag_tab.tag_reports(desk, SETTINGS, SAMPLES["Border crossing"], [], quiet)
        word, workbook, as_json, iati = tag_tab.write_files(desk, reports)
        data = json.loads(Path(as_json).read_text(encoding="utf-8"))
        assert [len(data[0]["tags"][group]) for group in ("objectives", "principles")] == [9, 6]
        assert Path(workbook).read_bytes().startswith(b"PK")
        assert "<tag " in Path(iati).read_text(encoding="utf-8")
        import docx

        text = "\n".join(paragraph.text for paragraph in docx.Document(word).paragraphs)
        assert "O8 Border and immigration management" in text
        assert "84 officers completed training" in text
        assert tag_tab.write_files(desk, []) == (None,) * 4

    def test_too_many_files_at_once_are_refused_before_any_is_read(self, desk):
        reports, problems = tag_tab.tag_reports(desk, SETTINGS, "", ["/nowhere"] * 500, quiet)
        assert reports == []
        assert "at most 20 files at once, found 500" in problems[0]

    def test_a_crosswalk_on_demand(self, desk):
        reports, _ = tag_tab.tag_reports(desk, SETTINGS, SAMPLES["Seasonal workers"], [], quiet)
        assert "<table" in tag_tab.show_crosswalk(desk, reports, 0, "sdg")
        assert "Known:" in tag_tab.show_crosswalk(desk, reports, 0, "nonsense")
        assert "first" in tag_tab.show_crosswalk(desk, [], 0, "sdg")


class TestAsking:
    def test_a_question_is_a_turn_and_a_problem_too(self, desk):
        found = asked_once(desk, " What helped \n returnees? ", [], Filters())
        assert found.question == "What helped returnees?"
        assert found.answer is not None
        assert found.answer.answered
        assert "bang" in asked_once(desk, "boom", [found], Filters()).problem
        assert "at most 2,000" in asked_once(desk, "x" * 2001, [], Filters()).problem

    def test_filters_restrict_and_refuse_years_in_the_wrong_order(self, desk):
        only = conversation.make_filters([], ["Armenia"], None, None)
        turn = asked_once(desk, "What helped returnees?", [], only)
        assert turn.answer.citations[0].document == "armenia-return.md"
        assert not conversation.make_filters([], [], None, None)
        with pytest.raises(UsageError, match="from 2020 to 2010"):
            conversation.make_filters([], [], 2020, 2010)

    def test_suggestions_come_from_the_archive(self, desk, bare_desk):
        found = conversation.suggestions(desk.framework, desk.documents())
        assert len(found) == 3
        assert all(question.startswith("What was done on ") for question in found)
        assert conversation.suggestions(bare_desk.framework, bare_desk.documents()) == []

    def test_the_answer_grows_in_steps_and_the_last_one_is_whole(self, desk):
        steps = list(conversation.ask_in_steps(desk, SETTINGS, "What helped returnees?", [], Filters()))
        assert steps[0].pending
        assert steps[0].answer is None
        assert not steps[-1].pending
        assert steps[-1].answer.answered

    def test_a_verdict_is_stored_once_and_shown(self, desk):
        desk.feedback.clear()
        turns = [asked_once(desk, "What helped returnees?", [], Filters())]
        for key in ("up|0", "up|0", "down|0"):
            turns = conversation.vote(desk, turns, key)
        assert desk.feedback == [("What helped returnees?", True), ("What helped returnees?", False)]
        assert 'data-vote="down|0" aria-pressed="true"' in render_conversation(turns)

    @pytest.mark.parametrize("key", ["", "up", "up|1", "up|-1", "sideways|0", "up|0|0"])
    def test_a_wrong_verdict_is_refused(self, desk, key):
        turns = [asked_once(desk, "What helped returnees?", [], Filters())]
        with pytest.raises(UsageError, match="expected up"):
            conversation.vote(desk, turns, key)

    def test_the_exports_hold_answers_sources_and_what_was_not_found(self, desk):
        import docx

        asked = ("What helped returnees?", "cement?")
        turns = [asked_once(desk, question, [], Filters()) for question in asked]
        word, markdown = ask_tab.write_conversation(turns)
        text = "\n".join(paragraph.text for paragraph in docx.Document(word).paragraphs)
        for content in (text, Path(markdown).read_text("utf-8")):
            assert "retraining to 240 returnees" in content
            assert "moldova-centre.md" in content
            assert "Not found in the archive." in content


class TestPrintedPages:
    @pytest.fixture
    def printed(self, desk, tmp_path):
        """A desk of one PDF and the key of its second sentence."""
        from reportlab.pdfgen.canvas import Canvas

        from stratmap.reading import read_document
        from stratmap.records import IndexedDocument

        path = tmp_path / "report.pdf"
        canvas = Canvas(str(path))
        canvas.drawString(72, 700, "Wages were paid on time. Nineteen workers got their papers back.")
        canvas.save()
        document = read_document(path, SETTINGS.reading)
        text = document.pages[0].text
        start = text.index("Nineteen")
        known = IndexedDocument(document.doc_id, path.name, str(path), "", "en", 1, (), None, {})
        small = SimpleNamespace(documents=lambda: [known], page_text=lambda doc_id, page: text)
        return small, f"{document.doc_id}|0|{start}|{len(text)}|1", path

    def test_the_page_is_drawn_with_its_quotation(self, printed):
        small, key, _ = printed
        shown = PrintedPages(small, SETTINGS.reading).show(key)
        picture = base64.b64decode(re.search(r"base64,([^\"]+)", shown)[1])
        with Image.open(io.BytesIO(picture)) as image:
            assert image.width == 1_100
            marked = sum(n for n, (r, g, b) in image.getcolors(1 << 24) if r > 230 and g > 200 and b < 190)
        assert marked > 2_000
        assert str(printed[2].parent) not in shown

    def test_a_file_that_is_gone_or_another_is_said(self, printed):
        small, key, path = printed
        from reportlab.pdfgen.canvas import Canvas

        canvas = Canvas(str(path))
        canvas.drawString(72, 700, "Something else altogether.")
        canvas.save()
        pages = PrintedPages(small, SETTINGS.reading)
        assert "no longer holds the quotation" in pages.show(key)
        path.unlink()
        shown = pages.show(key)
        assert "not where it was" in shown
        assert str(path.parent) not in shown

    def test_only_a_pdf_offers_its_printed_page(self, desk):
        doc_id = desk.documents()[1].doc_id
        assert "data-printed" not in reader.open_place(desk, f"{doc_id}|0|0|9|1")


class TestReading:
    def test_a_citation_opens_its_page(self, desk):
        doc_id = desk.documents()[1].doc_id
        shown = reader.open_place(desk, f"{doc_id}|0|0|9|1")
        assert '<mark class="sm-quote" data-arrive="1">Returnees</mark>' in shown
        assert "armenia-return.md" in shown

    @pytest.mark.parametrize(
        "key", ["", "x", "d|0|0|9", "d|a|0|9|1", "d|-1|0|9|1", "<b>|0|0|1|1", "../etc/passwd|0|0|1|1"]
    )
    def test_a_wrong_key_is_a_remark(self, desk, key):
        shown = reader.open_place(desk, key)
        assert "sm-problem" in shown
        assert "<b>" not in shown


class TestArchive:
    def test_a_cell_lists_its_documents(self, desk):
        assert "georgia-tb.md" in portfolio_tab.show_cell(desk, "country|O7|Georgia")
        assert "georgia-tb.md" in portfolio_tab.show_cell(desk, "year|O7|2020")
        assert "No document" in portfolio_tab.show_cell(desk, "country|O7|Moldova")
        assert "sm-problem" in portfolio_tab.show_cell(desk, "nonsense")

    def test_the_portfolio_by_country_and_year(self, desk, bare_desk):
        assert "country|O7|Georgia" in portfolio_tab.show_portfolio(desk, "Country")
        assert "year|O7|2020" in portfolio_tab.show_portfolio(desk, "Year")
        assert "empty" in portfolio_tab.show_portfolio(bare_desk, "Country")
        assert portfolio_tab.show_rest(bare_desk) == ""

    def test_a_document_of_a_cell_opens_its_evidence_and_the_page(self, desk):
        evidences = portfolio.Evidences(desk)
        doc_id = next(d.doc_id for d in desk.documents() if d.name == "georgia-tb.md")
        shown = portfolio_tab.show_evidence(desk, evidences, f"O7|{doc_id}")
        assert "310 migrants" in shown
        key = re.search(r'data-choose="([^"]+)"', shown)[1]
        assert "sm-quote" in reader.open_place(desk, key)
        for wrong in ("O7", "O99|x", f"O99|{doc_id}", "O7|nothing"):
            assert "sm-problem" in portfolio_tab.show_evidence(desk, evidences, wrong)

    @pytest.mark.parametrize("shares", [False, True])
    def test_the_portfolio_as_files(self, desk, shares):
        import openpyxl

        book, svg, png = portfolio.write_portfolio(desk, "country", shares)
        assert openpyxl.load_workbook(book).sheetnames
        drawn = Path(svg).read_text("utf-8")
        assert "Georgia" in drawn
        assert "<script>" not in drawn
        with Image.open(png) as image:
            assert image.format == "PNG"
            assert len(image.getcolors(1 << 24)) > 20

    def test_the_framework_without_an_archive(self, bare_desk):
        assert "0 documents" in framework_tab.show_framework(bare_desk)


@pytest.mark.filterwarnings("ignore")  # the server runs in this process; Gradio's warnings are not ours
class TestServing:
    def test_the_app_answers_a_program(self, server):
        from gradio_client import Client

        client = Client(server, verbose=False, analytics_enabled=False)
        tagged = client.predict(SAMPLES["Seasonal workers"], api_name="/tag_text")
        assert tagged["tags"]["objectives"][0]["code"] == "O5"
        answer = client.predict("What helped returnees?", api_name="/ask")
        assert answer["citations"][0]["quote"] in answer["answer"]
        narrowed = client.predict("What helped returnees?", countries=["Georgia"], api_name="/ask")
        assert not narrowed["answered"]
        page = client.predict("georgia-tb.md", api_name="/read_page")
        assert "310 migrants" in page["text"]

    def test_the_names_of_the_endpoints_are_stable_and_described(self, server):
        from gradio_client import Client

        client = Client(server, verbose=False, analytics_enabled=False)
        listed = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
        assert set(listed) >= {
            "/tag_text", "/similar_passages", "/ask", "/list_documents", "/read_page", "/portfolio_coverage",
            "/feedback", "/framework_labels", "/crosswalk",
        }  # fmt: skip
        assert listed["/ask"]["description"]
        assert listed["/ask"]["parameters"][0]["parameter_name"] == "question"

    def test_the_browser_is_told_to_stay_here(self, server):
        import urllib.request

        with urllib.request.urlopen(server) as answer:
            policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy
