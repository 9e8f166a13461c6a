"""Correcting a report on the screen: what a click keeps, what it shows, and what it refuses."""

from dataclasses import replace

import pytest

from stratmap.app import tag_tab
from stratmap.app.correcting import UNNAMED, author_of, correct_report
from stratmap.app.render.tags import state
from stratmap.errors import UsageError
from stratmap.reviewing.corrections import find_tag
from stratmap.settings import Settings

from .conftest import quiet

TEXT = "Victims of trafficking reached a shelter. The weather was fine and the meeting went well on that day."


@pytest.fixture
def report(kept_desk):
    [found], problems = tag_tab.tag_reports(kept_desk, Settings(), TEXT, [], quiet)
    assert not problems
    return found


def shown(desk, report) -> str:
    return tag_tab.show_report(desk, [report], 0, ())


class TestOneClick:
    def test_a_tag_is_removed_kept_with_its_author_and_still_gone_when_tagged_again(self, kept_desk, report):
        assert find_tag(report.tagged, "O4").applied
        fixed = correct_report(kept_desk, report, "tag|O4|no", "Ana")
        assert state(find_tag(fixed.tagged, "O4")) == "removed by hand"
        [kept] = kept_desk.reviews.corrections.all()
        assert (kept.author, kept.code, kept.applies, kept.applied) == ("Ana", "O4", False, True)
        assert kept.at.endswith("Z")
        assert not find_tag(kept_desk.tag(report.document), "O4").applied

    def test_a_tag_is_added_and_taken_back(self, kept_desk, report):
        fixed = correct_report(kept_desk, report, "tag|O7|yes", "Ana")
        assert state(find_tag(fixed.tagged, "O7")) == "applied by hand"
        assert 'aria-pressed="true"' in shown(kept_desk, fixed)
        back = correct_report(kept_desk, fixed, "tag|O7|back", "Ana")
        assert state(find_tag(back.tagged, "O7")) == "not applied"
        assert kept_desk.reviews.corrections.all() == []

    def test_wrong_evidence_goes_and_comes_back(self, kept_desk, report):
        item = find_tag(report.tagged, "O4").evidence[0]
        key = f"evidence|O4|{item.page_index}|{item.start}|{item.end}"
        fixed = correct_report(kept_desk, report, f"{key}|no", "Ana")
        assert item not in find_tag(fixed.tagged, "O4").evidence
        assert "1 passage marked as wrong evidence" in shown(kept_desk, fixed)
        back = correct_report(kept_desk, fixed, f"{key}|back", "Ana")
        assert item in find_tag(back.tagged, "O4").evidence

    def test_a_note_is_kept_and_shown_as_text(self, kept_desk, report):
        fixed = correct_report(kept_desk, report, "note|O4|<b>Ask | the desk</b>", "Ana")
        assert "&lt;b&gt;Ask | the desk&lt;/b&gt;" in shown(kept_desk, fixed)
        assert kept_desk.reviews.standing(report.document.doc_id).notes[0].author == "Ana"

    def test_a_report_in_the_archive_changes_the_portfolio_at_once(self, kept_desk, report):
        kept_desk.add_document(report.document)
        assert any("O4" in one.labels for one in kept_desk.documents() if one.doc_id == report.document.doc_id)
        correct_report(kept_desk, report, "tag|O4|no", "Ana")
        assert not any("O4" in one.labels for one in kept_desk.documents() if one.doc_id == report.document.doc_id)

    @pytest.mark.parametrize("key", ["", "tag|O4", "tag|O4|maybe", "tag|X9|yes", "evidence|O4|1|2", "drop|O4|yes"])
    def test_a_forged_key_is_refused_and_keeps_nothing(self, kept_desk, report, key):
        with pytest.raises(UsageError):
            correct_report(kept_desk, report, key, "Ana")
        assert kept_desk.reviews.corrections.all() == []
        html, reports = tag_tab.correct(kept_desk, [report], 0, "Ana", key)
        assert "Not kept:" in html
        assert reports == [report]


def test_without_an_index_it_is_said_where_corrections_would_go(desk):
    [report], _ = tag_tab.tag_reports(desk, Settings(), TEXT, [], quiet)
    html, _ = tag_tab.correct(desk, [report], 0, "", "tag|O4|no")
    assert "expected an index to keep corrections in" in html


def test_a_name_is_trimmed_and_its_lack_is_said():
    assert author_of("  Ana   B ", None) == "Ana B"
    assert author_of("", None) == UNNAMED


def test_after_retraining_the_session_shows_what_changed(kept_desk, report):
    fixed = correct_report(kept_desk, report, "tag|O7|yes", "Ana")
    before = find_tag(fixed.tagged, "O7").probability
    assert kept_desk.reviews.retrain("Ana").version == "0001"
    [again] = tag_tab.retagged(kept_desk, [fixed])
    assert find_tag(again.tagged, "O7").probability > before + 0.1
    long = replace(
        fixed, document=replace(fixed.document, pages=(replace(fixed.document.pages[0], text="x" * 70_000),))
    )
    assert tag_tab.retagged(kept_desk, [long]) == [long]
