"""The reranker's input, its bounds, and what the shipped model does with plain questions."""

import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from stratmap.answering.reranker import (
    MAX_QUESTION_TOKENS,
    WINDOW,
    Reranker,
    asks,
)
from stratmap.artefacts import Manifest, shipped_folder, write_manifest
from stratmap.errors import ArtefactError, EncodingError

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "who", "came", "people", "left"]


class CountingSession:
    """Answers with the number of passage tokens, so that the expected score can be counted by hand."""

    def __init__(self):
        self.calls = []

    def run(self, outputs, inputs):
        assert outputs == ["logit"]
        self.calls.append(inputs)
        return [inputs["token_type_ids"].sum(axis=1).astype(np.float32)]


@pytest.fixture
def tokenizer():
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


@pytest.fixture
def session():
    return CountingSession()


@pytest.fixture
def counting(session, tokenizer):
    return Reranker(session, tokenizer, Manifest("reranker", "counting", "1", {}))


@pytest.fixture(scope="module")
def shipped():
    return Reranker.load(shipped_folder("reranker"), threads=1)


def test_input_is_question_then_passage_with_their_types(counting, session):
    counting.score("who came", ["people"])
    inputs = session.calls[0]
    assert inputs["input_ids"].tolist() == [[2, 4, 5, 3, 6, 3]]  # [CLS] who came [SEP] people [SEP]
    assert inputs["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1]]
    assert inputs["attention_mask"].tolist() == [[1, 1, 1, 1, 1, 1]]
    assert {value.dtype for value in inputs.values()} == {np.dtype(np.int64)}


def test_scores_come_in_the_order_of_the_passages(counting):
    scores = counting.score("who", ["people left people", "people", "", "people left"])
    assert scores.tolist() == [4, 2, 1, 3]
    assert scores.dtype == np.float32


def test_no_passages_no_scores(counting, session):
    assert counting.score("who", []).shape == (0,)
    assert session.calls == []


def test_only_the_passage_is_cut_where_the_window_is_full(counting, session):
    counting.score("who came", ["people " * 1000])
    ids = session.calls[0]["input_ids"][0].tolist()
    assert len(ids) == WINDOW
    assert ids[:4] == [2, 4, 5, 3]
    assert ids[-1] == 3


def test_an_absurd_question_leaves_room_for_the_passage(counting, session):
    counting.score("who " * 5000, ["people " * 1000])
    inputs = session.calls[0]
    assert inputs["input_ids"].shape == (1, WINDOW)
    assert inputs["token_type_ids"].sum() == WINDOW - MAX_QUESTION_TOKENS - 2


def test_each_passage_runs_alone(counting, session):
    lengths = [200, 10, 150, 30, 1] * 40
    scores = counting.score("who", ["people " * length for length in lengths])
    assert scores.tolist() == [length + 1 for length in lengths]
    assert len(session.calls) > 1
    assert all(len(inputs["input_ids"]) == 1 for inputs in session.calls)


def test_a_manifest_without_the_model_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    write_manifest(tmp_path, "reranker", "x", "1", ["tokenizer.json"], {})
    with pytest.raises(ArtefactError, match=r"model\.onnx"):
        Reranker.load(tmp_path)


def test_a_file_that_is_no_model_is_refused(tmp_path, tokenizer):
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_str())
    write_manifest(tmp_path, "reranker", "x", "1", ["model.onnx", "tokenizer.json"], {})
    with pytest.raises(EncodingError, match="expected an ONNX graph"):
        Reranker.load(tmp_path)


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path):
    (tmp_path / "model.onnx").write_bytes((shipped_folder("reranker") / "model.onnx").read_bytes())
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": "none"}))
    write_manifest(tmp_path, "reranker", "x", "1", ["model.onnx", "tokenizer.json"], {})
    with pytest.raises(ArtefactError, match="expected a tokenizer"):
        Reranker.load(tmp_path)


@pytest.mark.parametrize(
    "query", ["Who was trained", "“Which offices closed", "remittances per household?", "did it end"]
)
def test_a_question_is_known_by_its_first_word_or_its_mark(query):
    assert asks(query)


@pytest.mark.parametrize(
    "query", ["", "Candid remarks", "whatever works", "Obesity is partly genetic.", "labour migration"]
)
def test_claims_and_keywords_are_no_questions(query):
    assert not asks(query)


def test_the_shipped_model_prefers_the_passage_that_answers(shipped):
    scores = shipped.score(
        "How many people received help to return home?",
        [
            "The office in the capital was refurbished and two drivers were hired.",
            "In 2019, 1,240 stranded migrants were assisted to return voluntarily to their countries of origin.",
            "The steering committee met twice a year and approved the work plan.",
        ],
    )
    assert scores.argmax() == 1


def test_the_shipped_model_scores_a_passage_alike_in_any_company(shipped):
    passages = [f"Report {n}: {'training for border guards and labour inspectors. ' * n}" for n in range(1, 12)]
    together = shipped.score("Who was trained?", passages)
    alone = np.concatenate([shipped.score("Who was trained?", [passage]) for passage in passages])
    assert np.abs(together - alone).max() < 1e-3
    assert shipped.score("Who was trained?", passages).tolist() == together.tolist()
