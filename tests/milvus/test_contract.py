"""The same cases, by value, over both backends: what an index promises does not depend on where it searches."""

from __future__ import annotations

import numpy as np
import pytest
from tests.invented import WORDS, reports, texts

from stratmap.errors import UsageError
from stratmap.index.lexical import K1, B
from stratmap.records import Filters

SEED = 7


@pytest.fixture
def index(tmp_path, backend, open_at, indexable):
    made = open_at(tmp_path / "index", backend, make=True)
    made.add(reports(indexable, SEED))
    return made


def found(index, question, encoder, k=5, filters=None):
    return [hit.document for hit in index.search(question, encoder.encode([question])[0], k, filters)]


@pytest.mark.parametrize(
    "filters",
    [
        None, Filters(labels=("O1",)), Filters(labels=("O2", "O9")), Filters(countries=("TÜRKIYE",)),
        Filters(year_from=2013, year_to=2016), Filters(documents=("r3.md", "r7.md")),
        Filters(labels=("O3",), countries=("Georgia",), year_from=2014), Filters(year_from=2011),
    ],
)  # fmt: skip
def test_search_by_vector_equals_brute_force_with_the_filter_applied_first(index, indexable, hashing_encoder, filters):
    f = filters or Filters()
    fits = {
        document.name: (not f.labels or bool(set(f.labels) & set(document.labels)))
        and (not f.countries or bool({c.casefold() for c in f.countries} & {c.casefold() for c in document.countries}))
        and (f.year_from is None or (document.year or 0) >= f.year_from)
        and (f.year_to is None or (document.year or 9999) <= f.year_to)
        and (not f.documents or document.name in f.documents)
        for document in index.documents()
    }
    rows = [
        (item.document.name, passage.text, vector)
        for item in reports(indexable, SEED)
        for passage, vector in zip(item.passages, item.vectors, strict=True)
        if fits[item.document.name]
    ]
    assert rows
    query = hashing_encoder.encode(["clinic river court"])[0]
    cosines = np.array([vector for _, _, vector in rows]) @ query
    best = np.argsort(-cosines, kind="stable")[:7]
    hits = index.search("", query, 7, filters)
    assert [(hit.document, hit.passage.text) for hit in hits] == [rows[i][:2] for i in best]
    np.testing.assert_allclose([hit.dense for hit in hits], cosines[best], atol=1e-5)


def test_words_count_as_bm25_says(index, hashing_encoder):
    """Four passages hold the word once, in known lengths; the scores are Robertson's, computed here by hand."""
    index.delete([document.name for document in index.documents()])
    lengths = {"a.md": 4, "b.md": 8, "c.md": 8, "d.md": 8}
    from stratmap.index import Indexable
    from stratmap.reading import read_text, split_passages

    made = []
    for number, (name, length) in enumerate(lengths.items()):
        own = " ".join(f"word{number}x{n}" for n in range(length - (name != "d.md")))
        document = read_text(own + (" zither" if name != "d.md" else ""), name)
        passages = split_passages(document, hashing_encoder.count_tokens, 60)
        made.append(Indexable(document, passages, hashing_encoder.encode([p.text for p in passages])))
    index.add(made)
    hits = {hit.document: hit.lexical for hit in index.search("zither", np.eye(32, dtype=np.float32)[0], 9)}
    mean = sum(lengths.values()) / 4
    idf = np.log(1 + (4 - 3 + 0.5) / (3 + 0.5))
    for name in ("b.md", "c.md"):
        expected = idf / (1 + K1 * (1 - B + B * lengths[name] / mean))
        assert hits[name] == pytest.approx(expected, rel=0.12), hits
    assert hits["a.md"] > hits["b.md"] > 0
    assert hits["d.md"] == 0


def test_each_text_is_found_by_its_own_words(index, open_at, hashing_encoder):
    for n, text in enumerate(texts(12, SEED)):
        assert found(index, text[:70], hashing_encoder, 1) == [f"r{n}.md"]
    assert index.verify() == []
    assert len(index) == sum(1 for _ in index.search("border", hashing_encoder.encode(["border"])[0], 99))


