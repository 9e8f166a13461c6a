"""A tagged document keeps its scores: decisions move, what a person decided stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stratmap.errors import UsageError
from stratmap.records import Language, Tag, TaggedDocument
from stratmap.tagging.scores import decided_anew

DOCUMENT = TaggedDocument(
    "d.txt", "id", Language("en", "English"), 1,
    {"themes": (Tag("A", "Roads", 0.8, True), Tag("B", "Rails", 0.4, False))}, False,
)  # fmt: skip


def test_a_lower_threshold_applies_more_and_a_higher_one_less():
    assert decided_anew(DOCUMENT, 0.3).applied("themes") == ("A", "B")
    assert decided_anew(DOCUMENT, {"A": 0.9}).applied("themes") == ()
    assert decided_anew(DOCUMENT, {"A": 0.9}).tags["themes"][0].threshold == 0.9


def test_what_a_person_decided_stays():
    first, second = DOCUMENT.tags["themes"]
    kept = replace(DOCUMENT, tags={"themes": (first, replace(second, applied=True, corrected=True))})
    assert decided_anew(kept, 0.99).applied("themes") == ("B",)


def test_an_unknown_label_is_refused():
    with pytest.raises(UsageError, match="found X"):
        decided_anew(DOCUMENT, {"X": 0.5})
