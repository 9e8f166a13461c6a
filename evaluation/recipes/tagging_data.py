"""The annotated texts that train and measure the tagger: reading them, grouping them by source, augmenting
them.

Comes in: `../shared/datasets/tagging/*.jsonl`, `corpora/annotated/*.jsonl` and, for labels that are kept by
id alone, `../shared/datasets/unlabelled/texts.jsonl.gz`. Goes out: `Item`s and arrays. Never reads
`dev.jsonl` into a training set.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "datasets"
LABELS = tuple(f"O{i}" for i in range(1, 10)) + tuple(f"P{i}" for i in range(1, 7))
OBJECTIVES = slice(0, 9)
PRINCIPLES = slice(9, 15)
# Sources that are drawn from the same place, so that a fold never trains on one and measures on the other.
FAMILIES = {
    "unlabelled/upr": "upr",
    "unlabelled/iati": "iati-som",
    "unlabelled/un-workplans": "uninfo-other",
    "uninfo-other-neg": "uninfo-other",
    "rochelleterman/uprs": "upr",
}


@dataclass(frozen=True)
class Item:
    """One annotated text. `targets` has one value in [0, 1] per label, in the order of `LABELS`."""

    id: str
    source: str
    text: str
    targets: tuple[float, ...]
    sure: int = 2

    @property
    def words(self) -> int:
        """How many words separated by white space the text has."""
        return len(self.text.split())


def _lines(path: Path) -> Iterable[dict[str, object]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _item(record: dict[str, object], text: str | None = None, source: str | None = None) -> Item:
    codes = {*record["objectives"], *record["principles"]}
    return Item(
        str(record["id"]),
        source or str(record["source"]),
        text or str(record["text"]),
        tuple(float(label in codes) for label in LABELS),
        int(record.get("sure", 2)),
    )


def read_items(path: Path) -> list[Item]:
    """Read a JSONL file whose lines hold the text and its labels."""
    return [_item(record) for record in _lines(path)]


def read_unlabelled() -> list[Item]:
    """Read the unlabelled texts; their targets are all zero and mean nothing."""
    blank = (0.0,) * len(LABELS)
    path = SHARED / "unlabelled" / "texts.jsonl.gz"
    return [Item(str(r["id"]), f"unlabelled/{r['source']}", str(r["text"]), blank) for r in _lines(path)]


def read_labels_by_id(path: Path) -> list[Item]:
    """Join labels that are kept without their text (`id`, labels) to the unlabelled texts."""
    texts = {item.id: item for item in read_unlabelled()}
    return [_item(r, texts[str(r["id"])].text, texts[str(r["id"])].source) for r in _lines(path)]


def targets(items: Sequence[Item]) -> np.ndarray:
    """Stack the targets, shape (n_items, n_labels), float32."""
    return np.array([item.targets for item in items], dtype=np.float32)


def source_folds(items: Sequence[Item], folds: int, seed: int = 0) -> np.ndarray:
    """Assign whole sources to folds of about equal size; returns a fold number per item, shape (n_items,).

    Families of sources stay together. Largest sources first, each into the fold that is smallest so far.
    """
    groups: dict[str, list[int]] = {}
    for position, item in enumerate(items):
        groups.setdefault(FAMILIES.get(item.source, item.source), []).append(position)
    rng = random.Random(seed)
    names = sorted(groups, key=lambda name: (-len(groups[name]), rng.random()))
    sizes, assigned = [0] * folds, np.zeros(len(items), dtype=int)
    for name in names:
        fold = sizes.index(min(sizes))
        assigned[groups[name]] = fold
        sizes[fold] += len(groups[name])
    return assigned


def concatenate(first: Item, second: Item) -> Item:
    """Join two texts into one that has the labels of both (the larger target of each label)."""
    union = tuple(max(a, b) for a, b in zip(first.targets, second.targets, strict=True))
    return Item(
        f"{first.id}+{second.id}", first.source, f"{first.text} {second.text}", union, min(first.sure, second.sure)
    )


def augment(items: Sequence[Item], share: float, rng: random.Random, longest: int = 200) -> list[Item]:
    """Make `share * len(items)` longer texts by joining two of one source, at most `longest` words together."""
    by_source: dict[str, list[Item]] = {}
    for item in items:
        by_source.setdefault(item.source, []).append(item)
    made: list[Item] = []
    short = [item for item in items if item.words < longest - 20]
    for _ in range(int(share * len(items)) * 3):
        first = rng.choice(short)
        second = rng.choice(by_source[first.source])
        if first is not second and first.words + second.words <= longest:
            made.append(concatenate(first, second))
        if len(made) >= share * len(items):
            break
    return made


def relabel(items: Sequence[Item], soft: np.ndarray) -> list[Item]:
    """Give items new targets, `soft` of shape (n_items, n_labels) in [0, 1]."""
    return [replace(item, targets=tuple(map(float, row))) for item, row in zip(items, soft, strict=True)]
