"""Filters go before the search: what a filtered search finds is what an unfiltered one finds, less what is left out."""

import itertools

import numpy as np
import pytest

from stratmap.index.hybrid import Hybrid

_PLACES = ("border", "clinic", "harbour", "school", "market")
_THINGS = ("training", "returnees", "tuberculosis", "passports", "wages", "shelter", "counselling")


@pytest.fixture(scope="module")
def archive(hashing_encoder):
    """700 short texts; row r belongs to document r // 10."""
    pairs = itertools.cycle(itertools.product(_PLACES, _THINGS))
    texts = [f"{place} {thing} number{row} {'x' if row % 3 else 'wages'}" for row, (place, thing) in
             zip(range(700), pairs, strict=False)]  # fmt: skip
    return Hybrid(hashing_encoder.encode(texts), texts), texts


@pytest.mark.parametrize("rows", [range(7), range(0, 700, 97), range(350, 700), range(690, 700)])
@pytest.mark.parametrize("query", ["clinic tuberculosis", "wages at the border", "number694", "nothing of this"])
def test_the_best_of_a_selection_is_found_however_small_it_is(archive, hashing_encoder, rows, query):
    hybrid, texts = archive
    allowed = np.array(rows, dtype=np.int64)
    vector = hashing_encoder.encode([query])[0]
    alone = hashing_encoder.encode([texts[row] for row in rows]) @ vector
    found = hybrid.search(query, vector, 10, allowed)
    assert set(found.rows.tolist()) <= set(rows)
    assert len(found.rows) == min(10, len(rows))
    best, _ = hybrid.dense(vector, 5, allowed)
    assert np.allclose(np.sort(hybrid.dense(vector, 5, allowed)[1])[::-1], np.sort(alone)[::-1][:5], atol=1e-5)
    assert set(best.tolist()) <= set(rows)


def test_a_selection_of_all_rows_changes_nothing(archive, hashing_encoder):
    hybrid, _ = archive
    vector = hashing_encoder.encode(["clinic wages"])[0]
    free, filtered = (
        hybrid.search("clinic wages", vector, 20),
        hybrid.search("clinic wages", vector, 20, np.arange(700)),
    )
    assert free.rows.tolist() == filtered.rows.tolist()
    assert np.allclose(free.scores, filtered.scores)
