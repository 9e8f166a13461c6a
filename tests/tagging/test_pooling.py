"""Pooling of passages, against values worked out by hand."""

import numpy as np
import pytest

from stratmap.tagging.pooling import pool


def test_one_passage_keeps_its_probability():
    assert pool(np.array([[0.3, 0.8]]), [50]) == pytest.approx([0.3, 0.8])


def test_odds_are_weighted_by_length():
    # odds 9 and 1/9, weights 1/4 and 3/4: 2.25 + 0.0833 = 2.3333, p = 0.7
    assert pool(np.array([[0.9], [0.1]]), [1, 3])[0] == pytest.approx(0.7)


def test_one_certain_passage_of_four_hundred_does_not_decide():
    matrix = np.full((400, 1), 0.0)
    matrix[17] = 1.0
    assert pool(matrix, [100] * 400)[0] == pytest.approx(0.0475 / 1.0475)


def test_a_subject_that_fills_a_tenth_of_a_report_counts():
    matrix = np.full((100, 1), 0.0)
    matrix[:10] = 0.95
    assert pool(matrix, [100] * 100)[0] == pytest.approx(1.9 / 2.9)


def test_no_passage_gives_zeros():
    assert pool(np.zeros((0, 3)), []).tolist() == [0.0, 0.0, 0.0]
