"""What a retraining is measured on and held at: makes `models/review-<framework>/`.

Command: `.venv/bin/python -m evaluation.recipes.review_data` (a minute on two cores); to be run again whenever the
shipped tagger changes. Comes in: `corpora/projects` with its labels (no training saw them) and the hard cases of
`corpora/annotated` (the shipped tagger was trained on them, so they are no judge; a refit has to leave them as they
are). Goes out: vectors, logits and labels, no text.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from stratmap.artefacts import write_manifest
from stratmap.assembly import Desk
from stratmap.files import atomic_write, atomic_write_text
from stratmap.intake import declared_labels
from stratmap.reading import read_items, read_text
from stratmap.reading.folders import readable_files
from stratmap.reading.sidecar import with_sidecar
from stratmap.records import Document, Unreadable
from stratmap.reviewing.adjusting import logits_of
from stratmap.reviewing.held_out import DOCUMENTS, KIND, TENSORS
from stratmap.tagging.pooling import weights_of

ROOT = Path(__file__).resolve().parents[2]
CARD = """---
license: apache-2.0
---

# review-{framework}

What `stratmap retrain` measures on and holds at. No text, no weights.

- **Held out:** {documents} documents of `corpora/projects` ({passages} passages), written for this project, with the
  labels of `labels.csv`. Neither the shipped tagger nor any refit was trained on them; a document that somebody
  corrected is left out of the figures.
- **Anchors:** {anchors} passages of the hard cases in `corpora/annotated`. The shipped tagger was trained on them, so
  they measure nothing; a refit is held to leave its probabilities there as they are.

Vectors are half precision. Made for the tagger {tagger} by `evaluation/recipes/review_data.py`.
"""


def main() -> None:
    """Make the folder."""
    desk = Desk()
    documents, truth = _held_out(desk)
    reads = list(desk.tagger.read_many(documents))
    logits = [logits_of(read.seen.probabilities) for read in reads]
    anchors = np.concatenate([read.seen.embeddings for read in desk.tagger.read_many(_hard_cases())])
    folder = ROOT / "models" / f"review-{desk.framework.id}"
    tensors = {
        "vectors": np.concatenate([read.seen.embeddings for read in reads]).astype(np.float16),
        "logits": np.concatenate(logits).astype(np.float32),
        "lengths": np.array([weight for read in reads for weight in weights_of(read.passages)], dtype=np.int64),
        "truth": truth.astype(np.uint8),
        "anchors": anchors.astype(np.float16),
    }
    listed = [
        {"doc_id": read.document.doc_id, "name": read.document.name, "passages": len(read.passages)} for read in reads
    ]
    atomic_write(folder / TENSORS, save(tensors))
    atomic_write_text(folder / DOCUMENTS, json.dumps(listed, indent=1) + "\n")
    card = CARD.format(
        framework=desk.framework.id,
        documents=len(reads),
        passages=len(tensors["vectors"]),
        anchors=len(anchors),
        tagger=desk.shipped_name,
    )
    atomic_write_text(folder / "MODEL_CARD.md", card)
    facts = {"tagger": desk.shipped_name, "documents": len(reads), "anchors": len(anchors)}
    write_manifest(folder, KIND, folder.name, "1", [TENSORS, DOCUMENTS], facts)
    print(f"{len(reads)} documents, {len(tensors['vectors'])} passages, {len(anchors)} anchors in {folder}")


def _held_out(desk: Desk) -> tuple[list[Document], np.ndarray]:
    documents, truth = [], []
    for path in sorted(set(readable_files([ROOT / "corpora" / "projects"]))):
        for item in read_items(path, desk.settings.reading):
            if isinstance(item, Unreadable):
                raise SystemExit(f"{item.source}: {item.reason}")
            document = with_sidecar(item, path)
            labels = declared_labels(document, desk.framework)
            if labels is not None:
                documents.append(document)
                truth.append([code in labels for code in desk.framework.codes])
    return documents, np.array(truth, dtype=bool)


def _hard_cases() -> list[Document]:
    paths = [ROOT / "corpora" / "annotated" / f"hard-cases-{number}.jsonl" for number in (1, 2)]
    lines = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return [read_text(str(line["text"]), str(line["id"])) for line in lines]


if __name__ == "__main__":
    main()
