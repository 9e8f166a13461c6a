"""Which question is worth most, and which documents are nearly the same."""

from dataclasses import replace

import numpy as np
import pytest

from stratmap.index.features import Features
from stratmap.records import Correction
from stratmap.reviewing.corrections import Standing
from stratmap.reviewing.duplicates import near_duplicates
from stratmap.reviewing.queue import progress_of, questions

LABELS = ("O1", "O2")
HALF = np.array([0.5, 0.5])


def document(name: str, vector, logits) -> Features:
    vector = np.array([vector], np.float32) / np.linalg.norm(vector)
    span = np.array([[0, 0, 50]])
    return Features(name, name, vector, np.array([logits], np.float32), np.array([50]), span)


def asked(documents, stands=None, thresholds=HALF, most=10):
    return [(one.doc_id, one.code) for one in questions(documents, None, LABELS, thresholds, stands or {}, most)]


def test_the_least_sure_comes_first_and_the_sure_is_not_asked():
    documents = [
        document("sure", [1, 0, 0], [9, -9]),
        document("fair", [0, 1, 0], [1, -9]),
        document("torn", [0, 0, 1], [0, -9]),
    ]
    assert asked(documents) == [("torn", "O1"), ("fair", "O1")]


def test_the_value_by_hand():
    """At the threshold uncertainty is 1; a logit of 1 gives 4 * 0.731 * 0.269 = 0.786; nothing known: novelty 1."""
    found = questions([document("fair", [0, 1], [1, -9])], None, LABELS, HALF, {})
    assert found[0].value == pytest.approx(0.786, abs=1e-3)
    assert (found[0].novelty, found[0].applied) == (1.0, True)


def test_uncertainty_is_measured_from_the_labels_own_threshold():
    low = np.array([0.2, 0.5])
    at_low = document("at-low", [1, 0], [np.log(0.25), -9])  # a probability of 0.2
    assert questions([at_low], None, LABELS, low, {})[0].uncertainty == pytest.approx(1.0, abs=1e-6)


def test_near_copies_are_asked_about_once_before_anything_new():
    twins = [document(f"twin-{n}", [1, 0.01 * n, 0], [0, -9]) for n in range(3)]
    other = document("other", [0, 0, 1], [1.2, -9])
    assert asked([*twins, other])[:2] == [("twin-0", "O1"), ("other", "O1")]


def test_a_copy_of_what_was_answered_is_worth_little_and_the_answered_is_not_asked():
    answered, copy = document("answered", [1, 0, 0], [0, -9]), document("copy", [1, 0.01, 0], [0, -9])
    other = document("other", [0, 0, 1], [1.5, -9])
    stands = {"answered": Standing({"O1": True})}
    assert asked([answered, copy, other], stands) == [("other", "O1"), ("copy", "O1")]


def test_an_answer_on_another_label_does_not_make_a_question_old():
    one = document("one", [1, 0], [0, 0])
    assert set(asked([one])) == {("one", "O1"), ("one", "O2")}
    assert questions([one], None, LABELS, HALF, {"one": Standing({"O1": True})})[0].novelty == 1.0


def test_nothing_to_ask_about_is_no_question():
    assert asked([]) == []
    empty = Features(
        "e", "e", np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32), np.zeros(0, int), np.zeros((0, 3), int)
    )
    assert asked([empty]) == []
    assert len(asked([document("a", [1, 0], [0, 0])], most=1)) == 1


def test_progress_counts_the_last_word_on_a_tag():
    one = Correction("d", "a", "O1", "tag", True, "Ana", applied=False)
    assert progress_of([one, replace(one, applies=False)]).agreed == 1
    assert progress_of([replace(one, undone=True)]).share is None
    assert progress_of([one], {"other"}).answered == 0
    assert progress_of([replace(one, kind="note")]).answered == 0


def test_near_duplicates_are_found_whatever_their_length():
    long = Features(
        "long", "long", np.eye(4, dtype=np.float32), np.zeros((4, 2), np.float32), np.full(4, 50), np.zeros((4, 3), int)
    )
    copy = replace(long, doc_id="copy", vectors=long.vectors[::-1].copy())
    other = replace(long, doc_id="other", vectors=-long.vectors)
    [pair] = near_duplicates([long, copy, other])
    assert {pair.first, pair.second} == {"long", "copy"}
    assert pair.likeness == 1.0
    assert near_duplicates([long]) == []