@pytest.mark.parametrize(
    "question", ["", "-", "AND OR NOT (", "document in [1]", '"; drop collection', "№ ※", "x" * 5_000]
)
def test_a_question_is_only_ever_words(index, question):
    assert len(index.search(question, np.eye(32, dtype=np.float32)[3], 4)) == 4


def test_nothing_fits_k_of_nought_and_k_above_all(index, hashing_encoder):
    assert found(index, "border", hashing_encoder, 5, Filters(labels=("O9",))) == []
    assert found(index, "border", hashing_encoder, 0) == []
    assert len(found(index, "border", hashing_encoder, 500)) == len(index)


def test_an_empty_index_finds_nothing(tmp_path, backend, open_at, indexable, hashing_encoder):
    empty = open_at(tmp_path / "empty", backend, make=True)
    assert found(empty, "border", hashing_encoder) == []
    empty.add([indexable("empty.md", "")])
    assert found(empty, "border", hashing_encoder) == []
    assert len(empty) == 0
    assert empty.verify() == []


def test_a_deleted_document_is_never_found_and_comes_back_with_its_generation(index, hashing_encoder):
    before = [h.passage for h in index.search("border", hashing_encoder.encode(["border"])[0], 99)]
    assert index.delete(["r3.md"]) == 1
    assert "r3.md" not in found(index, texts(12, SEED)[3], hashing_encoder, 99)
    index.rollback(1)
    after = [h.passage for h in index.search("border", hashing_encoder.encode(["border"])[0], 99)]
    assert sorted(p.passage_id for p in after) == sorted(p.passage_id for p in before)
    assert index.verify() == []


def test_a_changed_file_replaces_its_former_self(index, indexable, hashing_encoder):
    assert index.add([indexable("r5.md", "Beekeepers in the valley sold honey.")]) == 1
    assert found(index, "Beekeepers honey valley", hashing_encoder, 1) == ["r5.md"]
    assert "number 5." not in " ".join(hit.passage.text for hit in index.search("", np.ones(32, np.float32), 99))


def test_many_generations_and_compaction_leave_no_stray_passage(index, indexable, hashing_encoder):
    for n in range(8):
        index.add([indexable("r0.md", f"Edition {n} of the handbook on {WORDS[n]}.")])
    assert found(index, "Edition handbook", hashing_encoder, 99).count("r0.md") == 1
    index.compact()
    assert found(index, "Edition handbook", hashing_encoder, 99).count("r0.md") == 1
    assert index.verify() == []
    with pytest.raises(UsageError, match="expected a generation"):
        index.rollback(1)


def test_a_batch_with_a_bad_vector_is_refused_whole(index, indexable, hashing_encoder):
    from dataclasses import replace

    from stratmap.errors import IndexFolderError

    bad = replace(indexable("bad.md", "Short."), vectors=np.full((1, 32), np.nan, np.float32))
    with pytest.raises(IndexFolderError, match="expected finite vectors"):
        index.add([indexable("good.md", "Good text."), bad])
    assert "good.md" not in found(index, "Good text", hashing_encoder, 99)
    assert index.add([indexable("better.md", "Better text.")]) == 1
    assert found(index, "Better text", hashing_encoder, 1) == ["better.md"]
    assert index.verify() == []


def test_corrected_labels_decide_what_a_filter_finds(index, hashing_encoder):
    from stratmap.index.corrections import CorrectionStore
    from stratmap.records import Correction

    first = index.documents()[0]
    CorrectionStore(index.folder).add(
        [Correction(first.doc_id, first.name, "O9", "tag", True, "Ana", "", "2026-01-01")]
    )
    assert set(found(index, "border", hashing_encoder, 99, Filters(labels=("O9",)))) == {"r0.md"}


def test_what_one_reader_has_open_sees_what_another_adds(index, tmp_path, backend, open_at, indexable, hashing_encoder):
    reader = open_at(tmp_path / "index", backend)
    assert found(reader, "Beekeepers honey", hashing_encoder, 1) != ["bees.md"]
    index.add([indexable("bees.md", "Beekeepers in the valley sold honey.")])
    assert found(reader, "Beekeepers honey", hashing_encoder, 1) == ["bees.md"]
