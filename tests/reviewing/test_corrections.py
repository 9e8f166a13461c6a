"""What people say counts at once, the last word counts, and every word can be taken back."""

import sqlite3

import numpy as np
import pytest

from stratmap.errors import UsageError
from stratmap.index import Index
from stratmap.index.corrections import CorrectionStore, decided
from stratmap.index.features import FeatureStore
from stratmap.records import Correction, Evidence, Filters, Language, Tag, TaggedDocument
from stratmap.reviewing.corrections import Standing, checked, corrected, standing


def says(doc_id: str, code: str, applies: bool, **more) -> Correction:
    return Correction(doc_id, "a.md", code, "tag", applies, "Ana", **more)


def labels_of(index: Index, name: str) -> dict[str, float]:
    return next(one.labels for one in index.documents() if one.name == name)


class TestCounting:
    def test_a_correction_counts_in_the_index_at_once_and_an_undone_one_no_more(self, reviews, index, ids):
        assert labels_of(index, "border.md") == {"O1": 0.8}
        first = reviews.correct([says(ids["border.md"], "O1", False), says(ids["border.md"], "O2", True)])
        assert labels_of(index, "border.md") == {"O2": 1.0}
        reviews.undo(first[:1])
        assert labels_of(index, "border.md") == {"O1": 0.8, "O2": 1.0}

    def test_search_filters_go_by_the_corrected_labels(self, reviews, index, ids, hashing_encoder):
        vector = hashing_encoder.encode(["clinics"])[0]
        assert [hit.document for hit in index.search("clinics", vector, 5, Filters(labels=("O2",)))] == []
        reviews.correct([says(ids["clinic.md"], "O2", True)])
        found = index.search("clinics", vector, 5, Filters(labels=("O2",)))
        assert [hit.document for hit in found] == ["clinic.md"]

    def test_another_process_sees_a_correction_without_opening_the_index_again(self, reviews, index, ids):
        assert labels_of(index, "clinic.md") == {}
        CorrectionStore(index.folder).add([checked(says(ids["clinic.md"], "O2", True), reviews.framework)])
        assert labels_of(index, "clinic.md") == {"O2": 1.0}

    def test_the_last_verdict_counts_and_a_withdrawn_tag_is_the_taggers_again(self, reviews, ids):
        doc_id = ids["border.md"]
        reviews.correct([says(doc_id, "O1", False)])
        reviews.correct([says(doc_id, "O1", True)])
        assert reviews.standing(doc_id).verdicts == {"O1": True}
        assert reviews.withdraw(doc_id, "O1") == 2
        assert reviews.standing(doc_id).verdicts == {}

    def test_nothing_of_a_batch_is_kept_when_one_cannot_be(self, reviews, ids):
        with pytest.raises(UsageError, match="O9"):
            reviews.correct([says(ids["border.md"], "O1", False), says(ids["border.md"], "O9", True)])
        assert reviews.corrections.all() == []

    def test_corrections_of_a_killed_writer_are_not_there_and_the_index_stays_sound(self, reviews, index, ids):
        with sqlite3.connect(index.folder / "index.sqlite") as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO corrections (doc_id, code, verdict, note, author, at) VALUES ('x','O1',1,'','A','')"
            )
            connection.execute("ROLLBACK")
        reviews.correct([says(ids["border.md"], "O1", False)])
        assert len(reviews.corrections.all()) == 1
        assert index.verify() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"author": "  "}, "name of who corrects"),
        ({"author": "x" * 81}, "found 81"),
        ({"note": "x" * 2001}, "found 2,001"),
        ({"kind": "rumour"}, "rumour"),
        ({"doc_id": ""}, "document"),
        ({"kind": "evidence"}, "place"),
        ({"kind": "note", "note": " "}, "note"),
    ],
)
def test_what_cannot_be_kept_is_refused(framework, change, message):
    from dataclasses import replace

    with pytest.raises(UsageError, match=message):
        checked(replace(says("d", "O1", True), **change), framework)


def tagged(*tags: Tag) -> TaggedDocument:
    return TaggedDocument("a.md", "d", Language("en", "English"), 1, {"objectives": tags}, True, ("unsure of O1",))


class TestShowing:
    def test_a_verdict_decides_and_the_probability_stays_the_taggers(self):
        tag = Tag("O1", "One", 0.55, True, review=True)
        [found] = corrected(tagged(tag), Standing({"O1": False})).tags["objectives"]
        assert (found.applied, found.review, found.corrected, found.probability) == (False, False, True, 0.55)

    def test_a_document_whose_doubts_are_answered_needs_no_further_look(self):
        found = corrected(tagged(Tag("O1", "One", 0.55, True, review=True)), Standing({"O1": True}))
        assert (found.needs_review, found.review_reasons) == (False, ())

    def test_wrong_evidence_is_shown_no_more(self):
        tag = Tag("O1", "One", 0.9, True, (Evidence(1, 0, 5, "first", 0.9), Evidence(1, 9, 12, "last", 0.8)))
        [found] = corrected(tagged(tag), Standing({}, {"O1": frozenset({(0, 0, 5)})})).tags["objectives"]
        assert [item.text for item in found.evidence] == ["last"]

    def test_evidence_and_notes_stand_until_taken_back(self):
        mark = Correction("d", "a", "O1", "evidence", False, "Ana", place=(0, 1, 4))
        note = Correction("d", "a", "O1", "note", False, "Ana", note="Look again.")
        found = standing([mark, note])["d"]
        assert found.wrong == {"O1": frozenset({(0, 1, 4)})}
        assert [one.note for one in found.notes] == ["Look again."]
        assert standing([Correction("d", "a", "O1", "tag", True, "Ana", undone=True)]) == {}


def test_decided_labels_by_hand():
    assert decided({"O1": 0.7}, {"O1": True, "O2": False, "P1": True}) == {"O1": 1.0, "P1": 1.0}


class TestFeatures:
    def test_what_the_tagger_saw_comes_back_as_it_was(self, reviews, ids):
        found = {one.doc_id: one for one in reviews.features.archive()}
        assert set(found) == set(ids.values())
        one = found[ids["border.md"]]
        assert np.allclose(one.logits, np.log([[4, 1 / 4, 1 / 4]]))
        assert one.vectors.shape == (1, 32)
        assert one.lengths.tolist() == [len("Border guards were trained in document checks.")]

    def test_logits_of_another_tagger_are_not_given(self, reviews, index):
        other = FeatureStore(index.folder, "another tagger")
        assert other.archive() == []
        assert len(other.unscored()) == 4
        assert reviews.features.unscored() == []

    def test_a_deleted_document_takes_its_features_along(self, reviews, index, ids):
        index.delete([ids["border.md"]])
        assert ids["border.md"] not in {one.doc_id for one in reviews.features.archive()}
        index.compact()
        with sqlite3.connect(index.folder / "index.sqlite") as connection:
            assert connection.execute("SELECT count(*) FROM scores").fetchone() == (3,)

    def test_a_corrected_text_outside_the_archive_leaves_features_and_no_text(self, reviews, make_features, index):

        own = make_features("own", "A quiet xylophone at the border.")
        reviews.remember(own)
        reviews.correct([says(own.doc_id, "O1", False)])
        [kept] = reviews.features.examples()
        assert kept.vectors.tolist() == own.vectors.tolist()
        data = b"".join(path.read_bytes() for path in index.folder.glob("index.sqlite*"))
        assert b"xylophone" not in data
        assert reviews.features.forget([own.doc_id]) == 1
        assert reviews.features.examples() == []
