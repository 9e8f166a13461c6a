"""The index on disk: what is promised after each write, and what faults and other processes may not do to it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from tests.invented import reports, texts

from stratmap.errors import IndexFolderError, IndexLocked, UsageError
from stratmap.index import Index, Indexable
from stratmap.index.schema import FILE
from stratmap.records import Filters


@pytest.fixture
def opened(tmp_path, open_at):
    """Opens the index of the test, again and again."""
    return partial(open_at, tmp_path / "index", make=True)


@pytest.fixture
def index(opened, indexable) -> Index:
    """An index of twelve documents with labels, countries and years."""
    made = opened()
    made.add(reports(indexable))
    return made


def names(index: Index) -> list[str]:
    return [document.name for document in index.documents()]


def folded(values: tuple[str, ...]) -> set[str]:
    return {value.casefold() for value in values}


def found(index: Index, question: str, encoder, k: int = 5, filters: Filters | None = None) -> list[str]:
    return [hit.document for hit in index.search(question, encoder.encode([question])[0], k, filters)]


# Adding, finding, replacing


def test_what_was_added_is_found_after_opening_again(index, opened, hashing_encoder):
    again = opened(make=False)
    assert names(again) == [f"r{n}.md" for n in range(12)]
    for n, text in enumerate(texts(12)):
        assert found(again, text[:60], hashing_encoder, 1) == [f"r{n}.md"]
    assert again.generation == 1
    assert again.verify() == []


def test_passages_are_spans_of_the_pages_that_the_index_gives_back(index, hashing_encoder):
    hits = index.search("border", hashing_encoder.encode(["border"])[0], 50)
    assert len(hits) == len(index) > 12
    for hit in hits:
        page = index.page_text(hit.passage.doc_id, hit.passage.page_index)
        assert page[hit.passage.start : hit.passage.end] == hit.passage.text


@pytest.mark.parametrize(
    "filters",
    [
        None, Filters(labels=("O1",)), Filters(labels=("O2", "O9")), Filters(countries=("armenia",)),
        Filters(countries=("TÜRKIYE",)), Filters(year_from=2013, year_to=2016), Filters(year_to=2011),
        Filters(documents=("r3.md", "r7.md")), Filters(labels=("O3",), countries=("Georgia",), year_from=2014),
    ],
)  # fmt: skip
def test_search_by_vector_equals_brute_force_with_the_filter_applied_first(index, indexable, hashing_encoder, filters):
    fits = {}
    for document in index.documents():
        f = filters or Filters()
        fits[document.name] = (
            (not f.labels or bool(set(f.labels) & set(document.labels)))
            and (not f.countries or bool(folded(f.countries) & folded(document.countries)))
            and (f.year_from is None or (document.year or 0) >= f.year_from)
            and (f.year_to is None or (document.year or 9999) <= f.year_to)
            and (not f.documents or document.name in f.documents)
        )  # fmt: skip
    assert any(fits.values())
    assert filters is None or not all(fits.values())
    rows = [
        (f"r{n}.md", passage.text, vector)
        for n, text in enumerate(texts(12))
        for item in [indexable(f"r{n}.md", text)]
        for passage, vector in zip(item.passages, item.vectors, strict=True)
        if fits[f"r{n}.md"]
    ]
    query = hashing_encoder.encode(["clinic river court"])[0]
    cosines = np.array([vector for _, _, vector in rows]) @ query
    best = np.argsort(-cosines, kind="stable")[:7]
    hits = index.search("", query, 7, filters)
    assert [(hit.document, hit.passage.text) for hit in hits] == [rows[i][:2] for i in best]
    np.testing.assert_allclose([hit.dense for hit in hits], cosines[best], atol=1e-5)


def test_a_filter_that_nothing_fits_finds_nothing(index, hashing_encoder):
    assert found(index, "border", hashing_encoder, 5, Filters(labels=("O9",))) == []


def test_the_same_text_is_held_once_under_its_first_name(index, indexable):
    assert index.add([indexable("copy.md", texts(12)[4]), indexable("r4.md", texts(12)[4])]) == 0
    assert len(names(index)) == 12
    assert index.generation == 1


def test_a_changed_file_replaces_its_former_self(index, indexable, hashing_encoder):
    assert index.add([indexable("r5.md", "Beekeepers in the valley sold honey.")]) == 1
    assert sorted(names(index)) == sorted(f"r{n}.md" for n in range(12))
    assert found(index, "Beekeepers honey valley", hashing_encoder, 1) == ["r5.md"]
    assert "number 5." not in " ".join(hit.passage.text for hit in index.search("", np.ones(32, np.float32), 99))


def test_a_file_that_takes_over_the_text_of_another_gives_up_its_own(index, indexable):
    assert index.add([indexable("r5.md", texts(12)[4])]) == 1
    assert "r5.md" not in names(index)
    document = indexable("r6.md", texts(12)[4]).document
    assert index.retire_former(document.doc_id, "r6.md") == 1
    assert index.retire_former(document.doc_id, "r6.md") == 0
    assert "r6.md" not in names(index)
    assert "r4.md" in names(index)


def test_adding_in_parts_equals_adding_at_once(tmp_path, indexable, hashing_encoder):
    e = hashing_encoder
    parts, whole = (Index.open(tmp_path / n, e.name, e.fingerprint, e.dim, make=True) for n in ("parts", "whole"))
    for n, text in enumerate(texts(6)):
        parts.add([indexable(f"r{n}.md", text)])
    whole.add(indexable(f"r{n}.md", text) for n, text in enumerate(texts(6)))
    query = e.encode(["court data"])[0]
    assert parts.search("court data", query, 9) == whole.search("court data", query, 9)


def test_a_document_without_passages_is_held(index, indexable):
    empty = indexable("empty.md", "")
    assert len(empty.passages) == 0
    assert index.add([empty]) == 1
    assert names(index)[-1] == "empty.md"


def test_names_with_bytes_that_utf8_cannot_hold_are_kept_apart(index, indexable):
    index.add([indexable("caf\udce9.md", "Coffee one."), indexable("caf\udcea.md", "Coffee two.")])
    assert names(index)[-2:] == ["caf\\udce9.md", "caf\\udcea.md"]


# Deleting, going back, compacting


def test_a_deleted_document_is_never_found_again(index, opened, hashing_encoder):
    assert index.delete(["r3.md", "unknown.md"]) == 1
    for each in (index, opened()):
        assert "r3.md" not in found(each, texts(12)[3], hashing_encoder, 99)
        assert len(names(each)) == 11
    assert index.delete(["r3.md"]) == 0


def test_a_deleted_page_cannot_be_read(index):
    doc_id = index.documents()[3].doc_id
    assert index.page_text(doc_id, 0).startswith("Report number 3.")
    index.delete([doc_id])
    with pytest.raises(UsageError, match="expected a page of an indexed document"):
        index.page_text(doc_id, 0)


def test_rollback_brings_back_deleted_and_replaced_and_takes_away_added(index, indexable):
    before = index.documents()
    index.delete(["r1.md"])
    index.add([indexable("r2.md", "Something else."), indexable("new.md", "Something new.")])
    index.rollback(1)
    assert index.generation == 4
    assert {d.name: d for d in index.documents()} == {d.name: d for d in before}
    assert index.verify() == []
    index.rollback(3)
    assert sorted(names(index)) == sorted(["r0.md", *(f"r{n}.md" for n in range(2, 12)), "new.md"])


@pytest.mark.parametrize("generation", [-1, 1, 2, 99])
def test_a_generation_that_is_not_kept_is_refused(index, indexable, opened, generation):
    few = opened(keep_generations=2)
    for n in range(4):
        few.add([indexable(f"n{n}.md", f"New {n}.")])
    with pytest.raises(UsageError, match=f"from 3 to 4, found {generation}"):
        few.rollback(generation)


def test_compacting_removes_deleted_text_from_every_byte_of_the_folder(index, indexable, tmp_path, opened):
    index.add([indexable("secret.md", "Zanzibarine paragraphs about the informant.")])

    def bytes_on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in (tmp_path / "index").iterdir())

    assert b"Zanzibarine" in bytes_on_disk()
    index.delete(["secret.md"])
    assert index.compact() == 1
    assert b"Zanzibarine" not in bytes_on_disk()
    assert len(names(opened())) == 12
    assert index.verify() == []
    with pytest.raises(UsageError, match="expected a generation"):
        index.rollback(1)


# What does not fit


def test_an_index_of_another_encoder_is_refused_with_both_names(index, tmp_path):
    for fingerprint, dim in (("other-1", 32), ("hashing-1", 64)):
        message = rf"encoder other \({fingerprint}, {dim} .*one of hashing \(hashing-1, 32\)"
        with pytest.raises(IndexFolderError, match=message):
            Index.open(tmp_path / "index", "other", fingerprint, dim)


def test_a_folder_without_index_is_refused_and_not_made(tmp_path, opened):
    with pytest.raises(IndexFolderError, match="expected an index, found none"):
        opened(make=False)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("vectors", [np.ones((1, 8)), np.ones((3, 32)), np.full((1, 32), np.nan), np.ones(32)])
def test_vectors_that_do_not_fit_are_refused_and_the_batch_with_them(index, indexable, vectors):
    bad = replace(indexable("bad.md", "Short."), vectors=vectors.astype(np.float32))
    with pytest.raises(IndexFolderError, match=r"bad\.md: expected finite vectors of shape \(1, 32\)"):
        index.add([indexable("good.md", "Good."), bad])
    assert len(names(index)) == 12


def test_a_newer_schema_is_refused(index, opened, tmp_path):
    with sqlite3.connect(tmp_path / "index" / FILE) as connection:
        connection.execute("UPDATE meta SET value = '7' WHERE key = 'schema'")
    connection.close()
    with pytest.raises(IndexFolderError, match="schema 1, found 7"):
        opened()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM meta WHERE key = 'dim'",
        "UPDATE meta SET value = 'x' WHERE key = 'generation'",
        "UPDATE meta SET value = '99999999999999999999' WHERE key = 'generation'",
        "UPDATE meta SET value = hex(zeroblob(3000)) WHERE key = 'generation'",
    ],
)
def test_an_index_that_forgot_itself_is_refused(index, opened, tmp_path, statement):
    with sqlite3.connect(tmp_path / "index" / FILE) as connection:
        connection.execute(statement)
    connection.close()
    with pytest.raises(IndexFolderError, match="damaged"):
        opened()


def test_a_missing_vector_is_found_by_verify_and_refused_by_search(index, opened, tmp_path):
    with sqlite3.connect(tmp_path / "index" / FILE) as connection:
        connection.execute("UPDATE passages SET vector = x'0000' WHERE id = 3")
    connection.close()
    assert index.verify() == ["expected vectors of 32 dimensions, found others in: 1 documents"]
    with pytest.raises(IndexFolderError, match="damaged"):
        opened().documents()


def test_a_changed_page_is_found_by_verify(index, tmp_path):
    with sqlite3.connect(tmp_path / "index" / FILE) as connection:
        connection.execute("UPDATE pages SET text = 'nothing' WHERE document = 1")
    connection.close()
    assert index.verify() == ["expected the text that was stored, found a changed one in: 1 documents"]


@pytest.mark.parametrize("damage", ["middle", "header", "half", "text", "empty"])
def test_a_damaged_file_is_reported_and_never_a_crash(index, opened, tmp_path, damage):
    path = tmp_path / "index" / FILE
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = path.read_bytes()
    changed = {
        "middle": data[:4096] + b"\xa5" * (len(data) - 8192) + data[-4096:],
        "header": b"\x00" * 100 + data[100:],
        "half": data[: len(data) // 2],
        "text": b"This is a report, not an index.\n" * 200,
        "empty": b"",
    }[damage]
    path.write_bytes(changed)
    try:
        problems = opened(make=False).verify()
    except IndexFolderError as error:
        problems = [str(error)]
    assert problems != []
    with pytest.raises(IndexFolderError, match=r"database|schema|damaged|index"):
        opened(make=False).search("border", np.ones(32, np.float32), 5)


def test_a_file_left_without_tables_by_a_crash_is_finished(opened, tmp_path, indexable):
    (tmp_path / "index").mkdir()
    connection = sqlite3.connect(tmp_path / "index" / FILE)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    assert opened().add([indexable("a.md", "A report.")]) == 1


@pytest.mark.parametrize(
    "words",
    ["'; DROP TABLE documents; --", '"', "%", "a* OR NEAR(b, 2)", "-border", "title:x", "\x00", "(((", "?1 :a @b", ""],
)
def test_what_looks_like_a_query_language_is_taken_literally(index, hashing_encoder, words):
    assert len(found(index, words, hashing_encoder)) == 5
    assert found(index, "border", hashing_encoder, 5, Filters(documents=(words,))) == []
    assert index.delete([words]) == 0
    assert len(names(index)) == 12


# Other processes, and death


def test_a_second_writer_is_told_after_the_time_out(index, opened, indexable, tmp_path):
    other = sqlite3.connect(tmp_path / "index" / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(IndexLocked, match=r"another process has been writing for over 0\.2 s"):
            opened(lock_timeout_s=0.2).add([indexable("late.md", "Late.")])
        assert len(names(opened())) == 12
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert index.add([indexable("late.md", "Late.")]) == 1


def test_a_reader_sees_the_old_state_while_a_writer_is_at_work_and_the_new_one_after(index, opened, indexable):
    reader = opened()
    seen = []

    def items():
        for n in range(3):
            yield indexable(f"w{n}.md", f"Written {n}.")
            doc_id = indexable("", f"Written {n}.").document.doc_id
            seen.append((len(reader.documents()), reader.generation, reader.holds(doc_id)))

    index.add(items())
    assert seen == [(12, 1, False)] * 3
    assert (len(reader.documents()), reader.generation) == (15, 2)


def test_an_error_in_the_middle_of_a_batch_leaves_nothing_of_it(index, indexable):
    def items():
        yield indexable("x1.md", "First of a batch.")
        raise RuntimeError("encoder gone")

    with pytest.raises(RuntimeError, match="encoder gone"):
        index.add(items())
    assert len(names(index)) == 12
    assert index.add([indexable("x1.md", "First of a batch.")]) == 1


KILLED = """
import os, signal, sys
import numpy as np
from pathlib import Path
from stratmap.index import Index, Indexable
from stratmap.reading import read_text
from stratmap.records import Passage
index = Index.open(Path(sys.argv[1]), "hashing", "hashing-1", 32)
def items():
    for n in range(400):
        text = f"Doomed report {n}. " * 40
        d = read_text(text, f"doomed{n}.md")
        p = Passage(d.doc_id, 0, None, 0, len(d.text), 0, d.text)
        yield Indexable(d, (p,), np.ones((1, 32), np.float32))
    os.kill(os.getpid(), signal.SIGKILL)
