"""Train one tower with given settings and print its ranking on dev after each epoch; nothing is kept.

Command: `.venv/bin/python -m evaluation.recipes.try_tower --data train --epochs 6`
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from evaluation.recipes import calibration as cal
from evaluation.recipes.tagging_data import SHARED, Item, read_items, targets
from evaluation.recipes.tower import Lower, Tower, TowerSettings, predict, train
from evaluation.recipes.train_tower import thinned, training_items


def chosen(data: str) -> list[Item]:
    """The texts named: `train` (train.jsonl), `own` (hard cases), `all` or `thinned` (with fewer empty ones)."""
    if data == "train":
        return read_items(SHARED / "tagging" / "train.jsonl")
    items = training_items(data == "own")
    return [items[i] for i in np.flatnonzero(thinned(items))] if data == "thinned" else items


def main() -> None:
    """Parse, train, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=["train", "own", "all", "thinned"], default="train")
    parser.add_argument("--epochs", type=float, default=6.0)
    parser.add_argument("--join-share", type=float, default=0.0)
    parser.add_argument("--pooling", choices=["mean", "attention"], default="mean")
    parser.add_argument("--split", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = vars(parser.parse_args())
    torch.set_num_threads(1)
    items = chosen(asked.pop("data"))
    dev = read_items(SHARED / "tagging" / "dev.jsonl")
    wanted, texts = targets(dev), [item.text for item in dev]

    def report(epoch: int, lower: Lower, tower: Tower) -> None:
        logits = predict(lower, tower, texts)
        values = [cal.mean_precision(wanted[:, half], logits[:, half]) for half in cal.HALVES]
        print(f"epoch {epoch + 1}: mean average precision {values[0]:.3f} / {values[1]:.3f}", flush=True)

    train(items, TowerSettings(**asked), each_epoch=report)


if __name__ == "__main__":
    main()
