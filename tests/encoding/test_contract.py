"""The promises of every encoder, kept by the shipped one and by a sentence-transformers model built here."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from stratmap.artefacts import shipped_folder, write_manifest
from stratmap.encoding import load_encoder
from stratmap.encoding.onnx_encoder import FILES, OnnxEncoder
from stratmap.encoding.protocol import checked
from stratmap.encoding.sessions import open_session
from stratmap.errors import ArtefactError, EncodingError
from stratmap.settings import EncodingSettings

TEXTS = [
    "Returnees received grants for small workshops in three districts.",
    "Border police.",
    "Health mediators visited camps along the river and vaccinated children against measles before winter.",
    "",
    "Возвращение мигрантов",
]


def tiny_model(folder):
    """A BERT of 16 dimensions with random weights and the words of TEXTS as its vocabulary."""
    pytest.importorskip("sentence_transformers")
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules

    torch.manual_seed(0)
    letters = sorted({c for text in TEXTS for c in text.lower() if not c.isspace()})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *[f"##{c}" for c in letters]]
    source = folder / "source"
    source.mkdir()
    (source / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    transformers.BertTokenizerFast(vocab={w: i for i, w in enumerate(words)}).save_pretrained(source)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=128,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(source)
    body = modules.Transformer(str(source), max_seq_length=128)
    SentenceTransformer(modules=[body, modules.Pooling(16)], device="cpu").save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module", params=["shipped", "sentence-transformers"])
def encoder(request, tmp_path_factory):
    if request.param == "shipped":
        return load_encoder()
    return load_encoder(EncodingSettings(encoder=str(tiny_model(tmp_path_factory.mktemp("tiny")))))


def test_rows_are_finite_float32_of_length_one(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def test_a_text_has_the_same_vector_alone_and_in_any_batch(encoder):
    together = encoder.encode(TEXTS * 9)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    for copy in range(9):
        assert np.abs(together[copy * len(TEXTS) : (copy + 1) * len(TEXTS)] - alone).max() < 1e-3


def test_rows_stand_in_the_order_of_the_texts(encoder):
    vectors, turned = encoder.encode(TEXTS), encoder.encode(TEXTS[::-1])
    nearest = (turned @ vectors.T).argmax(axis=1).tolist()
    assert nearest == [4, 3, 2, 1, 0]


def test_no_texts_give_no_rows(encoder):
    assert encoder.encode([]).shape == (0, encoder.dim)
    assert encoder.encode_full([]).embeddings.shape == (0, encoder.dim)


def test_tokens_are_counted_with_the_special_ones(encoder):
    counts = encoder.count_tokens(["", "a", "a a a"])
    assert counts == [2, 3, 5]


def test_what_fits_the_window_is_encoded_and_one_token_more_is_refused(encoder):
    fits = "a " * (encoder.window - 2)
    assert encoder.count_tokens([fits]) == [encoder.window]
    assert encoder.encode([fits]).shape == (1, encoder.dim)
    with pytest.raises(EncodingError, match=rf"at most {encoder.window} tokens, found one of {encoder.window + 1}"):
        encoder.encode(["short", fits + "a"])


def test_encode_full_gives_the_vectors_of_encode(encoder):
    full = encoder.encode_full(TEXTS)
    assert np.abs(full.embeddings - encoder.encode(TEXTS)).max() < 1e-3
    if full.hidden:
        assert [rows.shape for rows in full.hidden] == [(n, encoder.dim) for n in encoder.count_tokens(TEXTS)]


def test_encode_states_gives_the_states_of_encode_full(encoder):
    full, states = encoder.encode_full(TEXTS), encoder.encode_states(TEXTS)
    assert len(states.hidden) == len(full.hidden)
    for one, other in zip(states.hidden, full.hidden, strict=True):
        np.testing.assert_array_equal(one, other)
    for text, rows, offsets in zip(TEXTS, states.hidden, states.offsets, strict=False):
        assert len(rows) == len(offsets)
        assert "".join(text[a:b] for a, b in offsets) == "".join(text.split())


@pytest.mark.parametrize("text", ["\x00", "😀" * 50, "\u202e", "\ufeff", "a\u0301", " ", "\n"])
def test_strange_characters_are_encoded_too(encoder, text):
    assert np.isfinite(encoder.encode([text])).all()


def test_the_fingerprint_is_that_of_the_weights(encoder):
    again = load_encoder(EncodingSettings(encoder="shipped" if encoder.languages else encoder.name))
    assert again.fingerprint == encoder.fingerprint
    assert len(encoder.fingerprint) == 16


def test_meaning_decides_and_not_words():
    a, b, c = load_encoder().encode(["Migrants came home.", "Returnees were back again.", "The price of diesel rose."])
    assert a @ b > a @ c + 0.05


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
def test_a_graph_that_returns_no_embeddings_is_refused(value):
    encoder = OnnxEncoder(shipped_folder("encoder"))

    def run(outputs, feeds):
        rows = np.full((len(feeds["hidden"]), encoder.dim), 0.05, np.float32)
        rows[-1] = value
        return [rows]

    encoder._upper = SimpleNamespace(run=run)
    with pytest.raises(EncodingError, match=r"expected vectors of length 1|expected finite vectors"):
        encoder.encode(["one", "two"])


def test_checked_returns_what_is_fine():
    rows = np.eye(3, dtype=np.float32)
    assert checked(rows) is rows


@pytest.mark.parametrize(
    ("facts", "files", "message"),
    [
        ({"dim": 4}, list(FILES), "as window in the manifest, found None"),
        ({"dim": "4", "window": 8}, list(FILES), "as dim in the manifest, found '4'"),
        ({"dim": 4, "window": 8}, list(FILES[:2]), r"a manifest that names tokenizer\.json"),
    ],
)
def test_a_manifest_that_leaves_something_out_is_refused(tmp_path, facts, files, message):
    for name in FILES:
        (tmp_path / name).write_text("x", encoding="utf-8")
    write_manifest(tmp_path, "encoder", "tiny", "1", files, facts)
    with pytest.raises(ArtefactError, match=message):
        OnnxEncoder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x08\x07" * 100])
def test_bytes_that_are_no_graph_are_refused(tmp_path, content):
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(EncodingError, match=r"model\.onnx: expected an ONNX graph"):
        open_session(tmp_path / "model.onnx")


def test_a_tokenizer_that_is_none_is_refused(tmp_path):
    for name in FILES[:2]:
        (tmp_path / name).write_bytes((shipped_folder("encoder") / name).read_bytes())
    (tmp_path / "tokenizer.json").write_text(json.dumps({"version": "1.0"}), encoding="utf-8")
    write_manifest(tmp_path, "encoder", "t", "1", list(FILES), {"dim": 384, "window": 256})
    with pytest.raises(EncodingError, match=r"tokenizer\.json: expected a tokenizer"):
        OnnxEncoder(tmp_path)


def test_a_folder_that_is_no_sentence_transformer_is_refused(tmp_path):
    pytest.importorskip("sentence_transformers")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(EncodingError, match="expected a sentence-transformers model"):
        load_encoder(EncodingSettings(encoder=str(tmp_path)))
