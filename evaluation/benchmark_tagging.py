"""All taggers in one run: `python -m evaluation.benchmark_tagging` (or `make benchmark-tagging`).

Each peer runs in a process of its own, so that its memory is its own. What a peer gave is kept under `--work`
by a digest of its training texts, so that only what changed is trained again; the shipped tagger is always measured
anew. Writes `evaluation/results/benchmark-tagging.{json,md}`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.provenance import record
from evaluation.recipes import calibration as cal
from evaluation.recipes.peers import LinearPeer, keyword_scores, one_threshold, statement_scores
from evaluation.recipes.tagging_data import LABELS, ROOT, SHARED, Item, read_items, targets
from stratmap.files import atomic_write_text

DEV = SHARED / "tagging" / "dev.jsonl"
WORK = ROOT / "build" / "benchmark-tagging"
PAGE = ROOT / "evaluation" / "results" / "benchmark-tagging.md"
SETFIT_SECONDS = 600.0
DRAWS = 500


@dataclass(frozen=True)
class Outcome:
    """What a tagger gave for dev.

    Attributes:
        scores: (n_texts, n_labels).
        thresholds: (n_labels,).
        probabilities: Whether the scores mean to be probabilities.
        train_seconds: None where nothing is trained in this run.
        texts_per_second: Tagging, from the text on.
        note: What a reader of the table has to know.
    """

    scores: np.ndarray
    thresholds: np.ndarray
    probabilities: bool
    train_seconds: float | None
    texts_per_second: float
    note: str = ""


@dataclass(frozen=True)
class Peer:
    """A row of the table: its title, which texts train it, and what runs it."""

    title: str
    data: str
    run: Callable[[Sequence[Item], Sequence[str]], Outcome]


def training(data: str) -> list[Item]:
    """The texts that a peer is trained on; `none` still chooses its threshold on `train.jsonl`."""
    from evaluation.recipes.train_tower import training_items

    return training_items(False) if data == "all" else read_items(SHARED / "tagging" / "train.jsonl")


def keyword_rules(items: Sequence[Item], texts: Sequence[str]) -> Outcome:
    """Share of a label's keywords found."""
    thresholds = one_threshold(keyword_scores([item.text for item in items]), targets(items))
    started = time.perf_counter()
    scores = keyword_scores(texts)
    return Outcome(scores, thresholds, False, None, len(texts) / (time.perf_counter() - started))


def statement_cosine(items: Sequence[Item], texts: Sequence[str]) -> Outcome:
    """Cosine of the text to the label's name and statement."""
    from evaluation.recipes.parts import embed

    thresholds = one_threshold(statement_scores(vectors_of(items), embed), targets(items))
    started = time.perf_counter()
    scores = statement_scores(embed(texts), embed)
    return Outcome(scores, thresholds, False, None, len(texts) / (time.perf_counter() - started))


def linear(kind: str) -> Callable[[Sequence[Item], Sequence[str]], Outcome]:
    """Logistic regressions on words, on frozen vectors, or both."""

    def run(items: Sequence[Item], texts: Sequence[str]) -> Outcome:
        from evaluation.recipes.parts import embed

        vectors = np.zeros((len(items), 0)) if kind == "words" else vectors_of(items)
        started = time.perf_counter()
        peer = LinearPeer(items, vectors, kind)
        fitted = peer.fitted(np.arange(len(items)))
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        scores = fitted(texts, np.zeros((len(texts), 0)) if kind == "words" else embed(texts))
        rate = len(texts) / (time.perf_counter() - started)
        note = "" if kind == "words" else "without encoding the training texts"
        return Outcome(scores, peer.thresholds(), True, seconds, rate, note)

    return run


def setfit(items: Sequence[Item], texts: Sequence[str]) -> Outcome:
    """SetFit, contrastive steps bounded in time."""
    from evaluation.recipes.setfit_peer import train_setfit

    started = time.perf_counter()
    peer = train_setfit(items, SETFIT_SECONDS)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    scores = peer.scores(texts)
    rate = len(texts) / (time.perf_counter() - started)
    note = f"{peer.steps} contrastive steps of 16 pairs in {SETFIT_SECONDS:.0f} s"
    return Outcome(scores, peer.thresholds, True, seconds, rate, note)


