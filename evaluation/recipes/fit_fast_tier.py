"""Make the fast tier: the token table, its two linear models, and the curve on which `auto` is decided.

Command: `.venv/bin/python -m evaluation.recipes.fit_fast_tier` (a minute of processor time; half of it for the table,
which is kept in `build/fast-tier` until the encoder changes, and the rest for the full tagger's reading of dev). Run it
again after every training of the full tagger, whose figures are in the curve. It trains on what `train_tower` trains
on, takes calibration and thresholds from sources held out, and writes `models/fast-tier` and
`evaluation/results/tiers.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save
from scipy.sparse import csr_matrix

from evaluation.provenance import record
from evaluation.recipes import calibration as cal
from evaluation.recipes import linear
from evaluation.recipes.calibration_set import calibration_folds
from evaluation.recipes.tagging_data import LABELS, ROOT, SHARED, Item, targets
from evaluation.recipes.train_tower import thinned, training_items
from stratmap.artefacts import load_manifest, shipped_folder, write_manifest
from stratmap.encoding.onnx_encoder import OnnxEncoder, load_tokenizer
from stratmap.encoding.sessions import at_once
from stratmap.encoding.table import KIND, TABLE, CountingEncoder, TokenTable
from stratmap.files import atomic_write, atomic_write_text
from stratmap.tagging.fast_model import HEAD, PAIR_COLUMNS, WEIGHTS, FastModel, count_columns, weighted
from stratmap.tagging.tagger import Tagger
from stratmap.tagging.tiers import doubt

OUT = ROOT / "models" / "fast-tier"
WORK = ROOT / "build" / "fast-tier"
DIMENSIONS = 80
COMMON = 1e-3  # a in a / (a + p): Arora et al. (2017), "smooth inverse frequency"
STRENGTHS = {"vector": 10.0, "words": 10.0}
_LOSS = 0.03  # macro-F1 that `auto` may lose against the full tagger in either half
CARD = """# Fast tier of the tagger

Two linear models in logit space: on a text's vector from a table of {dim} dimensions a token (int8), and on its tokens
and pairs of neighbouring tokens. The table is distilled from `{encoder}`: each token read alone, reduced by principal
components, weighted by how rare it is. Trained on the annotated texts that the full tagger is trained on ({texts}),
calibrated on sources held out. Figures on the development set are in `evaluation/results/tiers.json`.

