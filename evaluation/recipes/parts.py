"""Train the two parts of the tagger on some items and score others with them.

The parts, in the order that mixing weights follow: `tower`, and `words` (logistic regression on n-grams).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from evaluation.recipes import linear
from evaluation.recipes.tagging_data import Item, targets
from evaluation.recipes.tower import TowerSettings, load_encoder, load_tokenizer, pad, predict, train

PARTS = ("tower", "words")
WORDS_STRENGTH = 10.0


@dataclass(frozen=True)
class WordPart:
    """The fitted linear model and its vocabulary."""

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


def fit_words(items: Sequence[Item]) -> WordPart:
    """Fit the linear model on the words of the items."""
    texts = [item.text for item in items]
    vocabulary = linear.build_vocabulary(texts)
    return WordPart(linear.fit(linear.features(texts, vocabulary), targets(items), WORDS_STRENGTH), vocabulary)


def held_out(items: Sequence[Item], test: np.ndarray, settings: TowerSettings) -> np.ndarray:
    """Logits (2, n_test, n_labels) of the items marked in `test` by parts trained on all others."""
    rest, asked = [items[i] for i in np.flatnonzero(~test)], [items[i].text for i in np.flatnonzero(test)]
    lower, tower = train(rest, settings)
    part = fit_words(rest)
    words = linear.logits(part.words, linear.features(asked, part.vocabulary))
    return np.stack([predict(lower, tower, asked), words])
