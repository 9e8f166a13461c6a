"""Write the tagger's folder: tower as int8 ONNX, linear weights, vocabulary, head and manifest."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import save

from evaluation.recipes.calibration import Calibration
from evaluation.recipes.parts import PARTS, WordPart
from evaluation.recipes.tagging_data import LABELS
from evaluation.recipes.tower import Tower
from stratmap.artefacts import load_manifest, shipped_folder, write_manifest
from stratmap.tagging.model import HEAD, LINEAR, TOWER, VOCABULARY

METHOD = (
    "Platt's sigmoid on the mixed logits: one slope a half, one offset a label drawn to the half's mean, "
    "fitted on texts whose sources the scoring models did not see"
)


@dataclass(frozen=True)
class Decision:
    """What turns logits into probabilities and tags; arrays by label, `weights` (2, n_labels)."""

    weights: np.ndarray
    calibration: Calibration
    thresholds: np.ndarray
    auto_thresholds: np.ndarray
    texts: int
    calibrated: bool = True


def export_tower(tower: Tower, path: Path) -> None:
    """Export a tower to ONNX with int8 weights, per channel, for matrix products only."""
    tower = tower.eval().float()
    example = (torch.randn(2, 9, 384), torch.ones(2, 9, dtype=torch.long))
    axes = {"hidden": {0: "n", 1: "t"}, "attention_mask": {0: "n", 1: "t"}, "logits": {0: "n"}}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = Path(folder) / "tower.onnx"
        torch.onnx.export(
            tower,
            example,
            str(raw),
            input_names=["hidden", "attention_mask"],
            output_names=["logits"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(
            str(raw),
            str(path),
            per_channel=True,
            reduce_range=True,  # 7 bits, as in `graphs`: the same values on processors without VNNI
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
        )


def write_linear(part: WordPart, folder: Path) -> None:
    """Write the linear weights as float16 and the vocabulary, one n-gram a line in column order."""
    words = part.words
    tensors = {"words.idf": part.vocabulary.idf, "words.weights": words.weights, "words.bias": words.bias}
    halves = {key: np.ascontiguousarray(value, dtype=np.float16) for key, value in tensors.items()}
    (folder / LINEAR).write_bytes(save(halves))
    (folder / VOCABULARY).write_text("\n".join(part.vocabulary.grams) + "\n", encoding="utf-8")


def write_head(decision: Decision, folder: Path) -> None:
    """Write mixing weights, calibration and thresholds as JSON."""

    def row(values: np.ndarray) -> list[float]:
        return [round(float(value), 5) for value in values]

    embedder = load_manifest(shipped_folder("encoder"), "encoder")
    head = {
        "labels": list(LABELS),
        "embedder": embedder.name,
        "embedder_fingerprint": embedder.fingerprint,
        "tower_layer": embedder.facts["tower_layer"],
        "calibrated": decision.calibrated,
        "mixing": {name: row(weights) for name, weights in zip(PARTS, decision.weights, strict=True)},
        "calibration": {
            "method": METHOD,
            "texts": decision.texts,
            "slope": row(decision.calibration.slope),
            "offset": row(decision.calibration.offset),
        },
        "thresholds": row(decision.thresholds),
        "auto_thresholds": row(decision.auto_thresholds),
        "promised_precision": 0.90,
    }
    (folder / HEAD).write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")


def write_folder(
    folder: Path,
    tower: Tower,
    part: WordPart,
    decision: Decision,
    facts: Mapping[str, object],
    *,
    name: str,
    version: str,
) -> None:
    """Write the whole folder; what lay there under the same names is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    export_tower(tower, folder / TOWER)
    write_linear(part, folder)
    write_head(decision, folder)
    embedder = load_manifest(shipped_folder("encoder"), "encoder")
    facts = {
        "embedder": embedder.name,
        "embedder_fingerprint": embedder.fingerprint,
        "labels": list(LABELS),
        **facts,
    }
    write_manifest(folder, "tagger", name, version, [TOWER, LINEAR, VOCABULARY, HEAD], facts)
