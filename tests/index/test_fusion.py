"""Fusion by values that can be worked out on paper."""

import doctest

import numpy as np
import pytest

from stratmap.index import fusion
from stratmap.index.fusion import DENSE_WEIGHT, FIRST_STAGE_WEIGHT, WEIGHT_BOUNDS, blend, dense_weight, fuse


def ints(*values):
    return np.array(values, dtype=np.int64)


def floats(*values):
    return np.array(values, dtype=np.float64)


def test_scores_by_hand():
    # One lexical passage: weight 0.7. Passage 1: 0.7 * 1.8 / 1.7; passage 2: (0.7 * 1.2 + 0.3) / 1.7.
    ids, scores = fuse(ints(1, 2), floats(0.8, 0.2), ints(2), floats(7.0))
    assert ids.tolist() == [1, 2]
    assert scores == pytest.approx([0.7 * 1.8 / 1.7, (0.7 * 1.2 + 0.3) / 1.7])


def test_a_passage_without_a_cosine_gets_the_lowest_one():
    ids, scores = fuse(ints(1, 2), floats(0.5, 0.1), ints(3), floats(4.0))
    assert dict(zip(ids.tolist(), scores, strict=True))[3] == pytest.approx((0.7 * 1.1 + 0.3) / 1.7)


def test_close_cosines_leave_the_decision_to_the_words():
    ids, _ = fuse(ints(1, 2, 3), floats(0.06, 0.05, 0.04), ints(3, 2), floats(9.0, 3.0))
    assert ids[0] == 3


def test_a_clear_cosine_beats_a_weak_lexical_lead():
    ids, _ = fuse(ints(1, 2), floats(0.9, 0.3), ints(2, 1), floats(10.0, 9.0))
    assert ids[0] == 1


def test_ties_go_by_id():
    ids, scores = fuse(ints(9, 4, 7), floats(0.5, 0.5, 0.5), ints(), floats())
    assert ids.tolist() == [4, 7, 9]
    assert len(set(scores.tolist())) == 1


def test_order_of_the_input_does_not_matter():
    one = fuse(ints(1, 2, 3), floats(0.1, 0.7, 0.3), ints(3, 1), floats(2.0, 5.0))
    other = fuse(ints(3, 1, 2), floats(0.3, 0.1, 0.7), ints(1, 3), floats(5.0, 2.0))
    assert one[0].tolist() == other[0].tolist()
    assert one[1].tolist() == other[1].tolist()


def test_lexical_scores_of_zero_are_no_candidates():
    ids, _ = fuse(ints(1), floats(0.5), ints(1, 8), floats(0.0, 0.0))
    assert ids.tolist() == [1]


@pytest.mark.parametrize("dense", [(ints(), floats()), (ints(5), floats(-1.0)), (ints(5), floats(1.0))])
@pytest.mark.parametrize("lexical", [(ints(), floats()), (ints(5), floats(30.0)), (ints(6), floats(0.1))])
def test_scores_lie_between_zero_and_one(dense, lexical):
    ids, scores = fuse(*dense, *lexical)
    assert sorted(ids.tolist()) == sorted(set(dense[0].tolist()) | set(lexical[0].tolist()))
    assert ((scores >= 0) & (scores <= 1)).all()


def test_the_number_of_terms_changes_nothing():
    lists = ints(1, 2), floats(0.8, 0.2), ints(2), floats(7.0)
    assert fuse(*lists, query_terms=12)[1].tolist() == fuse(*lists)[1].tolist()


def test_a_lexical_passage_that_stands_out_lowers_the_cosines_weight():
    # Concentration 1 - 2/10 = 0.8: weight 0.7 - 0.5 * (0.8 - 0.35).
    assert dense_weight(floats(10.0, 2.0)) == pytest.approx(0.475)
    assert dense_weight(floats(10.0, 6.5)) == pytest.approx(DENSE_WEIGHT)
    assert dense_weight(floats(10.0, 9.0)) == pytest.approx(0.825)


def test_concentration_looks_at_ten_passages_only():
    assert dense_weight(floats(*[10.0] * 10, 0.001)) == dense_weight(floats(10.0, 10.0))


def test_the_weight_is_bounded_and_has_a_default():
    assert WEIGHT_BOUNDS[0] <= dense_weight(floats(1000.0, 0.001)) <= WEIGHT_BOUNDS[1]
    assert dense_weight(floats()) == dense_weight(floats(3.0)) == DENSE_WEIGHT


def test_blend_by_hand():
    # Both are standardised to +1 and -1 in opposite order.
    share = FIRST_STAGE_WEIGHT
    assert blend(floats(0.6, 0.4), floats(-2.0, 3.0)) == pytest.approx([2 * share - 1, 1 - 2 * share])


def test_blend_does_not_depend_on_the_units():
    first, logits = floats(0.2, 0.5, 0.9), floats(4.0, -3.0, 1.0)
    assert blend(first, logits) == pytest.approx(blend(10 * first + 3, 0.1 * logits - 7))


def test_blend_of_equal_logits_keeps_the_first_stage():
    assert np.argsort(-blend(floats(0.2, 0.9, 0.5), floats(1.0, 1.0, 1.0))).tolist() == [1, 2, 0]


@pytest.mark.parametrize("size", [0, 1])
def test_blend_of_hardly_anything(size):
    assert blend(np.ones(size), np.ones(size)).tolist() == [0.0] * size


def test_examples_in_the_docstrings():
    assert doctest.testmod(fusion).failed == 0
