"""Archives that are large enough for a base on the disk: what it changes in nothing, and what it survives."""

from __future__ import annotations

import json

import bm25s
import numpy as np
import pytest
from tests.invented import texts

from stratmap.index import dense, snapshot
from stratmap.index.best import best_rows
from stratmap.index.dense import Dense, build_cells, read_cells, write_cells
from stratmap.index.derived import FOLDER, open_base
from stratmap.index.lexical import Lexical, build_postings
from stratmap.records import Filters


@pytest.fixture
def small_bases(monkeypatch):
    """Bases from ten passages on."""
    monkeypatch.setattr(snapshot, "_LEAST_BASE", 10)


def bases(folder):
    return sorted(folder.joinpath(FOLDER).glob("*/manifest.json"))


@pytest.fixture
def filled(tmp_path, open_at, indexable, small_bases):
    index = open_at(tmp_path / "index", make=True)
    index.add(indexable(f"r{n}.md", text, labels={f"O{n % 3}": 0.9}) for n, text in enumerate(texts(40)))
    return index


def same_hits(one, two):
    assert [(h.passage, h.document) for h in one] == [(h.passage, h.document) for h in two]
    np.testing.assert_allclose([h.score for h in one], [h.score for h in two], atol=1e-5)


def compare(index, open_at, hashing_encoder, monkeypatch, questions=("clinic river court", "visa", "no such word")):
    """Hits with a base and hits of an index that was opened without any are the same."""
    with monkeypatch.context() as plain:
        plain.setattr(snapshot, "_base", lambda connection, generation, folder, documents: (None, set(documents)))
        bare = open_at(index.folder)
        expected = {
            (q, f): bare.search(q, hashing_encoder.encode([q])[0], 12, f)
            for q in questions
            for f in (None, Filters(labels=("O1",)))
        }
        count = len(bare)
    assert len(index) == count
    for (question, filters), hits in expected.items():
        same_hits(index.search(question, hashing_encoder.encode([question])[0], 12, filters), hits)


def test_a_base_finds_what_the_database_finds(filled, open_at, hashing_encoder, monkeypatch):
    compare(filled, open_at, hashing_encoder, monkeypatch)
    assert len(bases(filled.folder)) == 1
    compare(open_at(filled.folder), open_at, hashing_encoder, monkeypatch)  # mapped from the disk


def test_documents_come_and_go_without_a_new_base(filled, open_at, indexable, hashing_encoder, monkeypatch):
    assert len(filled) > 0
    [first] = bases(filled.folder)
    filled.delete(["r7.md"])
    filled.add(
        [indexable("r9.md", "A clinic by the river, in place of the former text."), indexable("new.md", "A visa.")]
    )
    assert "r7.md" not in {h.document for h in filled.search("clinic", hashing_encoder.encode(["clinic"])[0], 200)}
    assert "new.md" in {h.document for h in filled.search("visa", hashing_encoder.encode(["A visa."])[0], 3)}
    with monkeypatch.context() as lasting:
        lasting.setattr(snapshot, "_LEAST_BASE", 1000)
        vector = hashing_encoder.encode(["river"])[0]
        found = [h.passage for h in open_at(filled.folder).search("river", vector, 200)]
    assert len(found) == len(filled)
    assert bases(filled.folder) == [first]


def test_a_new_base_replaces_the_former_when_much_has_changed(filled, open_at, indexable, hashing_encoder, monkeypatch):
    assert len(filled) > 0
    [first] = bases(filled.folder)
    filled.add(indexable(f"s{n}.md", text) for n, text in enumerate(texts(30, seed=5)))
    compare(filled, open_at, hashing_encoder, monkeypatch)
    [second] = bases(filled.folder)
    assert second != first


def test_numbers_that_are_used_again_do_not_bring_back_what_was_deleted(
    filled, open_at, indexable, hashing_encoder, monkeypatch
):
    assert len(filled) > 0
    monkeypatch.setattr(snapshot, "_LEAST_BASE", 1000)  # the base stays
    last = filled.documents()[-1].name
    filled.delete([last])
    for n in range(7):  # until the last document is let go of, and its numbers are free
        filled.add([indexable("passing.md", f"Passing text {n}.")])
        filled.delete(["passing.md"])
    filled.add([indexable("heir.md", "A ferry at the quay.")])
    hits = filled.search("ferry", hashing_encoder.encode(["A ferry at the quay."])[0], 3)
    assert hits[0].document == "heir.md"
    assert hits[0].passage.text == "A ferry at the quay."
    compare(filled, open_at, hashing_encoder, monkeypatch, ("ferry quay",))


