"""An index of the tests, opened again and again, and one of twelve documents."""

from __future__ import annotations

import pytest
from tests.invented import texts

from stratmap.index import Index
from stratmap.settings import IndexSettings


@pytest.fixture
def open_at(hashing_encoder):
    """Opens an index in a folder, or makes it."""

    def open_it(folder, make=False, **settings) -> Index:
        e = hashing_encoder
        return Index.open(folder, e.name, e.fingerprint, e.dim, IndexSettings(**settings), make=make)

    return open_it


@pytest.fixture
def twelve(tmp_path, open_at, indexable) -> Index:
    """Twelve documents; then one is deleted and one replaced: three generations."""
    made = open_at(tmp_path / "index", make=True)
    made.add(
        indexable(f"r{n}.md", text, labels={"O1": 0.9, "O2": 0.25 + n / 100}, countries=("Türkiye",), year=2000 + n)
        for n, text in enumerate(texts(12))
    )
    made.delete(["r1.md"])
    made.add([indexable("r2.md", "Another text in place of the second one.", tagger="declared")])
    return made


@pytest.fixture
def whole(hashing_encoder):
    """Everything that an index gives back, for comparing two."""

    def state(index: Index, question: str = "clinic river court") -> tuple:
        hits = index.search(question, hashing_encoder.encode([question])[0], 20)
        pages = [index.page_text(d.doc_id, n) for d in index.documents() for n in range(d.pages)]
        return index.documents(), hits, pages, index.generation

    return state
