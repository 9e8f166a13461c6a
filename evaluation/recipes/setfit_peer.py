"""SetFit as a peer: the package `setfit`, contrastive steps within a bound of time, then its own head.

Comes in: annotated texts and texts to score. Goes out: scores and thresholds, as the other peers give them. The
encoder is the same MiniLM that stratmap starts from. Contrastive pairs come from two thirds of the sources; thresholds
from a head fitted on those and read on the remaining third, which the encoder has then not seen; the final head sees
everything. It measures nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.recipes import calibration as cal
from evaluation.recipes.export_encoder import original_folder
from evaluation.recipes.tagging_data import LABELS, Item, source_folds, targets

BATCH = 16
MOST_TOKENS = 128  # in contrastive steps; the head and scoring read 256
TEXTS_FOR_PAIRS = 2500  # the package lists all pairs of them before it draws
MOST_STEPS = 150  # the package warms up over a tenth of them, so it is no more than the bound may allow


@dataclass(frozen=True)
class SetFitPeer:
    """A trained SetFit model with its thresholds; `steps` is how many contrastive steps the bound allowed."""

    model: Any  # setfit has no types
    thresholds: np.ndarray
    steps: int

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities (n_texts, n_labels)."""
        return _probabilities(self.model.model_head, _encode(self.model, texts))


def train_setfit(items: Sequence[Item], seconds: float, seed: int = 0) -> SetFitPeer:
    """Train within `seconds` of contrastive steps (the last one is finished)."""
    from setfit import SetFitModel

    model = SetFitModel.from_pretrained(str(original_folder()), multi_target_strategy="one-vs-rest", device="cpu")
    inside = source_folds(items, 3) != 0
    steps = _contrast(model, _drawn([items[i] for i in np.flatnonzero(inside)], seed), seconds, seed)
    vectors, wanted = _encode(model, [item.text for item in items]), targets(items)
    model.model_head.fit(vectors[inside], wanted[inside])
    thresholds = cal.fit_thresholds(_probabilities(model.model_head, vectors[~inside]), wanted[~inside])
    model.model_head.fit(vectors, wanted)
    return SetFitPeer(model, thresholds, steps)


def _drawn(items: Sequence[Item], seed: int) -> list[Item]:
    chosen = np.random.default_rng(seed).permutation(len(items))[:TEXTS_FOR_PAIRS]
    return [items[i] for i in chosen]


def _contrast(model: Any, items: Sequence[Item], seconds: float, seed: int) -> int:
    """The package's trainer of encoders, stopped when the time is spent; returns the steps made."""
    from setfit import Trainer, TrainingArguments

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            batch_size=BATCH,
            max_steps=MOST_STEPS,
            max_length=MOST_TOKENS,
            seed=seed,
            save_strategy="no",
            report_to="none",
            show_progress_bar=False,
        )
        model.model_body.max_seq_length = MOST_TOKENS
        clock = _clock(seconds)
        trainer = Trainer(model=model, args=arguments, callbacks=[clock])
        labels = [[int(value) for value in item.targets] for item in items]
        trainer.train_embeddings([item.text for item in items], labels, args=arguments)
    return int(clock.steps)


def _clock(seconds: float) -> Any:
    from transformers import TrainerCallback

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Stops training when its time is spent."""

        def __init__(self) -> None:
            self.started, self.steps = time.monotonic(), 0

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:  # noqa: ARG002
            """Count, and say stop."""
            self.steps = state.global_step
            control.should_training_stop = time.monotonic() - self.started > seconds
            return control

    return Clock()


def _encode(model: Any, texts: Sequence[str]) -> np.ndarray:
    model.model_body.max_seq_length = 256
    return np.asarray(
        model.model_body.encode(
            list(texts), batch_size=32, normalize_embeddings=model.normalize_embeddings, show_progress_bar=False
        )
    )


def _probabilities(head: Any, vectors: np.ndarray) -> np.ndarray:
    found = np.asarray(head.predict_proba(vectors))
    if found.shape != (len(vectors), len(LABELS)):
        raise ValueError(f"expected ({len(vectors)}, {len(LABELS)}) probabilities, found {found.shape}")
    return found
