"""A document with a long annex has the same probabilities whether it was just read or comes from the index."""

from __future__ import annotations

import numpy as np
import pytest

from stratmap.index import Indexable
from stratmap.reading import read_bytes
from stratmap.reviewing.examples import document_probabilities
from stratmap.settings import ReadingSettings, TaggingSettings
from stratmap.tagging import Tagger

from .conftest import WordModel

REPORT = (
    "The shelter was painted by neighbours. " * 8
    + "\n\n# Annex 1\n\n"
    + "The border was drawn on a map by clerks. " * 30
)


@pytest.fixture
def tagger(framework, hashing_encoder):
    return Tagger(framework, hashing_encoder, WordModel(), TaggingSettings(), ReadingSettings(passage_tokens=60))


def test_stored_features_give_the_probabilities_of_the_tagger(tagger, reviews, index):
    [read] = tagger.read_many([read_bytes(REPORT.encode(), "long.md", ReadingSettings())])
    tags = tagger.tags_of(read).tags
    said = {tag.code: tag.probability for group in tags.values() for tag in group}
    kept = reviews.features_of(read, WordModel())
    index.add([Indexable(read.document, read.passages, read.seen.embeddings, {}, (), None, "x")])
    reviews.features.keep_scores([(kept.doc_id, kept.logits)])
    (stored,) = reviews.features.archive([kept.doc_id])
    expected = [said[code] for code in WordModel.labels]
    assert any(passage.heading.startswith("Annex") for passage in read.passages)
    for features in (kept, stored):
        assert document_probabilities(features, None) == pytest.approx(expected, abs=1e-3)
    assert np.array_equal(kept.lengths, stored.lengths)
