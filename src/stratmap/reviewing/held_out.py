"""Texts that no training saw, ready to be measured on, and texts at which a refit should change nothing.

Comes in: the shipped folder `review-<framework>`. Goes out: features with their true labels, and anchor vectors. The
folder belongs to one tagger; for another it is refused. `evaluation/recipes/review_data.py` makes it from
`corpora/projects` (held out) and `corpora/annotated` (anchors: the shipped tagger was trained on them).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stratmap.artefacts import load_manifest, shipped_folder
from stratmap.errors import ArtefactError
from stratmap.framework import Framework
from stratmap.index.features import Features

KIND, DOCUMENTS, TENSORS = "review", "documents.json", "features.safetensors"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Measured on: `features` with `truth`, bool (n, n_labels); held at: `anchors`, float32 (m, dim)."""

    features: tuple[Features, ...]
    truth: np.ndarray
    anchors: np.ndarray

    def without(self, doc_ids: set[str]) -> HeldOut:
        """The same without texts that somebody corrected: those have been learned from."""
        kept = [row for row, one in enumerate(self.features) if one.doc_id not in doc_ids]
        return HeldOut(tuple(self.features[row] for row in kept), self.truth[kept], self.anchors)


def nothing_held_out(labels: int, dim: int) -> HeldOut:
    """For a framework without a shipped folder."""
    return HeldOut((), np.zeros((0, labels), dtype=bool), np.zeros((0, dim), dtype=np.float32))


def load_held_out(framework: Framework, tagger: str, dim: int) -> HeldOut:
    """The held-out texts of a framework; none where none are shipped.

    Raises:
        ArtefactError: The folder is damaged, or was made for another tagger.
    """
    try:
        folder = shipped_folder(f"review-{framework.id}")
    except ArtefactError:
        return nothing_held_out(len(framework.codes), dim)
    return read_held_out(folder, tagger)


def read_held_out(folder: Path, tagger: str) -> HeldOut:
    """The held-out texts of a folder.

    Raises:
        ArtefactError: It is damaged, or was made for another tagger.
    """
    from safetensors.numpy import load_file

    found = load_manifest(folder, KIND).facts.get("tagger")
    if found != tagger:
        raise ArtefactError(
            f"{folder}: expected held-out texts for the tagger {tagger}, found them for {found}. "
            "Make them anew: python -m evaluation.recipes.review_data"
        )
    listed = json.loads((folder / DOCUMENTS).read_text(encoding="utf-8"))
    tensors = load_file(folder / TENSORS)
    ends = np.cumsum([one["passages"] for one in listed])
    features = []
    for one, end in zip(listed, ends.tolist(), strict=True):
        part = slice(end - one["passages"], end)
        vectors, logits = tensors["vectors"][part].astype(np.float32), tensors["logits"][part]
        spans = np.zeros((one["passages"], 3), dtype=np.int64)
        features.append(Features(one["doc_id"], one["name"], vectors, logits, tensors["lengths"][part], spans))
    return HeldOut(tuple(features), tensors["truth"].astype(bool), tensors["anchors"].astype(np.float32))