Made by `python -m evaluation.recipes.fit_fast_tier`. Apache-2.0, as the encoder that it comes from. It reads English, and
a word the same way wherever it stands; what it is unsure of belongs to the full tagger (`--tier auto`).
"""


def token_vectors() -> np.ndarray:
    """What the encoder says to each token alone, float32 (n_tokens, 384); kept until the encoder changes."""
    folder = shipped_folder("encoder")
    encoder = OnnxEncoder(folder)
    path = WORK / f"tokens-{encoder.fingerprint}.npy"
    if not path.exists():
        tokenizer = encoder._tokenizer
        begin, end = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
        rows = [np.array([[begin, token, end]]) for token in range(tokenizer.get_vocab_size())]
        inputs = [{"input_ids": row, "attention_mask": np.ones_like(row)} for row in rows]
        path.parent.mkdir(parents=True, exist_ok=True)
        vectors = at_once(lambda feed: encoder._vector(feed, encoder._states(feed)), inputs)
        np.save(path, np.stack(list(vectors)))
    return np.load(path, allow_pickle=False)


def write_table(vectors: np.ndarray, texts: Sequence[str], folder: Path) -> TokenTable:
    """Reduce, weight and round the token vectors; frequencies come from the texts."""
    tokenizer = load_tokenizer(shipped_folder("encoder") / "tokenizer.json")
    found = [e.ids for e in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    counts = np.bincount(np.concatenate([np.array(ids, dtype=np.int64) for ids in found]), minlength=len(vectors)) + 1
    share = counts / counts.sum()
    centred = vectors - share @ vectors
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :DIMENSIONS]
    reduced = (centred @ axes) * (COMMON / (COMMON + share))[:, None]
    scales = np.maximum(np.abs(reduced).max(axis=1), 1e-9) / 127
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"vectors": np.round(reduced / scales[:, None]).astype(np.int8), "scales": scales.astype(np.float16)}
    atomic_write(folder / TABLE, save({key: np.ascontiguousarray(value) for key, value in tensors.items()}))
    encoder = load_manifest(shipped_folder("encoder"), "encoder")
    facts = {"embedder": encoder.name, "embedder_fingerprint": encoder.fingerprint}
    write_manifest(folder, KIND, folder.name, "1", [TABLE], facts)
    return TokenTable(folder)


class Features:
    """What the two models see of texts."""

    def __init__(self, table: TokenTable, texts: Sequence[str]) -> None:
        tokens = table.tokens(texts)
        self.vectors = table.vectors(tokens)
        self.counts = count_columns(tokens, table.size)
        self.columns = table.size + PAIR_COLUMNS

    def words(self, idf: np.ndarray) -> csr_matrix:
        """The weighted counts as a sparse matrix."""
        found = weighted(self.counts, idf)
        return csr_matrix((found.values, (found.texts, found.columns)), shape=(found.count, self.columns))


def rarity(features: Features, rows: np.ndarray, least: int = 3) -> np.ndarray:
    """Smoothed inverse document frequency of each column over some texts; 0 below `least` texts."""
    inside = np.isin(features.counts.texts, np.flatnonzero(rows))
    held = np.bincount(features.counts.columns[inside], minlength=features.columns)
    idf = np.log((1 + rows.sum()) / (1 + held)) + 1
    return np.where(held >= least, idf, 0.0).astype(np.float16).astype(np.float32)


def fit_parts(
    features: Features, wanted: np.ndarray, rows: np.ndarray
) -> tuple[linear.Linear, linear.Linear, np.ndarray]:
    """Both linear models fitted on some texts, and the rarities that the second one uses."""
    idf = rarity(features, rows)
    vector = linear.fit(features.vectors[rows], wanted[rows], STRENGTHS["vector"])
    return vector, linear.fit(features.words(idf)[rows], wanted[rows], STRENGTHS["words"]), idf


def parts_of(
    fitted: tuple[linear.Linear, linear.Linear, np.ndarray], features: Features, rows: np.ndarray
) -> np.ndarray:
    """Logits (2, n, n_labels) of some texts."""
    vector, words, idf = fitted
    return np.stack([linear.logits(vector, features.vectors[rows]), linear.logits(words, features.words(idf)[rows])])


def mixing(parts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The share of each part by half, (2, n_labels), that ranks held-out texts best."""
    weights = np.zeros((2, len(LABELS)))
    for half in cal.HALVES:
        shares = [(share, 1 - share) for share in np.arange(0, 1.01, 0.1)]
        ranks = [cal.mean_precision(wanted[:, half], np.tensordot(s, parts[:, :, half], 1)) for s in shares]
        weights[:, half] = np.array(shares[int(np.argmax(ranks))])[:, None]
    return weights


def fit(items: Sequence[Item], folder: Path) -> None:
    """Fit everything and write the folder."""
    table = write_table(token_vectors(), [item.text for item in items], folder)
    features, wanted = Features(table, [item.text for item in items]), targets(items)
    folds = calibration_folds(items)
    held, truth = [], []
    for fold in range(folds.max() + 1):
        test = folds == fold
        held.append(parts_of(fit_parts(features, wanted, ~test), features, test))
        truth.append(wanted[test])
    parts, asked = np.concatenate(held, axis=1), np.concatenate(truth)
    weights = mixing(parts, asked)
    mixed = cal.mix(parts, weights)
    platt = cal.fit_platt(mixed, asked)
    head = {
        "labels": list(LABELS),
        "mixing": dict(zip(("vector", "words"), weights.round(3).tolist(), strict=True)),
        "calibration": {
            "texts": len(asked),
            "slope": platt.slope.round(5).tolist(),
            "offset": platt.offset.round(5).tolist(),
        },
        "thresholds": cal.fit_thresholds(platt(mixed), asked).round(4).tolist(),
        "auto_thresholds": cal.fit_automatic(platt(mixed), asked).round(4).tolist(),
        "promised_precision": 0.90,
        "escalate_above": 0.0,
    }
    write_models(fit_parts(features, wanted, np.ones(len(items), dtype=bool)), head, folder, len(items))


