"""The search in memory: both halves against outside judges, and the edges."""

from __future__ import annotations

import bm25s
import numpy as np
import pytest

from stratmap.index.hybrid import Hybrid
from stratmap.index.words import words

TEXTS = [
    "Border guards trained in Armenia", "Return of migrants to Armenia and Georgia", "Health of migrants on the route",
    "", "Labour migration: recruitment agencies, agencies and agencies", "Remittances and the diaspora of Georgia",
]  # fmt: skip


@pytest.fixture(scope="module")
def vectors():
    rows = np.random.default_rng(1).normal(size=(len(TEXTS), 8)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def hybrid(vectors):
    return Hybrid(vectors, TEXTS)


def test_dense_equals_a_numpy_search_also_for_a_query_that_is_not_normalised():
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(500, 16)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    hybrid = Hybrid(matrix, [""] * 500)
    for allowed in (None, np.sort(rng.choice(500, 70, replace=False)).astype(np.int64)):
        query = 5 * rng.normal(size=16).astype(np.float32)
        expected = matrix @ query
        pool = np.arange(500) if allowed is None else allowed
        best = pool[np.argsort(-expected[pool])][:25]
        rows, scores = hybrid.dense(query, 25, allowed)
        assert rows.tolist() == best.tolist()
        np.testing.assert_allclose(scores, expected[best], rtol=1e-4)


@pytest.mark.parametrize("query", ["migrants Armenia", "agencies", "Georgia return diaspora", "the migrants"])
def test_lexical_equals_bm25s(hybrid, query):
    judge = bm25s.BM25(k1=0.9, b=0.4)
    judge.index([words(text) for text in TEXTS], show_progress=False)
    expected = judge.get_scores(words(query))
    rows, scores = hybrid.lexical(words(query), 10)
    assert rows.tolist() == [r for r in np.lexsort((np.arange(len(TEXTS)), -expected)) if expected[r] > 0]
    np.testing.assert_allclose(scores, expected[rows], rtol=1e-5)


def test_a_restriction_of_rows_leaves_the_lexical_scores_as_they_are(hybrid):
    everywhere = dict(zip(*[x.tolist() for x in hybrid.lexical(["migrant"], 10)], strict=True))
    rows, scores = hybrid.lexical(["migrant"], 10, np.array([0, 2, 5]))
    assert rows.tolist() == [2]
    assert scores[0] == pytest.approx(everywhere[2])


def test_k_above_n_gives_every_row_once_best_first(hybrid, vectors):
    found = hybrid.search("migrants", vectors[0], 100)
    assert sorted(found.rows.tolist()) == list(range(len(TEXTS)))
    assert (np.diff(found.scores) <= 0).all()
    np.testing.assert_allclose(found.dense, vectors[found.rows] @ vectors[0], atol=1e-5)


def test_a_search_of_k_is_the_beginning_of_a_longer_one(hybrid, vectors):
    longer, shorter = (hybrid.search("Georgia", vectors[3], k).rows.tolist() for k in (6, 2))
    assert longer[:2] == shorter


@pytest.mark.parametrize(("k", "rows"), [(0, None), (-1, None), (5, np.zeros(0, np.int64))])
def test_nothing_asked_or_allowed_gives_nothing(hybrid, vectors, k, rows):
    found = hybrid.search("migrants", vectors[0], k, rows)
    assert [len(part) for part in (found.rows, found.scores, found.dense, found.lexical)] == [0, 0, 0, 0]


def test_an_empty_archive_and_one_without_words_can_be_searched():
    assert len(Hybrid(np.zeros((0, 4), np.float32), []).search("x", np.ones(4, np.float32), 3).rows) == 0
    rows = np.eye(4, dtype=np.float32)[:2]
    found = Hybrid(rows, ["", "the of"]).search("the migrants", rows[1], 3)
    assert found.rows.tolist() == [1, 0]
    assert found.lexical.tolist() == [0.0, 0.0]


def test_tied_rows_come_in_their_order():
    rows = np.ones((4, 2), np.float32) / np.sqrt(2)
    found = Hybrid(rows.astype(np.float32), ["same words"] * 4).search("same", rows[0], 4)
    assert found.rows.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("İstanbul ISTANBUL", ["istanbul", "istanbul"]),
        ("Chis\u0326ina\u0306u", ["chișinău"]),
        ("ﬁnance", ["financ"]),
        ("a OR b* NEAR/2 \"c d\" -e %", ["near", "2"]),
        ("O4: state-of-the-art", ["o4", "state", "art"]),
        ("x" * 5000, ["x" * 60]),
        ("", []),
        ("😀 \u202e \x00", []),
    ],
)  # fmt: skip
def test_words_are_only_words(text, found):
    assert words(text) == found


def test_words_are_stemmed_in_their_language():
    assert words("мигрантов мигрантам", "ru") == ["мигрант", "мигрант"]
    assert words("returns", "xx") == ["return"]
