"""The passage model, on a folder of three labels built here: votes, calibration, batches, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from stratmap.artefacts import write_manifest
from stratmap.errors import ArtefactError
from stratmap.tagging.model import HEAD, LINEAR, TOWER, VOCABULARY, TaggingModel
from stratmap.tagging.ngrams import ngrams, tfidf_rows

WIDTH = 4


def tower_graph(path: Path) -> None:
    """A tower whose logits are the first three columns of the masked sum of the hidden states."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    first_three = numpy_helper.from_array(np.eye(WIDTH, 3, dtype=np.float32), "first_three")
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["keep"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["keep", "last"], ["column"]),
        helper.make_node("Mul", ["hidden", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["pooled"], keepdims=0),
        helper.make_node("MatMul", ["pooled", "first_three"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tower",
        [
            helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["n", "t", WIDTH]),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["n", "t"]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])],
        [
            first_three,
            numpy_helper.from_array(np.array([2]), "last"),
            numpy_helper.from_array(np.array([1]), "middle"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, str(path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tower_graph(tmp_path / TOWER)
    tensors = {
        "words.weights": np.array([[0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]),
        "words.bias": np.zeros(3),
        "words.idf": np.ones(2),
    }
    save_file({key: value.astype(np.float16) for key, value in tensors.items()}, tmp_path / LINEAR)
    (tmp_path / VOCABULARY).write_text("border\nborder guard\n", encoding="utf-8")
    head = {
        "labels": ["A", "B", "C"],
        "embedder": "tiny",
        "calibrated": True,
        "mixing": {"tower": [0.5] * 3, "words": [0.25] * 3},
        "calibration": {"slope": [1.0, 2.0, 1.0], "offset": [0.0, 1.0, 0.0]},
        "thresholds": [0.5, 0.4, 0.3],
        "auto_thresholds": [0.9, 0.9, 0.9],
    }
    (tmp_path / HEAD).write_text(json.dumps(head), encoding="utf-8")
    write_manifest(tmp_path, "tagger", "tiny", "1", [TOWER, LINEAR, VOCABULARY, HEAD], {})
    return tmp_path


def states(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def vectors(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_the_two_parts_vote_in_logit_space_and_are_then_calibrated(folder: Path) -> None:
    model = TaggingModel.load(folder)
    found = model.predict_proba(["Border"], vectors([0, 1, 0, 0]), [states([1, 0, 0, 9], [1, 2, 0, 9])])
    # tower (2, 2, 0), words (0, 0, 2): mixed (1, 1, 0.5); B: 2 * 1 + 1
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-np.array([[1.0, 3.0, 0.5]]))), rtol=1e-6)


def test_a_passage_does_not_depend_on_the_others(folder: Path) -> None:
    model = TaggingModel.load(folder)
    rng = np.random.default_rng(0)
    hidden = [rng.normal(size=(length, WIDTH)).astype(np.float32) for length in (3, 700, 1, 40, 700, 900, 4000)]
    embeddings = rng.normal(size=(7, WIDTH)).astype(np.float32)
    texts = ["border guard", "none", "", "Border guards border", "x", "border", "guard"]
    together = model.predict_proba(texts, embeddings, hidden)
    for row in range(7):
        alone = model.predict_proba([texts[row]], embeddings[[row]], [hidden[row]])
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-4)


def test_no_passages_give_no_rows(folder: Path) -> None:
    assert TaggingModel.load(folder).predict_proba([], np.zeros((0, WIDTH)), []).shape == (0, 3)


def test_labels_and_thresholds_come_from_the_head(folder: Path) -> None:
    model = TaggingModel.load(folder)
    assert model.labels == ("A", "B", "C")
    assert model.thresholds.tolist() == [0.5, 0.4, 0.3]
    assert model.auto_thresholds.tolist() == [0.9] * 3
    assert model.calibrated


def test_unequal_lengths_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="2 texts, 1 vectors, 0 arrays"):
        TaggingModel.load(folder).predict_proba(["a", "b"], np.zeros((1, WIDTH)), [])


def test_a_changed_file_is_refused(folder: Path) -> None:
    (folder / VOCABULARY).write_text("other\nwords\n", encoding="utf-8")
    with pytest.raises(ArtefactError, match="SHA-256"):
        TaggingModel.load(folder)


def test_thresholds_must_fit_the_labels(folder: Path) -> None:
    head = json.loads((folder / HEAD).read_text(encoding="utf-8")) | {"thresholds": [0.5]}
    (folder / HEAD).write_text(json.dumps(head), encoding="utf-8")
    write_manifest(folder, "tagger", "tiny", "1", [TOWER, LINEAR, VOCABULARY, HEAD], {})
    with pytest.raises(ArtefactError, match="expected 3 thresholds"):
        TaggingModel.load(folder)


def test_ngrams_are_stemmed_words_and_pairs_and_numbers_are_one_word() -> None:
    assert ngrams("Trained 25 guards, in 2019") == {
        "train": 1, "0": 2, "guard": 1, "in": 1, "train 0": 1, "0 guard": 1, "guard in": 1, "in 0": 1,
    }  # fmt: skip


def test_tfidf_rows_equal_those_of_scikit_learn() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["border guards guard the border", "guards of the diaspora", "nothing here"]
    judge = TfidfVectorizer(analyzer=lambda text: list(ngrams(text).elements()), sublinear_tf=True)
    wanted = judge.fit_transform(texts).toarray()
    rows = tfidf_rows(texts, judge.vocabulary_, judge.idf_.astype(np.float32))
    for row, (columns, values) in enumerate(rows):
        found = np.zeros(wanted.shape[1])
        found[columns] = values
        np.testing.assert_allclose(found, wanted[row], atol=1e-6)
