"""Damage is found, said in words, and mended from the stored text."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from stratmap.errors import IndexFolderError
from stratmap.index import damaged
from stratmap.index.corrections import CorrectionStore
from stratmap.index.head import NAME as HEAD
from stratmap.index.head import noted_head
from stratmap.index.repair import DAMAGED, Target, mend, salvage, workable_faults
from stratmap.index.schema import FILE
from stratmap.reading import split_passages
from stratmap.records import Correction

HASHING = Target("hashing", "hashing-1", 32)


@pytest.fixture
def again(hashing_encoder):
    """Splits, encodes and tags a stored text as when it was added; keeps what it was asked for."""
    asked = []

    def make(stored):
        asked.append(stored.name)
        passages = split_passages(stored.document(), hashing_encoder.count_tokens, 20)
        vectors = hashing_encoder.encode([p.text for p in passages])
        return replace(stored, passages=passages, vectors=vectors, labels={"O1": 0.9}, tagger="now")

    make.asked = asked
    return make


def change(index, *statements):
    with closing(sqlite3.connect(index.folder / FILE)) as connection, connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for statement in statements:
            connection.execute(statement)


DAMAGE = {
    "a vector cut": ("UPDATE passages SET vector = x'0000' WHERE document = 5", "passages"),
    "a vector changed": ("UPDATE passages SET vector = zeroblob(128) WHERE document = 5", "passages"),
    "a vector gone": ("DELETE FROM passages WHERE id = (SELECT min(id) FROM passages WHERE document = 5)", "passages"),
    "all vectors gone": ("DELETE FROM passages WHERE document = 5", "passages"),
    "a span moved": ('UPDATE passages SET start = start + 1, "end" = "end" + 1 WHERE document = 5', "passages"),
    "a page of another number": ("UPDATE passages SET page_index = 7 WHERE document = 5", "passages"),
    "a text changed": ("UPDATE pages SET text = replace(text, 'number', 'NUMBER') WHERE document = 5", "text"),
    "a page gone": ("DELETE FROM pages WHERE document = 5", "text"),
    "a document gone": ("DELETE FROM documents WHERE id = 5", "orphans"),
    "born too late": ("UPDATE documents SET born = 99 WHERE id = 5", "state"),
    "held twice": (
        "INSERT INTO documents SELECT 99, doc_id, name, source, title, language, 0, countries, year, warnings, born, "
        "NULL FROM documents WHERE id = 5",
        "state",
    ),
    "dead before it was born": ("UPDATE documents SET died = born - 1 WHERE id = 5", "state"),
    "the id of no text": ("UPDATE documents SET doc_id = '0123456789abcdef' WHERE id = 5", "ids"),
    "the id of another text": (
        "UPDATE documents SET doc_id = (SELECT doc_id FROM documents WHERE id = 6) WHERE id = 5",
        "ids",
    ),
    "no digest": ("DELETE FROM seals WHERE document = 5", "unsealed"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_damage_is_found_and_mended(twelve, open_at, whole, again, damage):
    statement, kind = DAMAGE[damage]
    before = whole(twelve)
    change(twelve, statement)
    faults = twelve.faults()
    assert kind in {fault.kind for fault in faults}
    assert bool(twelve.verify()) == (kind != "unsealed")
    done = mend(twelve.folder, faults, HASHING, again)
    mended = open_at(twelve.folder)
    assert mended.faults() == []
    assert mended.generation > before[3]
    if kind == "passages":
        assert (done.rebuilt, done.lost, again.asked) == (("r4.md",), (), ["r4.md"])
        assert [h.passage for h in whole(mended)[1]] == [h.passage for h in before[1]]
        assert whole(mended)[2] == before[2]
    elif kind in {"unsealed", "ids"}:
        assert (whole(mended)[:3], again.asked) == (before[:3], [])
    else:
        assert again.asked == []
        assert len(mended.documents()) == (11 if damage in {"born too late", "held twice"} else 10)
        assert done.lost == (("r4.md",) if kind == "text" else ())
    assert noted_head(twelve.folder) == mended.generation


def test_a_damaged_document_of_the_past_is_let_go_and_cannot_be_rolled_back_to(twelve, open_at, again):
    change(twelve, "UPDATE passages SET vector = x'00' WHERE document = 2")
    mend(twelve.folder, twelve.faults(), HASHING, again)
    assert again.asked == []
    with pytest.raises(Exception, match="but none is kept"):
        open_at(twelve.folder).rollback(1)


def test_ids_that_were_changed_about_are_set_right(twelve, open_at, whole, again):
    before = whole(twelve)
    change(
        twelve,
        "UPDATE documents SET doc_id = 'x' WHERE id = 5",
        "UPDATE documents SET doc_id = (SELECT doc_id FROM documents WHERE id = 7) WHERE id = 6",
        "UPDATE documents SET doc_id = (SELECT max(doc_id) FROM documents WHERE id = 8) WHERE id = 7",
    )
    done = mend(twelve.folder, twelve.faults(), HASHING, again)
    assert whole(open_at(twelve.folder))[:3] == before[:3]
    assert "3 documents" in " ".join(done.notes)


def test_what_is_wrong_behind_a_wrong_id_is_mended_in_the_same_repair(twelve, open_at, whole, again):
    before = whole(twelve)
    change(
        twelve,
        "UPDATE documents SET doc_id = 'x' WHERE id = 5",
        "UPDATE passages SET vector = zeroblob(128) WHERE document = 5",
    )
    done = mend(twelve.folder, twelve.faults(), HASHING, again)
    assert len(done.rebuilt) == 1
    assert open_at(twelve.folder).faults() == []
    assert {document.doc_id for document in open_at(twelve.folder).documents()} == {one.doc_id for one in before[0]}


def test_an_impossible_probability_is_a_stale_tag(twelve, open_at, again):
    change(twelve, "UPDATE labels SET probability = 7.5 WHERE document = 5")
    stale = twelve.stale("now", frozenset({"O1", "O2"}))
    assert [fault.rows for fault in stale] == [(5,)]
    mend(twelve.folder, stale, HASHING, again)
    assert open_at(twelve.folder).stale("now", frozenset({"O1", "O2"})) == []


def test_stale_tags_are_made_again_and_declared_ones_stay(twelve, open_at, indexable, again):
    twelve.add([indexable("old.md", "Tagged long ago.", labels={"O1": 0.8}, tagger="before")])
    twelve.add([indexable("odd.md", "Tagged by another framework.", labels={"X9": 0.8}, tagger="now")])
    stale = twelve.stale("now", frozenset({"O1", "O2"}))
    done = mend(twelve.folder, stale, HASHING, again)
    assert done.rebuilt == ("old.md", "odd.md")
    assert open_at(twelve.folder).stale("now", frozenset({"O1", "O2"})) == []


def test_an_index_of_another_encoder_is_encoded_again(twelve, hashing_encoder, again):
    def wider(stored):
        made = again(stored)
        return replace(made, vectors=made.vectors.repeat(2, axis=1))

    done = mend(twelve.folder, [], Target("wide", "wide-1", 64), wider)
    assert len(done.rebuilt) == 11
    assert twelve.meta()["fingerprint"] == "wide-1"
    assert twelve.verify() == []


def test_a_deleted_write_ahead_log_is_told_by_the_note_beside_the_database(twelve, open_at, again):
    old = (twelve.folder / FILE).read_bytes()
    twelve.delete(["r7.md"])
    (twelve.folder / FILE).write_bytes(old)
    assert [fault.kind for fault in twelve.faults()] == ["lost"]
    assert "expected generation 4 as last noted, found 3" in twelve.verify()[0]
    done = mend(twelve.folder, twelve.faults(), HASHING, again)
    assert "commits are missing" in done.notes[0]
    assert open_at(twelve.folder).verify() == []
    (twelve.folder / HEAD).write_text("{not json")
    assert twelve.verify() == []


def pages_of(folder):
    return (folder / FILE).stat().st_size // 4096


@pytest.mark.parametrize("page", range(1, 16))
def test_whatever_page_is_destroyed_whole_documents_are_saved_and_the_rest_is_named(twelve, open_at, again, page):
    """Each page of the file in turn (there are about 30) is overwritten."""
    CorrectionStore(twelve.folder).add([Correction("x", "x.md", "O1", "tag", True, "Ana", "", "2026")])
    names = {document.name for document in twelve.documents()}
    data = bytearray((twelve.folder / FILE).read_bytes())
    at = 4096 * (page * pages_of(twelve.folder) // 16)
    data[at : at + 4096] = b"\xa5" * 4096
    (twelve.folder / FILE).write_bytes(bytes(data))
    faults = workable_faults(twelve.folder)
    if faults is not None:  # a page of free space, or one whose bytes only the digests can tell
        done = mend(twelve.folder, faults, HASHING, again)
    else:
        done = salvage(twelve.folder, HASHING, again)
        assert (twelve.folder / DAMAGED / FILE).read_bytes() == bytes(data)
    mended = open_at(twelve.folder)
    assert mended.verify() == []
    left = {document.name for document in mended.documents()}
    assert left <= names
    for document in mended.documents():
        assert mended.page_text(document.doc_id, 0)
    assert not (twelve.folder / ".repair").exists()
    assert left or done.lost or page < 4


def test_without_room_the_damaged_file_stays(twelve, again, monkeypatch):
    data = b"\xa5" * 8192 + (twelve.folder / FILE).read_bytes()[8192:]
    (twelve.folder / FILE).write_bytes(data)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stratmap.index.repair._set_aside", full)
    with pytest.raises(IndexFolderError, match="No space left"):
        salvage(twelve.folder, HASHING, again)
    assert (twelve.folder / FILE).read_bytes() == data


@pytest.mark.parametrize(("refusals", "lost"), [(1, 0), (1_000, 13)])
def test_what_the_disk_refuses_once_is_asked_for_again_and_what_it_refuses_always_is_lost(
    twelve, again, monkeypatch, refusals, lost
):
    """A digest that cannot be read makes its document one that nothing vouches for."""
    left = refusals

    class Refusing(damaged._Noting):
        def execute(self, *words):
            nonlocal left
            if words[0].startswith("SELECT text, passages FROM seals") and left:
                left -= 1
                with self._noting():
                    error = sqlite3.OperationalError("disk I/O error")
                    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
                    raise error
            return super().execute(*words)

    monkeypatch.setattr(damaged, "_Noting", Refusing)
    living = len(twelve.documents())
    done = salvage(twelve.folder, HASHING, again)
    assert len(done.lost) == lost
    assert done.kept == (0 if lost else living)


def test_a_schema_whose_names_are_no_text_is_damage_like_any_other(twelve, root, again):
    """SQLite quotes such a name in its message, which Python then cannot decode."""
    data = (root / "tests/faults/crashes/index/undecodable-message").read_bytes()
    for path in twelve.folder.glob(f"{FILE}*"):
        path.unlink()
    (twelve.folder / FILE).write_bytes(data)
    assert workable_faults(twelve.folder) is None
    done = salvage(twelve.folder, HASHING, again)
    assert done.kept == 0
    assert workable_faults(twelve.folder) == []