def write_models(
    fitted: tuple[linear.Linear, linear.Linear, np.ndarray], head: dict[str, Any], folder: Path, texts: int
) -> None:
    """Write the linear models as small numbers, and the head."""
    vector, words, idf = fitted
    scales = np.maximum(np.abs(words.weights).max(axis=0), 1e-9) / 127
    tensors = {
        "vector.weights": vector.weights.astype(np.float16),
        "vector.bias": vector.bias.astype(np.float32),
        "words.weights": np.round(words.weights / scales).astype(np.int8),
        "words.scales": scales.astype(np.float32),
        "words.bias": words.bias.astype(np.float32),
        "words.idf": idf.astype(np.float16),
    }
    atomic_write(folder / WEIGHTS, save({key: np.ascontiguousarray(value) for key, value in tensors.items()}))
    write_head(head, folder, texts)


def write_head(head: dict[str, Any], folder: Path, texts: int) -> None:
    """Write the head, the card, and the manifest over all files."""
    encoder = load_manifest(shipped_folder("encoder"), "encoder")
    atomic_write_text(folder / HEAD, json.dumps(head, indent=1) + "\n")
    atomic_write_text(folder / "MODEL_CARD.md", CARD.format(dim=DIMENSIONS, encoder=encoder.name, texts=f"{texts:,}"))
    facts = {
        "embedder": encoder.name,
        "embedder_fingerprint": encoder.fingerprint,
        "labels": list(LABELS),
        "texts": texts,
    }
    write_manifest(folder, KIND, folder.name, "1", [TABLE, WEIGHTS, HEAD], facts)


def measured(folder: Path) -> dict[str, Any]:
    """Both tiers on dev, and what handing over by doubt makes of them; the doubt chosen goes into the head."""
    from stratmap.assembly import Desk
    from stratmap.evaluating.tagging import load_items

    desk = Desk()
    documents, truth = load_items(SHARED / "tagging" / "dev.jsonl", desk.framework)
    table = TokenTable(folder)
    fast = Tagger(desk.framework, CountingEncoder(table), FastModel(folder, table))
    took, tagged = {}, {}
    for name, tagger in (("fast", fast), ("full", desk.tagger)):
        started = time.process_time()
        tagged[name] = list(tagger.tag_many(documents))
        took[name] = 1000 * (time.process_time() - started) / len(documents)
    groups = {group.id: [label.code for label in group.labels] for group in desk.framework.groups}
    doubts = np.array([doubt(one) for one in tagged["fast"]])
    curve = []
    for share in np.arange(0, 1.01, 0.1):
        above = float(np.quantile(doubts, 1 - share)) if share < 1 else -1.0
        chosen = [b if d > above else a for a, b, d in zip(tagged["fast"], tagged["full"], doubts, strict=True)]
        line = {"share": float((doubts > above).mean()), "escalate_above": above}
        for group, codes in groups.items():
            given = np.array([[code in one.applied(group) for code in codes] for one in chosen])
            line[group] = float(cal.f1_each(truth[group].astype(float), given).mean())
        curve.append(line)
        print({key: round(value, 3) for key, value in line.items()})
    default = choose(curve, folder)
    return {
        "curve": curve,
        "default": default,
        "cpu_ms_a_document": took,
        "objectives_lost_by_fast": curve[-1]["objectives"] - curve[0]["objectives"],
        "principles_lost_by_fast": curve[-1]["principles"] - curve[0]["principles"],
    }


def choose(curve: Sequence[dict[str, float]], folder: Path) -> dict[str, float]:
    """The point of the curve with the fewest documents handed over that loses little enough; it goes into the head."""
    halves = [key for key in curve[-1] if key not in {"share", "escalate_above"}]
    default = next(line for line in curve if all(line[half] >= curve[-1][half] - _LOSS for half in halves))
    head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    head["escalate_above"] = round(max(0.0, default["escalate_above"]), 4)
    write_head(head, folder, load_manifest(folder, KIND).facts["texts"])
    return default


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--measure-only", action="store_true", help="keep the models, draw the curve again")
    asked = parser.parse_args()
    if not asked.measure_only:
        items = training_items(False)
        fit([items[i] for i in np.flatnonzero(thinned(items))], asked.out)
    figures = measured(asked.out)
    print(
        record(
            "tiers",
            figures,
            "python -m evaluation.recipes.fit_fast_tier",
            "tagging/dev.jsonl, 258 passages of 6 sources",
        )
    )


if __name__ == "__main__":
    main()