verb = sys.argv[2]
if verb == "add":
    index.add(items())
else:
    import stratmap.index.folder as folder
    folder.commit_generation = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
    index.delete(["r1.md", "r2.md"]) if verb == "delete" else index.rollback(0)
"""


@pytest.mark.parametrize("verb", ["add", "delete", "rollback"])
def test_a_writer_killed_in_the_middle_leaves_the_old_state_and_no_lock(index, opened, indexable, tmp_path, verb):
    before = index.documents()
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "index"), verb], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr[-1000:]
    again = opened(lock_timeout_s=1)
    assert again.documents() == before
    assert again.verify() == []
    assert again.add([indexable("after.md", "After the crash.")]) == 1
    assert len(names(again)) == 13


def test_eight_readers_and_a_writer_see_whole_generations_only(index, opened, indexable, hashing_encoder):
    wrong, stop = [], threading.Event()

    def read():
        own = opened()
        while not stop.is_set():
            count = len(own.documents())
            if count not in {12, 14, 16, 18}:
                wrong.append(count)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for thread in readers:
        thread.start()
    for n in range(3):
        index.add([indexable(f"p{n}.md", f"Pair {n}."), indexable(f"q{n}.md", f"Other {n}.")])
    stop.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    assert len(opened().documents()) == 18


def test_a_folder_that_cannot_be_written_is_named(tmp_path, hashing_encoder):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    e = hashing_encoder
    with pytest.raises(IndexFolderError, match="expected a folder that can be written"):
        Index.open(tmp_path / "file" / "index", e.name, e.fingerprint, e.dim, make=True)


def test_a_read_only_database_is_not_called_locked(index, indexable, monkeypatch):
    connect = sqlite3.connect

    def read_only(path, **options):
        return connect(f"file:{path}?mode=ro", uri=True, **options)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    with pytest.raises(IndexFolderError, match="readonly") as caught:
        index.add([indexable("ro.md", "Read only.")])
    assert not isinstance(caught.value, IndexLocked)


def test_indexable_needs_only_document_passages_and_vectors(indexable):
    item = indexable("a.md", "Text.")
    assert Indexable(item.document, item.passages, item.vectors).labels == {}