def zero_shot(items: Sequence[Item], texts: Sequence[str]) -> Outcome:
    """The tagger that the framework file alone gives."""
    del items
    from stratmap.encoding import load_encoder
    from stratmap.framework import load_framework
    from stratmap.tagging.zero_shot import ZeroShotModel, encode_long

    encoder = load_encoder()
    model = ZeroShotModel(load_framework("iom-seeeca"), encoder)
    started = time.perf_counter()
    scores = model.predict_proba(texts, encode_long(encoder, texts))
    return Outcome(scores, model.thresholds, False, None, len(texts) / (time.perf_counter() - started))


def shipped(items: Sequence[Item], texts: Sequence[str]) -> Outcome:
    """The product as users call it, evidence included."""
    del items
    from stratmap.assembly import Desk
    from stratmap.reading import read_text

    desk = Desk()
    desk.tagger.tag(read_text(texts[0], "warm"))
    started = time.perf_counter()
    tagged = list(desk.tagger.tag_many(read_text(text, str(number)) for number, text in enumerate(texts)))
    rate = len(texts) / (time.perf_counter() - started)
    rows = [{tag.code: tag.probability for group in t.tags.values() for tag in group} for t in tagged]
    scores = np.array([[row[label] for label in LABELS] for row in rows])
    thresholds = dict(zip(desk.tagger.model.labels, desk.tagger.model.thresholds, strict=True))
    note = "tagging with evidence; trained beforehand by evaluation/recipes/train_tower.py"
    return Outcome(scores, np.array([thresholds[label] for label in LABELS]), True, None, rate, note)


PEERS = {
    "keywords": Peer("keyword rules", "none", keyword_rules),
    "cosine": Peer("zero-shot cosine to the statements", "none", statement_cosine),
    "zero-shot": Peer("stratmap, framework file alone", "none", zero_shot),
    "words-train": Peer("tf-idf + LR", "train.jsonl", linear("words")),
    "vector-train": Peer("frozen MiniLM + LR", "train.jsonl", linear("vector")),
    "both-train": Peer("tf-idf and MiniLM + LR", "train.jsonl", linear("both")),
    "words-all": Peer("tf-idf + LR", "all", linear("words")),
    "vector-all": Peer("frozen MiniLM + LR", "all", linear("vector")),
    "both-all": Peer("tf-idf and MiniLM + LR", "all", linear("both")),
    "setfit-all": Peer("SetFit on MiniLM", "all", setfit),
    "stratmap": Peer("stratmap", "all", shipped),
}


def vectors_of(items: Sequence[Item]) -> np.ndarray:
    """Vectors of annotated texts, each encoded once and kept by its text."""
    from evaluation.recipes.parts import embed

    path = WORK / "vectors.npz"
    kept: dict[str, np.ndarray] = {}
    if path.is_file():
        with np.load(path, allow_pickle=False) as stored:
            kept = dict(zip(stored["names"].tolist(), stored["rows"], strict=True))
    names = [hashlib.sha256(item.text.encode()).hexdigest()[:20] for item in items]
    lacking = {name: item.text for name, item in zip(names, items, strict=True) if name not in kept}
    if lacking:
        kept |= dict(zip(lacking, embed(list(lacking.values())), strict=True))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, names=np.array(list(kept)), rows=np.stack(list(kept.values())))
    return np.stack([kept[name] for name in names])


def key(name: str, items: Sequence[Item], dev: Sequence[Item]) -> str:
    """Under which name an outcome is kept: changes with every text and label that takes part."""
    digest = hashlib.sha256()
    for item in (*items, *dev):
        digest.update(json.dumps([item.text, item.targets]).encode())
    return f"{name}-{digest.hexdigest()[:16]}"


