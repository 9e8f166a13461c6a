"""Zero-shot and few-shot tagging, measured: `python -m evaluation.experiments_zero_shot [--shared ../shared]`.

Illustrative snippets on the Sustainable Development Goals: those of `sdg_snippets.jsonl` chose constants (odd ids more
than even ones), those of `sdg_asked.jsonl`, each with one goal asked and a verdict, chose nothing and report. And real
passages labelled by the iom-seeeca framework. Writes `evaluation/results/zero-shot.{json,md}`.
"""

from __future__ import annotations

import argparse
import copy
import datetime
import json
import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stratmap.encoding import Encoder, load_encoder
from stratmap.evaluating import measures
from stratmap.framework import load_framework
from stratmap.tagging.keywords import PhraseIndex
from stratmap.tagging.zero_shot import ZeroShotConstants, ZeroShotModel, encode_long

HERE = Path(__file__).parent
SEED = 20261125
SHIPPED = ZeroShotConstants()
VARIANTS = {
    "stratmap zero-shot": SHIPPED,
    "without words": replace(SHIPPED, words=0.0),
    "without listed keywords": replace(SHIPPED, phrases=0.0),
    "without rivalry": replace(SHIPPED, rivalry=0.0),
    "without exclusions": replace(SHIPPED, exclusion=0.0),
    "with a neutral penalty": replace(SHIPPED, neutral=0.15, cut=0.14),
    "the lower cut used before": replace(SHIPPED, cut=0.155),
    "a higher cut": replace(SHIPPED, cut=0.2),
}
Rows = list[dict[str, Any]]


def f1(given: np.ndarray, truth: np.ndarray) -> float:
    """Mean over labels of F1; both arguments bool (n, n_labels)."""
    return float(measures.f1(truth, given).mean())


def hard_pairs(texts: list[str], truth: np.ndarray) -> np.ndarray:
    """For each goal its texts and as many others, those with most of its keywords; bool (n, n_labels)."""
    labels = load_framework("sdg").labels
    found = PhraseIndex([label.keywords for label in labels], [[] for _ in labels]).scores(texts)
    found += 0.001 * np.random.default_rng(SEED).random(found.shape)
    asked = truth.copy()
    for goal in range(truth.shape[1]):
        others = np.flatnonzero(~truth[:, goal])
        asked[others[np.argsort(-found[others, goal])[: truth[:, goal].sum()]], goal] = True
    return asked


def snippets(model: ZeroShotModel, rows: Rows, vectors: np.ndarray) -> dict[str, float]:
    texts, found = [row["text"] for row in rows], {}
    truth = np.array([[code in row["labels"] for code in model.labels] for row in rows])
    proba = model.predict_proba(texts, vectors)
    given = proba >= model.thresholds
    for name, odd in (("odd", 1), ("even", 0)):
        half = np.array([row["id"] % 2 == odd for row in rows])
        asked = hard_pairs([row["text"] for row in rows if row["id"] % 2 == odd], truth[half])
        none = ~truth[half].any(axis=1)
        found |= {
            f"{name} F1": f1(given[half], truth[half]),
            f"{name} F1 on hard pairs": f1(given[half] & asked, truth[half]),
            f"{name} best goal right": float(truth[half, proba[half].argmax(axis=1)][~none].mean()),
            f"{name} goals a text": float(given[half].sum(axis=1).mean()),
            f"{name} tagged though none": float(given[half][none].any(axis=1).mean()),
        }
    return found


def asked_one(model: ZeroShotModel, rows: Rows, vectors: np.ndarray) -> dict[str, float]:
    """One goal asked of each text: mean over goals of the F1 of the verdicts, with a bootstrap interval."""
    place = np.arange(len(rows))
    goal = np.array([model.labels.index(row["asked"]) for row in rows])
    truth = np.array([row["verdict"] for row in rows])
    proba = model.predict_proba([row["text"] for row in rows], vectors)
    given = proba[place, goal] >= model.thresholds[goal]
    rng = np.random.default_rng(SEED)
    draws = [mean_f1(given[i], truth[i], goal[i]) for i in (rng.integers(0, len(rows), len(rows)) for _ in range(500))]
    low, high = np.percentile(draws, [2.5, 97.5])
    return {
        "asked F1": mean_f1(given, truth, goal),
        "asked F1, low": float(low),
        "asked F1, high": float(high),
        "asked recall": float(given[truth].mean()),
        "asked, wrong yes": float(given[~truth].mean()),
    }


def mean_f1(given: np.ndarray, truth: np.ndarray, goal: np.ndarray) -> float:
    """Mean over the goals that are asked of the F1 of yes; all arguments (n,)."""
    each = []
    for number in np.unique(goal):
        own = goal == number
        each.append(2 * (given & truth)[own].sum() / max(1, given[own].sum() + truth[own].sum()))
    return float(np.mean(each))


