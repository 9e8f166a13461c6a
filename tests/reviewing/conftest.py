"""A small framework, a tagger whose words are its knowledge, and an index of its own for each test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from stratmap.framework import Framework, Group, Label
from stratmap.index import Index
from stratmap.index.features import Features
from stratmap.reading import read_text
from stratmap.reviewing.adjusting import logits_of
from stratmap.reviewing.held_out import HeldOut
from stratmap.reviewing.reviews import Reviews

TAGGER = "small words 1"


class WordModel:
    """Gives a label where its word stands; a passage without it gets a low probability."""

    words = {"O1": "border", "O2": "health", "P1": "together"}
    labels = ("O1", "O2", "P1")
    thresholds = np.array([0.5, 0.5, 0.5])
    auto_thresholds = np.array([0.9, 0.9, 0.9])
    calibrated = True

    def predict_proba(self, texts: Sequence[str], embeddings: np.ndarray, hidden: Sequence[np.ndarray]) -> np.ndarray:
        rows = [[0.8 if self.words[code] in text.lower() else 0.2 for code in self.labels] for text in texts]
        return np.array(rows).reshape(len(texts), 3)


TEXTS = {
    "border.md": "Border guards were trained in document checks.",
    "clinic.md": "Mobile clinics treated people on the route for illness.",
    "health.md": "Health posts worked together with the ministry.",
    "school.md": "Teachers met parents in the village school.",
}


@pytest.fixture
def framework() -> Framework:
    def group(name: str, codes: Sequence[str]) -> Group:
        return Group(name, name.capitalize(), tuple(Label(code, f"Name of {code}", "A sentence.") for code in codes))

    return Framework("small", "Small", "", (group("objectives", ["O1", "O2"]), group("principles", ["P1"])))


@pytest.fixture
def index(tmp_path, hashing_encoder, indexable) -> Index:
    folder = tmp_path / "index"
    made = Index.open(folder, hashing_encoder.name, hashing_encoder.fingerprint, hashing_encoder.dim, make=True)
    made.add([indexable(name, text, labels={"O1": 0.8} if "border" in name else {}) for name, text in TEXTS.items()])
    return made


@pytest.fixture
def held_out(hashing_encoder) -> HeldOut:
    """Texts on which the small tagger is right, and at which a refit is held."""
    texts = ["The border was crossed.", "A health camp.", "They met together.", "Rain fell."]
    truth = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    features = tuple(features_of(hashing_encoder, f"held-{n}", text) for n, text in enumerate(texts))
    return HeldOut(features, truth, np.concatenate([one.vectors for one in features] * 100))


@pytest.fixture
def reviews(index, framework, hashing_encoder, held_out) -> Reviews:
    """Over the index, with the logits of every document kept."""
    made = Reviews(index, framework, WordModel(), TAGGER, hashing_encoder.dim)
    made.__dict__["held_out"] = held_out
    texts = {one.doc_id: index.page_text(one.doc_id, 0) for one in index.documents()}
    made.features.keep_scores(
        (doc_id, logits_of(WordModel().predict_proba([text], np.zeros((1, 32)), [])).astype(np.float32))
        for doc_id, text in texts.items()
    )
    return made


@pytest.fixture
def ids(index) -> dict[str, str]:
    """The doc_id of each document by its name."""
    return {one.name: one.doc_id for one in index.documents()}


def features_of(encoder, doc_id: str, text: str) -> Features:
    """Features of a text of one passage."""
    document = read_text(text, doc_id)
    logits = logits_of(WordModel().predict_proba([text], np.zeros((1, 32)), [])).astype(np.float32)
    spans = np.array([[0, 0, len(text)]])
    return Features(document.doc_id, doc_id, encoder.encode([text]), logits, np.array([len(text)]), spans)


@pytest.fixture
def make_features(hashing_encoder):
    """Makes features of a text of one passage: `make_features("name", "Text.")`."""
    return lambda doc_id, text: features_of(hashing_encoder, doc_id, text)
