"""Train the three parts of the tagger on some items and score others with them.

The parts, in the order that mixing weights follow: `tower`, `vector` (logistic regression on the search
vector) and `words` (logistic regression on n-grams).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from evaluation.recipes import linear
from evaluation.recipes.tagging_data import Item, targets
from evaluation.recipes.tower import Lower, Tower, TowerSettings, load_encoder, load_tokenizer, pad, predict, train

PARTS = ("tower", "vector", "words")
VECTOR_STRENGTH = 10.0  # of 1, 3, 10 on dev
WORDS_STRENGTH = 10.0


@dataclass(frozen=True)
class LinearParts:
    """The fitted linear models and the vocabulary of the second."""

    vector: linear.Linear
    words: linear.Linear
    vocabulary: linear.Vocabulary


def embed(texts: Sequence[str], window: int = 256, size: int = 32) -> np.ndarray:
    """Search vectors (n, 384) of the original encoder: mean of the tokens, length 1."""
    encoder = load_encoder()
    rows = [code.ids for code in load_tokenizer(window).encode_batch(list(texts))]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    out = np.zeros((len(rows), encoder.config.hidden_size), dtype=np.float32)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            ids, mask = pad([rows[i] for i in chosen])
            hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
            out[chosen] = torch.nn.functional.normalize(mean).numpy()
    return out


def fit_linear(items: Sequence[Item], vectors: np.ndarray) -> LinearParts:
    """Fit both linear models; vectors (n_items, 384) belong to the items."""
    texts, wanted = [item.text for item in items], targets(items)
    vocabulary = linear.build_vocabulary(texts)
    return LinearParts(
        linear.fit(vectors, wanted, VECTOR_STRENGTH),
        linear.fit(linear.features(texts, vocabulary), wanted, WORDS_STRENGTH),
        vocabulary,
    )


def score_linear(parts: LinearParts, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
    """Logits (2, n_texts, n_labels) of `vector` and `words`."""
    return np.stack(
        [
            linear.logits(parts.vector, vectors),
            linear.logits(parts.words, linear.features(texts, parts.vocabulary)),
        ]
    )


def held_out(items: Sequence[Item], vectors: np.ndarray, test: np.ndarray, settings: TowerSettings) -> np.ndarray:
    """Logits (3, n_test, n_labels) of the items marked in `test` by parts trained on all others."""
    rest, asked = [items[i] for i in np.flatnonzero(~test)], [items[i].text for i in np.flatnonzero(test)]
    lower, tower = train(rest, settings)
    return all_parts(lower, tower, fit_linear(rest, vectors[~test]), asked, vectors[test])


def all_parts(lower: Lower, tower: Tower, parts: LinearParts, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
    """Logits (3, n_texts, n_labels) in the order of `PARTS`."""
    return np.concatenate([predict(lower, tower, texts)[None], score_linear(parts, texts, vectors)])
