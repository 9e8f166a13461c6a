"""An index moves from FAISS to Milvus and back by its carrier; counts and hashes say that nothing is lost."""

from __future__ import annotations

import hashlib

import pytest

from stratmap.errors import ServiceError
from stratmap.index.corrections import CorrectionStore
from stratmap.index.transfer import export_index, import_index
from stratmap.records import Correction

pytest.importorskip("pymilvus", reason="the extra `milvus` is not installed; `make test-engines` installs it")


@pytest.fixture
def filled(tmp_path, open_at, indexable):
    """An index with three generations, a correction, and dead documents that can be rolled back to."""
    index = open_at(tmp_path / "faiss", "faiss", make=True)
    index.add(
        [indexable(f"r{n}.md", f"Number {n} on border camps. Section two of {n}.", year=2000 + n) for n in range(9)]
    )
    index.delete(["r1.md"])
    index.add([indexable("r2.md", "Another text in its place.", labels={"O1": 0.75})])
    first = index.documents()[0]
    CorrectionStore(index.folder).add(
        [Correction(first.doc_id, first.name, "O9", "tag", True, "Ana", "", "2026-01-01")]
    )
    return index


def hashes(folder):
    """Every file of a carrier by its hash."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_there_and_back_every_byte_of_the_carrier_is_the_same(filled, server, tmp_path, open_at, hashing_encoder):
    server.start()
    contents = export_index(filled.folder, tmp_path / "one")
    import_index(tmp_path / "one", tmp_path / "milvus-index")
    there = open_at(tmp_path / "milvus-index", "milvus", uri=server.uri)
    assert there.catch_up() == len(filled.documents()) == 8
    assert there.verify() == []
    assert there._mirror().far.count() == len(there) == len(filled)
    assert there.documents() == filled.documents()
    query = hashing_encoder.encode(["border camps"])[0]
    ours, theirs = (index.search("", query, 50) for index in (filled, there))
    assert [hit.passage for hit in theirs] == [hit.passage for hit in ours]
    export_index(there.folder, tmp_path / "two")
    assert hashes(tmp_path / "two") == hashes(tmp_path / "one")
    import_index(tmp_path / "two", tmp_path / "back")
    back = open_at(tmp_path / "back", "faiss")
    assert back.documents() == filled.documents()
    assert CorrectionStore(back.folder).all() == CorrectionStore(filled.folder).all()
    for index in (filled, there, back):
        index.rollback(1)
    assert {d.name for d in there.documents()} == {d.name for d in back.documents()} == {f"r{n}.md" for n in range(9)}
    assert there.verify() == []
    assert contents.generation == 3


def test_a_move_whose_far_side_dies_goes_on_where_it_was(filled, server, tmp_path, open_at, monkeypatch):
    from stratmap.milvus import mirror

    monkeypatch.setattr(mirror, "_GROUP", 2)
    server.start()
    export_index(filled.folder, tmp_path / "one")
    import_index(tmp_path / "one", tmp_path / "milvus-index")
    quick = {"uri": server.uri, "service_timeout_s": 3.0, "service_retries": 0}
    there = open_at(tmp_path / "milvus-index", "milvus", **quick)

    def die(done, total):
        if done >= 3:
            server.kill()

    with pytest.raises(ServiceError, match="Nothing is lost"):
        there.catch_up(die)
    server.start()
    again = open_at(tmp_path / "milvus-index", "milvus", uri=server.uri)
    assert 0 < again.catch_up() < 8
    assert again.verify() == []
    assert again._mirror().far.count() == len(again)


def test_a_folder_changes_its_backend_in_place(filled, server, open_at, indexable):
    server.start()
    there = open_at(filled.folder, "milvus", uri=server.uri)
    assert there.catch_up() == 8
    filled.add([indexable("by-faiss.md", "Added while the settings named the other one.")])
    assert there.catch_up() == 1
    assert there.verify() == []
