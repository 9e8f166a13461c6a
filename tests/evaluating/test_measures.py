"""Measures against ir_measures and scikit-learn on random data, and by hand."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from stratmap.evaluating import measures

ir_measures = pytest.importorskip("ir_measures")
metrics = pytest.importorskip("sklearn.metrics")


def random_collection(seed):
    """Graded qrels with negative judgements; one judged query is absent from the run, one run query unjudged."""
    rng = np.random.default_rng(seed)
    docs = [f"d{n}" for n in range(40)]
    qrels = {f"q{n}": {d: int(rng.integers(-1, 4)) for d in rng.choice(docs, 12, replace=False)} for n in range(12)}
    for query in qrels:
        qrels[query]["d0"] = 1  # every query has something to find
    run = {f"q{n}": rng.permutation(docs)[:30].tolist() for n in range(1, 13)}
    return qrels, run


@pytest.mark.parametrize("seed", range(5))
def test_retrieval_measures_equal_ir_measures(seed):
    qrels, run = random_collection(seed)
    scored = {query: {doc: float(len(docs) - rank) for rank, doc in enumerate(docs)} for query, docs in run.items()}
    wanted = {
        ir_measures.nDCG @ 10: measures.ndcg(qrels, run, 10), ir_measures.nDCG @ 3: measures.ndcg(qrels, run, 3),
        ir_measures.R @ 5: measures.recall(qrels, run, 5), ir_measures.R @ 100: measures.recall(qrels, run, 100),
        ir_measures.RR @ 10: measures.reciprocal_rank(qrels, run, 10),
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judged = ir_measures.calc_aggregate(list(wanted), qrels, scored)
    for measure, value in wanted.items():
        assert value == pytest.approx(judged[measure], abs=1e-9), str(measure)


def test_ndcg_by_hand():
    # gains 3 at rank 2 and 1 at rank 4; ideal order: 3, 1
    qrels, run = {"q": {"a": 3, "b": 1}}, {"q": ["x", "a", "y", "b"]}
    expected = (3 / math.log2(3) + 1 / math.log2(5)) / (3 + 1 / math.log2(3))
    assert measures.ndcg(qrels, run) == pytest.approx(expected)


def test_a_judged_query_without_results_scores_zero_and_counts():
    qrels = {"q1": {"a": 1}, "q2": {"a": 1}}
    assert measures.ndcg(qrels, {"q1": ["a"]}) == 0.5
    assert measures.recall(qrels, {"q1": ["a"]}, 5) == 0.5
    assert measures.reciprocal_rank(qrels, {"q1": ["a"], "q2": []}) == 0.5


def test_a_query_without_judgements_is_ignored():
    assert measures.ndcg({"q": {"a": 1}}, {"q": ["a"], "other": ["b"]}) == 1.0


def test_a_query_with_nothing_relevant_scores_zero_and_no_query_at_all_too():
    assert measures.ndcg({"q": {"a": 0, "b": -1}}, {"q": ["a", "b"]}) == 0.0
    assert measures.recall({"q": {"a": 0}}, {"q": ["a"]}, 5) == 0.0
    assert measures.recall({}, {}, 5) == 0.0


def test_the_cut_is_after_k():
    qrels, run = {"q": {"a": 1}}, {"q": ["x", "y", "a"]}
    assert (measures.recall(qrels, run, 2), measures.recall(qrels, run, 3)) == (0.0, 1.0)
    assert measures.reciprocal_rank(qrels, run, 3) == pytest.approx(1 / 3)
    assert measures.reciprocal_rank(qrels, run, 2) == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_f1_and_average_precision_equal_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    truth = rng.random((60, 7)) < 0.3
    scores = np.round(rng.random((60, 7)), 1)  # many ties
    given = scores > 0.6
    np.testing.assert_allclose(measures.f1(truth, given), metrics.f1_score(truth, given, average=None, zero_division=0))
    for column in range(7):
        expected = metrics.average_precision_score(truth[:, column], scores[:, column])
        assert measures.average_precision(truth[:, column], scores[:, column]) == pytest.approx(expected)


def test_a_label_that_is_never_true_and_never_given_has_an_f1_of_zero_and_no_average_precision():
    none = np.zeros((3, 1), dtype=bool)
    assert measures.f1(none, none).tolist() == [0.0]
    assert math.isnan(measures.average_precision(none[:, 0], np.ones(3)))


def test_tied_scores_do_not_depend_on_their_order():
    scores = np.array([0.5, 0.5, 0.5, 0.5])
    values = {measures.average_precision(np.array(t), scores) for t in ([1, 0, 0, 0], [0, 0, 0, 1])}
    assert values == {0.25}


def test_calibration_error_by_hand():
    # bin 0.2-0.3: two entries of 0.25, one true: |0.5 - 0.25| * 2/4; bin 0.9-1: 1.0 and 0.95, both true: 0.025 * 2/4
    truth, probabilities = np.array([1, 0, 1, 1]), np.array([0.25, 0.25, 1.0, 0.95])
    assert measures.calibration_error(truth, probabilities) == pytest.approx(0.125 + 0.0125)


def test_calibrated_probabilities_have_a_small_error_and_confident_ones_a_large_one():
    rng = np.random.default_rng(0)
    probabilities = rng.random(40_000)
    truth = rng.random(40_000) < probabilities
    assert measures.calibration_error(truth, probabilities) < 0.01
    assert measures.calibration_error(truth, probabilities**0.2) > 0.2
