"""A thousand near-copies of a document that is stuffed with one objective's words (row 17)."""

from __future__ import annotations

import pytest

from stratmap.answering.assistant import Assistant
from stratmap.index import Index

STUFFING = (
    "Returnees received reintegration grants, counselling, medical referral, vouchers, travel, housing, legal advice and "
    "business training after assisted voluntary return."
)


@pytest.fixture(scope="module")
def stuffed(tmp_path_factory, hashing_encoder, indexable):
    """An index of a thousand near-copies and two honest documents on the same."""
    made = Index.open(tmp_path_factory.mktemp("stuffed") / "i", "hashing", "hashing-1", 32, make=True)
    copies = [indexable(f"copy{number}.md", f"{STUFFING} {number}") for number in range(1_000)]
    made.add(copies)
    made.add(
        [
            indexable("honest.md", "Forty returnees in Imereti received reintegration grants after voluntary return."),
            indexable("other.md", "Border police at the crossing were trained to examine documents of travellers."),
        ]
    )
    return made


def test_a_thousand_near_copies_take_one_place(stuffed, hashing_encoder):
    hits = Assistant(stuffed, hashing_encoder).retrieve("Which returnees received reintegration grants?")
    assert sum(hit.document.startswith("copy") for hit in hits) <= 2
    assert "honest.md" in {hit.document for hit in hits}
