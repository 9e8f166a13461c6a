"""The fast tier: its arithmetic against a plain loop, its folder, and who reads what."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from stratmap.artefacts import shipped_folder, write_manifest
from stratmap.encoding.table import CountingEncoder, TokenTable
from stratmap.errors import ArtefactError, SettingsError
from stratmap.framework import load_framework
from stratmap.reading import read_text
from stratmap.settings import Settings, TaggingSettings
from stratmap.tagging import Tagger
from stratmap.tagging.fast_model import PAIR_COLUMNS, FastModel, count_columns, weighted
from stratmap.tagging.tiers import TieredTagger, checked_tier, doubt, load_tiers

TEXTS = [
    "Border guards were trained to refer victims of trafficking to shelters, and guards trained others.",
    "",
    "The regional labour office signed agreements with recruitment agencies.",
    "Flood shelters were built; flood shelters were stocked.",
]


@pytest.fixture(scope="module")
def table():
    return TokenTable(shipped_folder("fast-tier"))


@pytest.fixture(scope="module")
def model(table):
    return FastModel(shipped_folder("fast-tier"), table)


def tagger_of(model, table):
    return Tagger(load_framework("iom-seeeca"), CountingEncoder(table), model)


def test_a_vector_is_the_sum_of_its_tokens_vectors_scaled_to_length_one(table):
    vectors = table.encode(TEXTS)
    for text, vector in zip(TEXTS, vectors, strict=True):
        ids = table._tokenizer.encode(text, add_special_tokens=False).ids
        total = sum((table._vectors[i].astype(float) * float(table._scales[i]) for i in ids), np.zeros(table.dim))
        np.testing.assert_allclose(vector, total / max(1e-9, np.linalg.norm(total)), atol=1e-5)
    assert not vectors[1].any()


def test_like_texts_are_nearer_than_unlike_ones(table):
    a, b, c = table.encode(["Migrant workers were recruited.", "Recruitment of migrants.", "The price of diesel."])
    assert a @ b > a @ c + 0.2


def test_counts_of_tokens_are_those_of_the_encoder(table):
    from stratmap.encoding import load_encoder

    assert table.count_tokens(TEXTS) == load_encoder().count_tokens(TEXTS)


def test_counted_columns_equal_a_plain_count(table):
    idf = np.linspace(0.5, 4, table.size + PAIR_COLUMNS).astype(np.float32)
    found = weighted(count_columns(table.tokens(TEXTS), table.size), idf)
    for number, text in enumerate(TEXTS):
        ids = table._tokenizer.encode(text, add_special_tokens=False).ids
        pairs = [table.size + (a * 1_000_003 + b * 7_919) % (2**31 - 1) % PAIR_COLUMNS for a, b in pairwise(ids)]
        plain = {c: (1 + math.log(n)) * float(idf[c]) for c, n in Counter([*ids, *pairs]).items()}
        length = math.sqrt(sum(value**2 for value in plain.values()))
        rows = found.texts == number
        assert dict(zip(found.columns[rows].tolist(), found.values[rows].tolist(), strict=True)) == pytest.approx(
            {c: value / length for c, value in plain.items()}, rel=1e-4
        )


def test_probabilities_do_not_depend_on_the_other_texts(model):
    together = model.predict_proba(TEXTS, np.zeros((4, 0)), [])
    alone = np.concatenate([model.predict_proba([text], np.zeros((1, 0)), []) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert ((together > 0) & (together < 1)).all()
    assert model.predict_proba([], np.zeros((0, 0)), []).shape == (0, len(model.labels))


def test_the_fast_tier_knows_what_a_plain_passage_is_about(model, table):
    text = "Victims of trafficking were identified at the border, sheltered, and helped to press charges against traffickers."
    tagged = tagger_of(model, table).tag(read_text(text, "a.md"))
    assert tagged.tags["objectives"][0].probability > 0.5
    assert tagged.tags["objectives"][0].evidence[0].text in text


# Who reads what


class Counting:
    """A tagger that notes what it is given."""

    def __init__(self, tagger):
        self.tagger, self.read = tagger, []

    def tag_many(self, documents):
        for document in documents:
            self.read.append(document.name)
            yield replace(self.tagger.tag(document), warnings=("full",))


@pytest.fixture
def documents():
    return [read_text(text, f"{n}.md") for n, text in enumerate(TEXTS * 20) if text]


@pytest.mark.parametrize(("above", "share"), [(-1.0, 1.0), (1e9, 0.0)])
def test_doubt_decides_who_reads_and_the_order_stays(model, table, documents, above, share):
    fast, full = tagger_of(model, table), Counting(tagger_of(model, table))
    tagged = list(TieredTagger(fast, lambda: full, above).tag_many(documents))
    assert [one.document for one in tagged] == [document.name for document in documents]
    assert len(full.read) == share * len(documents)


def test_only_the_unsure_documents_go_to_the_full_tagger(model, table, documents):
    fast, full = tagger_of(model, table), Counting(tagger_of(model, table))
    doubts = {document.name: doubt(fast.tag(document)) for document in documents}
    middle = float(np.median(list(doubts.values())))
    tagged = TieredTagger(fast, lambda: full, middle).tag_many(iter(documents))
    assert {one.document for one in tagged if "full" in one.warnings} == {n for n, d in doubts.items() if d > middle}
    assert 0 < len(full.read) < len(documents)


def test_the_full_tagger_is_not_loaded_before_it_is_needed(model, table, documents):
    def never():
        raise AssertionError("loaded")

    assert len(list(TieredTagger(tagger_of(model, table), never, 1e9).tag_many(documents))) == len(documents)


def test_doubt_counts_the_decisions_expected_to_be_wrong(model, table, documents):
    tagged = tagger_of(model, table).tag(documents[0])
    tags = [tag for group in tagged.tags.values() for tag in group]
    assert doubt(tagged) == pytest.approx(sum(1 - t.probability if t.applied else t.probability for t in tags))


# What is refused


def test_a_tier_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(SettingsError, match=r"expected one of full, fast, auto, found 'quick'"):
        checked_tier("quick")


def test_a_framework_without_a_fast_tier_is_read_in_full_or_refused():
    full = object()
    assert load_tiers(load_framework("sdg"), lambda: full, Settings(tagging=TaggingSettings(tier="auto"))) is full
    with pytest.raises(SettingsError, match="expected the shipped framework"):
        load_tiers(load_framework("sdg"), lambda: full, Settings(tagging=TaggingSettings(tier="fast")))


@pytest.fixture
def copied(tmp_path):
    folder = tmp_path / "fast"
    shutil.copytree(shipped_folder("fast-tier"), folder)
    return folder


def test_a_table_of_another_encoder_is_refused(copied):
    facts = {"embedder_fingerprint": "0123456789abcdef"}
    write_manifest(copied, "table", "fast", "1", ["table.safetensors", "weights.safetensors", "head.json"], facts)
    with pytest.raises(ArtefactError, match="found one from 0123456789abcdef"):
        TokenTable(copied)


@pytest.mark.parametrize("name", ["table.safetensors", "weights.safetensors", "head.json"])
def test_a_changed_file_is_refused(copied, name):
    (copied / name).write_bytes((copied / name).read_bytes() + b" ")
    with pytest.raises(ArtefactError, match="expected SHA-256"):
        TokenTable(copied)


def test_the_fast_tier_is_small():
    files = json.loads((shipped_folder("fast-tier") / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert sum((shipped_folder("fast-tier") / name).stat().st_size for name in files) < 5_000_000
