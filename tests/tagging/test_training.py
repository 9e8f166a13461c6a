"""`stratmap train`: a head on real vectors, its folder, and what it refuses."""

import json

import numpy as np
import pytest

from stratmap.errors import ArtefactError, UsageError
from stratmap.framework import load_framework

pytest.importorskip("sklearn", reason="training needs the extra `train`")
from stratmap.tagging.head import HeadModel
from stratmap.tagging.training import train_head
from stratmap.tagging.zero_shot import ZeroShotModel

from .conftest import SUBJECTS


@pytest.fixture(scope="module")
def framework(framework_file):
    return load_framework(framework_file(SUBJECTS))


@pytest.fixture(scope="module")
def data(health_then_border):
    truth = np.array([[True, False]] * 12 + [[False, True]] * 12)
    return health_then_border[:12] + health_then_border[15:27], truth


def test_a_trained_head_tells_its_labels_apart(tmp_path, framework, encoder, data):
    figures = train_head(*data, framework, encoder, tmp_path / "head")
    assert figures.macro_f1 == 1.0
    model = HeadModel(tmp_path / "head", framework, encoder, ZeroShotModel(framework, encoder))
    texts = ["The doctor treated patients.", "Officers stamped travel documents at the frontier."]
    found = model.predict_proba(texts, encoder.encode(texts), ()) >= model.thresholds
    assert found.tolist() == [[True, False], [False, True]]


def test_a_label_with_too_few_examples_falls_back_and_is_named(tmp_path, framework, encoder, data):
    texts, truth = data
    few = truth.copy()
    few[:, 1] = False
    few[12, 1] = True
    figures = train_head(texts, few, framework, encoder, tmp_path / "head")
    assert figures.too_few == ("B",)
    model = HeadModel(tmp_path / "head", framework, encoder, ZeroShotModel(framework, encoder))
    probe = encoder.encode(["Border guards"])
    zero_shot = ZeroShotModel(framework, encoder).predict_proba(["Border guards"], probe, ())
    assert model.predict_proba(["Border guards"], probe, ())[0, 1] == pytest.approx(zero_shot[0, 1])


def test_without_enough_examples_training_is_refused(tmp_path, framework, encoder):
    with pytest.raises(UsageError, match="at least 10 texts"):
        train_head(["a text"], np.array([[True, False]]), framework, encoder, tmp_path / "head")


def test_a_head_of_another_encoder_is_refused(tmp_path, framework, encoder, data):
    train_head(*data, framework, encoder, tmp_path / "head")
    manifest = json.loads((tmp_path / "head" / "manifest.json").read_text(encoding="utf-8"))
    manifest["facts"]["embedder_fingerprint"] = "0" * 16
    (tmp_path / "head" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ArtefactError, match="Train it again"):
        HeadModel(tmp_path / "head", framework, encoder, ZeroShotModel(framework, encoder))