def varied(model: ZeroShotModel, constants: ZeroShotConstants) -> ZeroShotModel:
    """The same prototypes under other constants; `background` and `patience` are those of the first."""
    other = copy.copy(model)
    other.constants = constants
    return other


def passages(model: ZeroShotModel, rows: Rows, vectors: np.ndarray) -> dict[str, float]:
    truth = np.array([[code in row["objectives"] + row["principles"] for code in model.labels] for row in rows])
    given = model.predict_proba([row["text"] for row in rows], vectors) >= model.thresholds
    return {"objectives F1": f1(given[:, :9], truth[:, :9]), "principles F1": f1(given[:, 9:], truth[:, 9:])}


def read(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def chosen(rows: Rows, count: int, labels: tuple[str, ...], seed: int) -> list[tuple[str, frozenset[str]]]:
    """At random, `count` texts for each label, with all their labels."""
    generator, picked = np.random.default_rng(seed), set()
    for code in labels:
        bearing = [i for i, row in enumerate(rows) if code in row["objectives"] + row["principles"]]
        picked |= set(generator.choice(bearing, min(count, len(bearing)), replace=False).tolist())
    return [(rows[i]["text"], frozenset(rows[i]["objectives"] + rows[i]["principles"])) for i in sorted(picked)]


def few_shot(encoder: Encoder, train: Rows, dev: Rows, vectors: np.ndarray) -> dict[str, dict[str, float]]:
    framework, found = load_framework("iom-seeeca"), {}
    for count in (1, 3, 10):
        runs = [
            passages(ZeroShotModel(framework, encoder, given), dev, vectors)
            for given in (chosen(train, count, framework.codes, SEED + run) for run in range(3))
        ]
        found[f"{count} a label"] = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="measuring data beside it")
    parser.add_argument("--quick", action="store_true", help="leave out the examples, which take most of the time")
    options = parser.parse_args()
    encoder = load_encoder()
    rows, folder = read(HERE / "zero_shot" / "sdg_snippets.jsonl"), options.shared / "datasets" / "tagging"
    dev = read(folder / "dev.jsonl")
    test = read(HERE / "zero_shot" / "sdg_asked.jsonl")
    goals, real, asked = (encode_long(encoder, [row["text"] for row in part]) for part in (rows, dev, test))
    sdg, strategy = (ZeroShotModel(load_framework(name), encoder) for name in ("sdg", "iom-seeeca"))
    table = {}
    for name, constants in VARIANTS.items():
        table[name] = asked_one(varied(sdg, constants), test, asked) | snippets(varied(sdg, constants), rows, goals)
        table[name] |= passages(varied(strategy, constants), dev, real)
    examples = {} if options.quick else few_shot(encoder, read(folder / "train.jsonl"), dev, real)
    write(table, examples, f"python -m evaluation.experiments_zero_shot{' --quick' if options.quick else ''}")


def write(table: dict[str, dict[str, float]], examples: dict[str, dict[str, float]], command: str) -> None:
    head = {
        "command": command,
        "seed": SEED,
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "data": "evaluation/zero_shot/*.jsonl (illustrative); real passages: tagging/dev.jsonl, "
        "examples from tagging/train.jsonl",
    }
    (HERE / "results").mkdir(exist_ok=True)
    target = HERE / "results" / "zero-shot.json"
    record = {**head, "zero-shot": table, "few-shot": examples}
    target.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write_page(head, table, examples)


def write_page(head: dict[str, Any], table: dict[str, dict[str, float]], examples: dict[str, dict[str, float]]) -> None:
    columns = list(next(iter(table.values())))
    lines = [
        "# Zero-shot and few-shot tagging",
        "",
        *(f"- {key}: {value}" for key, value in head.items()),
        "",
        "The snippets are the authors' own: their figures say how variants compare more than how good the",
        "tagger is. Constants were chosen on the odd half and on the objectives of every third training",
        "passage; the even half and the real passages were looked at while the weight of the neutral",
        "sentences and the cut were chosen, so they are not untouched. The columns `asked` are the second",
        "test: 320 texts with one goal asked of each, written before the framework file was read; the cut was",
        "raised from 0.155 to 0.18 on the older snippets, its scores at several cuts being known by then.",
        "",
        f"| | {' | '.join(columns)} |",
        f"|---|{'---|' * len(columns)}",
    ]
    lines += [f"| {name} | {' | '.join(f'{row[c]:.3f}' for c in columns)} |" for name, row in table.items()]
    if examples:
        lines += ["", "Few-shot on real passages:", "", "| examples | objectives F1 | principles F1 |", "|---|---|---|"]
        lines += [f"| {name} | {' | '.join(f'{v:.3f}' for v in row.values())} |" for name, row in examples.items()]
    (HERE / "results" / "zero-shot.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