def run_here(name: str, target: Path) -> None:
    """Run one tagger in this process and write what it gave."""
    dev, peer = read_items(DEV), PEERS[name]
    outcome = peer.run(training(peer.data), [item.text for item in dev])
    content = {
        "scores": outcome.scores.round(5).tolist(),
        "thresholds": outcome.thresholds.tolist(),
        "probabilities": outcome.probabilities,
        "train_seconds": outcome.train_seconds,
        "texts_per_second": outcome.texts_per_second,
        "note": outcome.note,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_text(target, json.dumps(content))


def outcome_of(name: str, work: Path, dev: Sequence[Item]) -> dict[str, Any]:
    """What a tagger gave: kept, or from a process of its own."""
    items = training(PEERS[name].data)
    path = work / f"{key(name, items, dev)}.json"
    if name == "stratmap":
        path.unlink(missing_ok=True)
    if not path.is_file():
        print(f"{name}: running", flush=True)
        command = [sys.executable, "-m", "evaluation.benchmark_tagging", "--peer", name, "--target", str(path)]
        subprocess.run(command, check=True, env={**os.environ, "TOKENIZERS_PARALLELISM": "false"})
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {"title": PEERS[name].title, "data": PEERS[name].data, "texts": len(items), **content}


def measured(outcome: dict[str, Any], wanted: np.ndarray) -> dict[str, Any]:
    """A row of the table with intervals; scores themselves are not recorded."""
    scores, thresholds = np.array(outcome["scores"]), np.array(outcome["thresholds"])
    figures: dict[str, Any] = dict(cal.measure(wanted, scores, thresholds))
    figures["intervals"] = cal.intervals(wanted, scores, thresholds, DRAWS)
    if not outcome["probabilities"]:
        figures = {name: value for name, value in figures.items() if not name.startswith("ece")}
    facts = ("title", "data", "texts", "train_seconds", "texts_per_second", "peak_mb", "note")
    return {**{name: outcome[name] for name in facts}, **figures}


def lead(rows: Sequence[dict[str, Any]], measure: str) -> str:
    """A sentence on who leads in a measure, and by how much."""
    *peers, ours = rows
    best = max(peers, key=lambda row: float(row[measure]))
    gap = 100 * (ours[measure] - best[measure])
    verb = "leads" if gap > 0 else "does not lead"
    return f"{measure}: stratmap {verb}, {gap:+.1f} points against {best['title']} ({best['data']})."


def page(rows: Sequence[dict[str, Any]]) -> str:
    """The table as Markdown."""
    measures = ("f1_objectives", "f1_principles", "map_objectives", "map_principles")
    head = ("tagger", "trained on", "F1 obj.", "F1 princ.", "AP obj.", "AP princ.", "ECE obj. / princ.",
            "train, s", "texts/s", "peak MB", "note")  # fmt: skip
    lines = [
        "# Taggers on dev, in one run",
        "",
        "258 passages of six sources that no tagger has seen; macro-F1 and mean average precision with 95 % bootstrap",
        "intervals over texts. Thresholds of trained peers come from held-out sources of their training texts. Peak memory",
        "is that of the whole process, training included where it trains. Command: `make benchmark-tagging`.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    for row in rows:
        cells = [row["title"], f"{row['data']} ({row['texts']:,})" if row["data"] != "none" else "nothing"]
        for measure in measures:
            low, high = row["intervals"][measure]
            cells.append(f"{row[measure]:.3f} ({low:.3f}–{high:.3f})")
        cells.append(f"{row['ece_objectives']:.3f} / {row['ece_principles']:.3f}" if "ece_objectives" in row else "–")
        cells.append("–" if row["train_seconds"] is None else f"{row['train_seconds']:.0f}")
        cells += [f"{row['texts_per_second']:.0f}", f"{row['peak_mb']:.0f}", row["note"]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *(f"- {lead(rows, measure)}" for measure in measures), ""])


def main() -> None:
    """Run what is missing, and write table and figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--without", default="", help="peers to leave out, joined by commas")
    parser.add_argument("--peer", choices=PEERS, help="run this one alone, in this process")
    parser.add_argument("--target", type=Path, help="where it writes")
    asked = parser.parse_args()
    if asked.peer:
        run_here(asked.peer, asked.target)
        return
    dev = read_items(DEV)
    names = [name for name in PEERS if name not in asked.without.split(",")]
    rows = [measured(outcome_of(name, asked.work, dev), targets(dev)) for name in names]
    record("benchmark-tagging", {"rows": rows}, "make benchmark-tagging", "tagging/dev.jsonl, 258 passages", 0)
    atomic_write_text(PAGE, page(rows))
    print(page(rows))


if __name__ == "__main__":
    main()