@pytest.mark.parametrize("name", ["vectors.npy", "words.txt", "rows.npy", "documents.json", "manifest.json"])
def test_a_damaged_base_is_made_again(filled, open_at, hashing_encoder, monkeypatch, name):
    assert len(filled) > 0
    [manifest] = bases(filled.folder)
    path = manifest.parent / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    assert open_base(filled.folder) is None
    compare(open_at(filled.folder), open_at, hashing_encoder, monkeypatch)
    assert open_base(filled.folder) is not None


def test_a_folder_that_cannot_be_written_is_read_all_the_same(filled, open_at, hashing_encoder, monkeypatch):
    (filled.folder / FOLDER).write_text("in the way", encoding="utf-8")
    compare(filled, open_at, hashing_encoder, monkeypatch)


def test_compacting_leaves_no_word_of_what_was_deleted(filled, open_at, indexable, hashing_encoder):
    filled.add([indexable("secret.md", "The zeppelin landed. " + " ".join(texts(3)))])
    assert len(open_at(filled.folder)) > 0
    filled.delete(["secret.md"])
    filled.compact()
    left = b"".join(path.read_bytes() for path in filled.folder.rglob("*") if path.is_file())
    assert b"zeppelin" not in left
    assert filled.search("river", hashing_encoder.encode(["river"])[0], 3)


# Words


def test_postings_in_parts_equal_bm25s_over_all(monkeypatch):
    monkeypatch.setattr("stratmap.index.lexical._BLOCK", 7)
    rows = [text.lower().split() for text in texts(50)]
    judge = bm25s.BM25(k1=0.9, b=0.4)
    judge.index(rows, show_progress=False)
    lexical = Lexical([build_postings(rows[:33]), build_postings([]), build_postings(rows[33:])])
    for query in (["river"], ["camp", "police", "camp"], ["report", "and", "9."]):
        np.testing.assert_allclose(lexical.scores(query), judge.get_scores(query), rtol=1e-5, atol=1e-6)
    assert not lexical.knows("zeppelin")


@pytest.mark.parametrize(("count", "k"), [(0, 3), (5, 9), (1000, 10), (5000, 7), (5000, 400)])
def test_the_best_rows_are_those_of_a_full_sort(count, k):
    scores = np.random.default_rng(count + k).integers(0, 60, count).astype(np.float32)  # many ties
    assert best_rows(scores, k).tolist() == np.lexsort((np.arange(count), -scores))[:k].tolist()


# Cells


@pytest.fixture(scope="module")
def clouds():
    """Vectors around sixty centres, and questions near them."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(60, 24))
    rows = (centres[rng.integers(0, 60, 9000)] + 0.5 * rng.normal(size=(9000, 24))).astype(np.float32)
    asked = (centres[rng.integers(0, 60, 40)] + 0.5 * rng.normal(size=(40, 24))).astype(np.float32)
    return [matrix / np.linalg.norm(matrix, axis=1, keepdims=True) for matrix in (rows, asked)]


@pytest.mark.parametrize("share", [1.0, 0.5, 0.03])
def test_cells_find_what_an_exact_search_finds_also_among_few_allowed_rows(clouds, tmp_path, monkeypatch, share):
    monkeypatch.setattr(dense, "_FEW", 100)
    monkeypatch.setattr(dense, "_PROBES", 8)
    rows, asked = clouds
    write_cells(build_cells(rows[:8000]), tmp_path / "cells")
    search = Dense([rows[:8000], rows[8000:]], read_cells(tmp_path / "cells"))
    allowed = None if share == 1 else np.random.default_rng(1).random(9000) < share
    hits = 0
    for vector in asked:
        scores = rows @ vector
        pool = np.arange(9000) if allowed is None else np.flatnonzero(allowed)
        expected = pool[np.argsort(-scores[pool], kind="stable")[:10]]
        found, values = search.search(vector, 10, allowed)
        hits += len(set(found.tolist()) & set(expected.tolist()))
        np.testing.assert_allclose(values, scores[found], atol=1e-5)  # cosines of the vectors, not of their codes
        assert allowed is None or allowed[found].all()
    assert hits / (10 * len(asked)) >= 0.95


def test_a_manifest_names_every_file_of_a_base(filled):
    assert len(filled) > 0
    [manifest] = bases(filled.folder)
    named = set(json.loads(manifest.read_text(encoding="utf-8"))["files"])
    assert named == {path.name for path in manifest.parent.iterdir()} - {"manifest.json"}
