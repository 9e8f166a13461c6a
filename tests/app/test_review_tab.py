"""The review: which question comes first, what an answer keeps, and the workbook on its way out and back."""

from pathlib import Path

import pytest

from stratmap.app import review_tab, tag_tab, versions_panel
from stratmap.errors import UsageError
from stratmap.settings import Settings

from .conftest import quiet

SETTINGS = Settings()


def begun(desk):
    """A review of the whole archive with its first questions."""
    return review_tab.filled(desk.reviews, review_tab.Session(), None)


class TestQuestions:
    def test_an_answer_is_kept_and_the_next_question_comes(self, kept_desk):
        session = begun(kept_desk)
        first, second = session.queue[:2]
        session = review_tab.answer(kept_desk.reviews, session, "yes", "Ana")
        assert session.queue[0] == second
        [kept] = kept_desk.reviews.corrections.all()
        assert (kept.doc_id, kept.code, kept.applies, kept.author) == (first.doc_id, first.code, True, "Ana")
        assert kept.probability == pytest.approx(first.probability)

    def test_undo_takes_the_last_answer_back_and_asks_again(self, kept_desk):
        session = begun(kept_desk)
        asked = session.queue[0]
        session = review_tab.answer(kept_desk.reviews, session, "no", "Ana")
        session = review_tab.answer(kept_desk.reviews, session, "undo", "Ana")
        assert session.queue[0] == asked
        assert kept_desk.reviews.corrections.all() == []
        assert "Nothing to undo" in review_tab.answer(kept_desk.reviews, session, "undo", "Ana").last

    def test_what_was_skipped_or_answered_is_not_asked_again(self, kept_desk):
        session = begun(kept_desk)
        seen = set()
        while session.queue:
            key = (session.queue[0].doc_id, session.queue[0].code)
            assert key not in seen
            seen.add(key)
            session = review_tab.answer(kept_desk.reviews, session, "skip" if len(seen) % 2 else "yes", "Ana")
            session = review_tab.filled(kept_desk.reviews, session, None)
        assert len(seen) > 3
        html, line = review_tab.show(kept_desk, session, review_tab.ARCHIVE, [])
        assert "Nothing left to ask" in html
        assert "0 questions in the queue" in line

    def test_agreement_with_the_tagger_is_counted(self, kept_desk):
        session = begun(kept_desk)
        for agree in (True, False):
            word = "yes" if session.queue[0].applied == agree else "no"
            session = review_tab.answer(kept_desk.reviews, session, word, "Ana")
        _, line = review_tab.show(kept_desk, session, review_tab.ARCHIVE, [])
        assert "right in 1 of 2 (50 %)" in line

    def test_ones_own_upload_is_reviewed_alone(self, kept_desk):
        text = "Mobile clinics treated people. Border guards were trained together with the ministry."
        reports, _ = tag_tab.tag_reports(kept_desk, SETTINGS, text, [], quiet)
        html, line, session = review_tab.draw(kept_desk, review_tab.Session(), review_tab.MINE, reports)
        assert {one.doc_id for one in session.queue} == {reports[0].document.doc_id}
        assert "Mobile clinics" in html
        assert "your reports" in line
        empty, _, _ = review_tab.draw(kept_desk, review_tab.Session(), review_tab.MINE, [])
        assert "No report of yours yet" in empty

    def test_a_hostile_name_and_text_are_only_text(self, kept_desk):
        for question in begun(kept_desk).queue:
            html, _ = review_tab.show(kept_desk, review_tab.Session((question,)), review_tab.ARCHIVE, [])
            assert "<script" not in html
            assert "<b>" not in html

    def test_documents_of_an_earlier_tagger_are_named_and_prepared(self, kept_desk):
        import sqlite3

        before = {one.doc_id: one.logits.round(3).tolist() for one in kept_desk.reviews.features.archive()}
        with sqlite3.connect(kept_desk.index_folder / "index.sqlite") as connection:
            connection.execute("UPDATE scores SET tagger = 'an earlier one'")
        _, said = review_tab.unprepared(kept_desk)
        assert "6 documents" in said
        steps = []
        assert review_tab.prepare_archive(kept_desk, lambda done, total: steps.append((done, total))) == ""
        assert steps[-1] == (5, 6)
        assert review_tab.unprepared(kept_desk)[1] == ""
        assert {one.doc_id: one.logits.round(3).tolist() for one in kept_desk.reviews.features.archive()} == before

    def test_another_word_is_refused(self, kept_desk):
        with pytest.raises(UsageError, match="yes, no, skip or undo"):
            review_tab.answer(kept_desk.reviews, begun(kept_desk), "perhaps", "Ana")

    def test_without_an_index_the_tab_says_what_to_do(self, desk):
        html, _, _ = review_tab.draw(desk, review_tab.Session(), review_tab.ARCHIVE, [])
        assert "tab Archive" in html


class TestLearning:
    def test_nothing_to_learn_from_is_said_then_figures_come_and_a_version_can_be_restored(self, kept_desk):
        assert "found none" in versions_panel.retrain(kept_desk, "Ana")
        session = begun(kept_desk)
        for _ in range(3):
            session = review_tab.answer(kept_desk.reviews, session, "yes", "Ana")
        html = versions_panel.retrain(kept_desk, "Ana")
        assert "Retrained." in html
        assert "Agreement with people" in html
        learned, versions, corrections = versions_panel.shown(kept_desk)
        assert "3 verdicts" in learned
        assert "Version 0001" in versions
        assert corrections.count("Take back") == 6  # a label for the eye and one for the ear
        assert "is in use" in versions_panel.restore(kept_desk, "shipped")
        assert "Known:" in versions_panel.restore(kept_desk, "0009")
        versions_panel.take_back(kept_desk, "1")
        assert len(kept_desk.reviews.corrections.all()) == 2

    def test_the_workbook_is_previewed_before_it_counts(self, kept_desk, tmp_path):
        from openpyxl import load_workbook

        path = Path(versions_panel.write_workbook(kept_desk))
        book = load_workbook(path)
        sheet = book["corrections"]
        sheet.cell(2, 7).value = "does not apply"
        sheet.cell(3, 7).value = "perhaps"
        book.save(tmp_path / "edited.xlsx")
        edited = str(tmp_path / "edited.xlsx")
        html, some = versions_panel.take_workbook(kept_desk, SETTINGS, edited, "Ana", dry=True)
        assert some
        assert "To be taken: 1 tag." in html
        assert "Row 3" in html
        assert kept_desk.reviews.corrections.all() == []
        html, _ = versions_panel.take_workbook(kept_desk, SETTINGS, edited, "Ana", dry=False)
        assert "Taken from the workbook: 1 tag." in html
        assert len(kept_desk.reviews.corrections.all()) == 1
        html, some = versions_panel.take_workbook(kept_desk, SETTINGS, __file__, "Ana", dry=True)
        assert not some
        assert 'role="alert"' in html
