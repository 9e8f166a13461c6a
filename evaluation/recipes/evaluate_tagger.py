"""Measure the shipped tagger and its simple peers on dev, and write the figures for results and model card.

Command: `.venv/bin/python -m evaluation.recipes.evaluate_tagger` (`--shipped-only` keeps the recorded rows of the
peers). It trains the peers on `train.jsonl` alone and on all annotated texts. The shipped tagger reads each text in
windows of up to 256 tokens, pooled by the weighted mean of odds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from evaluation.benchmark_tagging import vectors_of
from evaluation.recipes import calibration as cal
from evaluation.recipes.peers import LinearPeer, keyword_scores, one_threshold, statement_scores
from evaluation.recipes.tagging_data import LABELS, ROOT, SHARED, Item, read_items, targets
from evaluation.recipes.train_tower import training_items
from stratmap.encoding.onnx_encoder import OnnxEncoder
from stratmap.reading.documents import read_text
from stratmap.reading.passages import split_passages
from stratmap.tagging.model import TaggingModel
from stratmap.tagging.pooling import pool

FOLDER = ROOT / "models" / "tagger-iom-seeeca"
RESULT = ROOT / "evaluation" / "results" / "tagging-dev.json"


def shipped_probabilities(texts: Sequence[str], window: int = 256) -> np.ndarray:
    """Probabilities (n_texts, n_labels) of the shipped tagger."""
    encoder, model = OnnxEncoder(ROOT / "models" / "encoder", threads=1), TaggingModel.load(FOLDER, threads=1)
    out = []
    for number, text in enumerate(texts):
        passages = [p.text for p in split_passages(read_text(text, str(number)), encoder.count_tokens, window)]
        encoded = encoder.encode_full(passages)
        found = model.predict_proba(passages, encoded.embeddings, encoded.hidden)
        out.append(pool(found, [len(states) for states in encoded.hidden]))
    return np.array(out)


def row(name: str, wanted: np.ndarray, scores: np.ndarray, thresholds: np.ndarray) -> dict[str, object]:
    """One line of the table: measures with intervals and average precision and F1 of each label."""
    found: dict[str, object] = dict(cal.measure(wanted, scores, thresholds))
    each, decided = cal.f1_each(wanted, scores >= thresholds), scores >= thresholds
    precision = [cal.mean_precision(wanted[:, [c]], scores[:, [c]]) for c in range(len(LABELS))]
    labels = {
        label: {
            "f1": float(each[c]),
            "f1_interval": micro_interval(wanted[:, [c]], decided[:, [c]]),
            "ap": precision[c],
            "positives": int(wanted[:, c].sum()),
        }
        for c, label in enumerate(LABELS)
    }
    print(name, {key: round(float(value), 3) for key, value in found.items()}, flush=True)
    return {"name": name, **found, "intervals": cal.intervals(wanted, scores, thresholds), "labels": labels}


def micro_interval(wanted: np.ndarray, decided: np.ndarray, draws: int = 500) -> tuple[float, float]:
    """95 % bootstrap interval over texts of the micro-F1; of the F1, where there is one label."""
    hits, total = (wanted * decided).sum(1), wanted.sum(1) + decided.sum(1)
    rows = np.random.default_rng(0).integers(0, len(wanted), (draws, len(wanted)))
    low, high = np.percentile(2 * hits[rows].sum(1) / np.maximum(1, total[rows].sum(1)), [2.5, 97.5])
    return float(low), float(high)


def groups(items: Sequence[Item], probability: np.ndarray, thresholds: np.ndarray) -> dict[str, dict[str, Any]]:
    """Micro-F1 with its interval, by source and by length."""
    wanted = targets(items)
    out: dict[str, dict[str, Any]] = {}
    lengths = [
        "under 120 words" if i.words < 120 else "120-179 words" if i.words < 180 else "180 and more" for i in items
    ]
    for keys in ([i.source for i in items], lengths):
        for key in sorted(set(keys)):
            rows = np.array([k == key for k in keys])
            out[key] = {"texts": int(rows.sum())}
            for name, half in zip(("objectives", "principles"), cal.HALVES, strict=True):
                hit, said = wanted[rows][:, half], probability[rows][:, half] >= thresholds[half]
                out[key][f"micro_f1_{name}"] = float(2 * (hit * said).sum() / max(1, hit.sum() + said.sum()))
                out[key][f"interval_{name}"] = micro_interval(hit, said)
    return out


def automatic(wanted: np.ndarray, probability: np.ndarray, model: TaggingModel) -> dict[str, float]:
    """Precision of what is applied unseen, and its share of all applied tags."""
    sure = probability >= np.maximum(model.auto_thresholds, model.thresholds)
    applied = probability >= model.thresholds
    off = wanted[:, cal.OBJECTIVES].sum(1) == 0
    return {
        "automatic_precision": float(wanted[sure].mean()),
        "automatic_share": float(sure.sum() / applied.sum()),
        "false_positive_rate_without_objective": float(applied[off][:, cal.OBJECTIVES].any(1).mean()),
    }


def reliability(wanted: np.ndarray, probability: np.ndarray) -> list[dict[str, float]]:
    """Ten bins of a reliability diagram: mean probability, observed share, pairs."""
    place = np.minimum((probability * 10).astype(int), 9)
    return [
        {
            "probability": float(probability[place == b].mean()),
            "observed": float(wanted[place == b].mean()),
            "pairs": int((place == b).sum()),
        }
        for b in np.unique(place)
    ]


def peer_rows(dev: Sequence[Item], embed: Callable[[list[str]], np.ndarray]) -> list[dict]:
    """Rows of all peers."""
    vectors, texts, wanted = vectors_of(dev), [i.text for i in dev], targets(dev)
    rows = []
    for name, items in (
        ("train.jsonl", read_items(SHARED / "tagging" / "train.jsonl")),
        ("all", training_items(False)),
    ):
        own = vectors_of(items)
        if name == "train.jsonl":
            for kind, train_scores, scores in (
                ("keyword rules", keyword_scores([i.text for i in items]), keyword_scores(texts)),
                ("cosine to statements", statement_scores(own, embed), statement_scores(vectors, embed)),
            ):
                rows.append(row(kind, wanted, scores, one_threshold(train_scores, targets(items))))
        for kind in ("words", "vector", "both"):
            peer, started = LinearPeer(items, own, kind), time.time()
            scores = peer.scores(np.arange(len(items)), texts, vectors)
            seconds = time.time() - started
            title = {"words": "tf-idf + LR", "vector": "MiniLM + LR", "both": "tf-idf and MiniLM + LR"}[kind]
            rows.append(row(f"{title}, {name}", wanted, scores, peer.thresholds()) | {"train_seconds": seconds})
    return rows


def main() -> None:
    """Measure and write."""
    dev = read_items(SHARED / "tagging" / "dev.jsonl")
    wanted, model = targets(dev), TaggingModel.load(FOLDER, threads=1)
    started = time.time()
    found = shipped_probabilities([item.text for item in dev])
    rate = len(dev) / (time.time() - started)
    shipped = row("stratmap", wanted, found, model.thresholds)
    shipped |= {
        "texts_per_second": rate,
        "automatic": automatic(wanted, found, model),
        "groups": groups(dev, found, model.thresholds),
        "reliability": {
            name: reliability(wanted[:, half], found[:, half])
            for name, half in zip(("objectives", "principles"), cal.HALVES, strict=True)
        },
    }
    if "--shipped-only" in sys.argv and RESULT.exists():
        peers = json.loads(RESULT.read_text(encoding="utf-8"))[1:]
    else:
        from evaluation.recipes.parts import embed

        peers = peer_rows(dev, embed)
    rows = [shipped, *peers]
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
