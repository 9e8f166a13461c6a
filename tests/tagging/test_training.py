"""`stratmap train`: a head on real vectors, its folder, and what it refuses."""

import json

import numpy as np
import pytest

from stratmap.encoding import load_encoder
from stratmap.errors import ArtefactError, UsageError
from stratmap.framework import load_framework

pytest.importorskip("sklearn", reason="training needs the extra `train`")
from stratmap.tagging.head import HeadModel
from stratmap.tagging.training import train_head
from stratmap.tagging.zero_shot import ZeroShotModel

FILE = """
schema: 1
id: two
name: Two subjects
groups:
  - id: subjects
    labels:
      - {code: H, name: Health, statement: "Health of people, clinics, doctors and medicine"}
      - {code: B, name: Border, statement: "Borders, checkpoints, guards and passports"}
"""


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture(scope="module")
def framework(tmp_path_factory):
    path = tmp_path_factory.mktemp("framework") / "two.yaml"
    path.write_text(FILE, encoding="utf-8")
    return load_framework(str(path))


@pytest.fixture(scope="module")
def data():
    places = [
        "north",
        "south",
        "valley",
        "coast",
        "hills",
        "capital",
        "delta",
        "plain",
        "islands",
        "lakes",
        "forest",
        "gorge",
    ]
    health = [f"Nurses in the {place} vaccinated children and opened a clinic." for place in places]
    border = [f"Guards in the {place} checked passports at the crossing point." for place in places]
    truth = np.array([[True, False]] * len(places) + [[False, True]] * len(places))
    return health + border, truth


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
