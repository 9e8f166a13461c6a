"""The handlers of the tabs over a small desk, and the running app as a program would call it."""

import json
from pathlib import Path

import pytest

from stratmap.app import ask_tab, framework_tab, portfolio_tab, reader, tag_tab
from stratmap.app.protocol import Turn
from stratmap.app.samples import SAMPLES
from stratmap.app.serve import launch
from stratmap.errors import LimitExceeded, SettingsError, UsageError
from stratmap.records import Filters
from stratmap.settings import AppSettings, Settings

SETTINGS = Settings()


def quiet(_share: float, _message: str) -> None:
    """No progress bar."""


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
        as_json, workbook, iati = tag_tab.write_files(desk, reports)
        data = json.loads(Path(as_json).read_text(encoding="utf-8"))
        assert [len(data[0]["tags"][group]) for group in ("objectives", "principles")] == [9, 6]
        assert Path(workbook).read_bytes().startswith(b"PK")
        assert "<tag " in Path(iati).read_text(encoding="utf-8")
        assert tag_tab.write_files(desk, []) == (None, None, None)

    def test_a_crosswalk_on_demand(self, desk):
        reports, _ = tag_tab.tag_reports(desk, SETTINGS, SAMPLES["Seasonal workers"], [], quiet)
        assert "<table" in tag_tab.show_crosswalk(desk, reports, 0, "sdg")
        assert "Known:" in tag_tab.show_crosswalk(desk, reports, 0, "nonsense")
        assert "first" in tag_tab.show_crosswalk(desk, [], 0, "sdg")


class TestAsking:
    def test_a_question_is_a_turn_and_a_problem_too(self, desk):
        found = ask_tab.ask(desk, SETTINGS, " What helped \n returnees? ", [], Filters())
        assert found.question == "What helped returnees?"
        assert found.answer is not None
        assert found.answer.answered
        assert "bang" in ask_tab.ask(desk, SETTINGS, "boom", [found], Filters()).problem
        assert "at most 2,000" in ask_tab.ask(desk, SETTINGS, "x" * 2001, [], Filters()).problem

    def test_filters_restrict_and_refuse_years_in_the_wrong_order(self, desk):
        only = ask_tab.make_filters([], ["Armenia"], None, None)
        turn = ask_tab.ask(desk, SETTINGS, "What helped returnees?", [], only)
        assert turn.answer.citations[0].document == "armenia-return.md"
        assert not ask_tab.make_filters([], [], None, None)
        with pytest.raises(UsageError, match="from 2020 to 2010"):
            ask_tab.make_filters([], [], 2020, 2010)

    def test_the_rate_is_limited_within_a_minute_only(self):
        assert ask_tab.too_fast([0.0, 1.0], 2.0, 2)
        assert not ask_tab.too_fast([0.0, 1.0], 62.0, 2)
        assert not ask_tab.too_fast([0.0, 1.0], 2.0, 0)

    def test_suggestions_come_from_the_archive(self, desk, bare_desk):
        found = ask_tab.suggestions(desk.framework, desk.documents())
        assert len(found) == 3
        assert all(question.startswith("What was done on ") for question in found)
        assert ask_tab.suggestions(bare_desk.framework, bare_desk.documents()) == []

    def test_the_export_is_written(self):
        assert "cement" in Path(ask_tab.write_markdown([Turn("cement?", problem="no")])).read_text("utf-8")


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
        assert portfolio_tab.show_gaps(bare_desk) == ""

    def test_the_framework_without_an_archive(self, bare_desk):
        assert "0 documents" in framework_tab.show_framework(bare_desk)


@pytest.mark.filterwarnings("ignore")  # the server runs in this process; Gradio's warnings are not ours
class TestServing:
    def test_a_login_that_does_not_exist_is_refused_not_ignored(self, desk):
        with pytest.raises(SettingsError, match="users_file"):
            launch(desk, Settings(app=AppSettings(users_file="users.json")))

    def test_the_app_answers_a_program(self, server):
        from gradio_client import Client

        client = Client(server, verbose=False, analytics_enabled=False)
        tagged = client.predict(SAMPLES["Seasonal workers"], api_name="/tag_text")
        assert tagged["tags"]["objectives"][0]["code"] == "O5"
        answer = client.predict("What helped returnees?", api_name="/ask")
        assert answer["citations"][0]["quote"] in answer["answer"]
        page = client.predict("nonsense", api_name="/open_citation")
        assert "sm-problem" in page

    def test_the_names_of_the_endpoints_are_stable(self, server):
        from gradio_client import Client

        client = Client(server, verbose=False, analytics_enabled=False)
        names = set(client.view_api(return_format="dict", print_info=False)["named_endpoints"])
        assert names >= {
            "/tag_reports", "/tag_text", "/show_report", "/crosswalk_sdg", "/ask", "/ask_in_conversation",
            "/open_citation", "/open_neighbour", "/new_conversation", "/portfolio", "/portfolio_cell", "/refresh",
        }  # fmt: skip

    def test_the_browser_is_told_to_stay_here(self, server):
        import urllib.request

        with urllib.request.urlopen(server) as answer:
            policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy
