"""Invented reports of a few words each: the same for every backend of the index."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stratmap.index import Indexable

WORDS = [
    "border",
    "return",
    "health",
    "labour",
    "visa",
    "camp",
    "grant",
    "police",
    "child",
    "route",
    "farm",
    "clinic",
    "court",
    "data",
    "town",
    "river",
]


def texts(count: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [
        f"Report number {n}. " + " ".join(rng.choice(WORDS, 12)) + ". And " + " ".join(rng.choice(WORDS, 12)) + "."
        for n in range(count)
    ]


def reports(indexable: Callable[..., Indexable], seed: int = 0) -> list[Indexable]:
    """Twelve documents with labels, countries and years."""
    return [
        indexable(
            f"r{n}.md", text, labels={"O1": 0.9} if n % 2 else {"O2": 0.8, "O3": 0.7},
            countries=(("Armenia",), ("Georgia", "Türkiye"), ())[n % 3], year=2010 + n if n < 10 else None,
        )
        for n, text in enumerate(texts(12, seed))
    ]  # fmt: skip
