"""The tagger with scikit-learn's manners, on the real encoder."""

from __future__ import annotations

import numpy as np
import pytest

from stratmap.errors import UsageError

pytest.importorskip("sklearn", reason="the estimator needs the extra `train`")
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from stratmap.tagging.estimator import TaggingEstimator

from .conftest import SUBJECTS

TRUTH = np.array([[1, 0, 0]] * 15 + [[0, 1, 0]] * 15)
NEW = [
    "The doctor treated patients.",
    "Officers stamped travel documents at the frontier.",
    "They cast nets for herring.",
]


@pytest.fixture(scope="module")
def framework(framework_file):
    return framework_file(SUBJECTS + '      - {code: F, name: Fishing, statement: "Boats, nets and fish"}\n')


@pytest.fixture(scope="module")
def fitted(framework, health_then_border):
    return TaggingEstimator(framework).fit(health_then_border, TRUTH)


def test_it_learns_and_decides_labels_without_examples_by_their_description(fitted):
    assert fitted.labels_ == ("H", "B", "F")
    assert fitted.predict(NEW[:2]).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert fitted.predict(NEW)[:, 2].tolist() == [0, 0, 1]
    assert fitted.predict_proba(NEW).shape == (3, 3)


def test_a_clone_has_the_same_parameters_and_is_not_fitted(fitted, framework):
    copy = clone(fitted)
    assert copy.get_params() == {"framework": framework, "encoder": "shipped", "threshold": None, "seed": 0}
    with pytest.raises(NotFittedError):
        copy.predict(NEW)
    assert copy.set_params(threshold=0.9).threshold == 0.9


def test_a_pipeline_before_it_changes_texts(framework, health_then_border):
    folded = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    line = make_pipeline(folded, TaggingEstimator(framework)).fit(health_then_border, TRUTH)
    assert line.predict([NEW[0].upper()]).tolist() == [[1, 0, 0]]


def test_cross_validation_gives_each_text_probabilities_of_a_model_that_did_not_see_it(framework, health_then_border):
    held_out = cross_val_predict(TaggingEstimator(framework), health_then_border, TRUTH, cv=3, method="predict_proba")
    assert held_out.shape == TRUTH.shape
    assert ((held_out[:, :2] >= 0.5) == TRUTH[:, :2].astype(bool)).mean() > 0.9
    decided = cross_val_predict(TaggingEstimator(framework), health_then_border, TRUTH, cv=3)
    assert set(np.unique(decided)) <= {0, 1}


def test_thresholds_move_without_encoding(fitted, monkeypatch):
    scores = fitted.scores(NEW)
    monkeypatch.setattr("stratmap.encoding.onnx_encoder.OnnxEncoder.encode_full", None)
    assert scores.codes()[0] == ("H",)
    assert scores.at(1.0).codes() == ((), (), ())
    assert set(scores.at({"F": 0.0}).codes()[0]) == {"H", "F"}


@pytest.mark.parametrize("bad", [{"X": 0.5}, [0.5], 1.5])
def test_thresholds_that_do_not_fit_are_refused(fitted, bad):
    with pytest.raises(UsageError, match="expected"):
        fitted.scores(NEW[:1]).at(bad)


def test_without_labels_the_shipped_model_is_taken():
    shipped = TaggingEstimator().fit()
    assert shipped.labels_[:2] == ("O1", "O2")
    assert shipped.model_.calibrated
    text = "Border guards were trained to detect forged passports at the new crossing point with Armenia."
    given = dict(zip(shipped.labels_, shipped.predict([text])[0], strict=True))
    assert given["O8"] == 1
    assert shipped.predict([]).shape == (0, 15)


def test_labels_of_another_shape_are_refused(framework, health_then_border):
    with pytest.raises(UsageError, match=r"shape \(30, 3\)"):
        TaggingEstimator(framework).fit(health_then_border, TRUTH[:, :2])
