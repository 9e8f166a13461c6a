"""Trains the reranker: MiniLM that reads question and passage together and says whether one answers the other.

Comes in: `../shared/datasets/questions`, and `evaluation/questions/field.jsonl` with the passages that it names. Goes
out: checkpoints (`model.safetensors`, `state.json`) in a work folder, for `export_reranker`. Run from the repository, with the extra `train`:

    python -m evaluation.recipes.train_reranker --work build/reranker --minutes 85
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from evaluation.provenance import SHARED
from evaluation.recipes.report_questions import load_reports
from evaluation.recipes.reranker_data import Questions, load_questions, mine
from evaluation.recipes.reranker_groups import LONGEST_WORDS, Group, draw_group, training_order
from evaluation.recipes.reranker_model import (
    Pairs,
    PairScorer,
    embed,
    load_backbone,
    load_weights,
    save_checkpoint,
)

MISLEADING = 6  # questions on passages of the field that only look answerable, in each batch
REPORTS_SHARE = 0.5  # of the groups that ask about passages of the field
GROUPS, NEGATIVES, NEAR = 8, 3, 3
WARM_UP = 150
PEAK_RATE = 8e-5
ABSOLUTE_WEIGHT = 1.0


def prepare(work: Path) -> Questions:
    """Questions with mined negatives; the vectors for mining are kept in the work folder."""
    questions = load_questions(SHARED / "questions", load_reports(SHARED))
    asked = questions.asked
    cache = work / "vectors.npz"
    if not cache.exists():
        short = [" ".join(text.split()[:LONGEST_WORDS]) for text in questions.passages]
        np.savez(cache, passages=embed(short), questions=embed(asked))
    vectors = np.load(cache)
    mine(questions, vectors["passages"], dict(zip(asked, vectors["questions"], strict=True)))
    return questions


def group_loss(logits: torch.Tensor, groups: int) -> torch.Tensor:
    """Softmax over each group plus a binary term that makes the logit absolute; the rest are refusals.

    `logits` is (groups * (1 + NEGATIVES) + unanswerable,), in that order, the answering passage first.
    """
    grouped = logits[: groups * (1 + NEGATIVES)].view(groups, 1 + NEGATIVES)
    targets = torch.zeros_like(logits)
    targets[: groups * (1 + NEGATIVES) : 1 + NEGATIVES] = 1.0
    ranking = nn.functional.cross_entropy(grouped, torch.zeros(groups, dtype=torch.long))
    return ranking + ABSOLUTE_WEIGHT * nn.functional.binary_cross_entropy_with_logits(logits, targets)


def rate_share(step: int, done: float) -> float:
    """Learning rate as a share of its peak: linear warm-up, then linear decay by the share done."""
    return min(1.0, (step + 1) / WARM_UP) * max(0.02, 1.0 - done)


def validate(model: nn.Module, pairs: Pairs, groups: list[Group]) -> dict[str, float]:
    """Share of groups whose answering passage is first, and its mean reciprocal rank."""
    model.eval()
    ranks = []
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for group in groups:
            scores = pairs.logits(model, [(group.question, text) for text in group.passages], parts=1)
            ranks.append(1 + int((scores[1:] > scores[0]).sum()))
    model.train()
    return {"first": float(np.mean(np.array(ranks) == 1)), "mrr": float(np.mean(1 / np.array(ranks)))}


def held_groups(questions: Questions, count: int, rng: random.Random) -> list[Group]:
    """Validation groups from the kept documents: the passage and its seven nearest look-alikes."""
    held = [i for i in range(len(questions.texts)) if questions.held_out(i)]
    groups = []
    for i in rng.sample(held, min(count, len(held))):
        others = list(dict.fromkeys(questions.negatives[i] + questions.mined[i]))[:7]
        texts = [" ".join(questions.passages[p].split()[:LONGEST_WORDS]) for p in (questions.positive[i], *others)]
        groups.append(Group(questions.texts[i], texts))
    return groups


def batches(questions: Questions, rng: random.Random) -> Iterator[tuple[list[Group], list[tuple[str, int]]]]:
    """An endless supply of groups and unanswerable pairs."""
    near = [item for item in questions.unanswerable if questions.document[item[1]] not in questions.held_documents]
    general = _endless(questions, rng, lambda source: source != "reports")
    reports = _endless(questions, rng, lambda source: source == "reports")
    while True:
        asked = [next(reports if rng.random() < REPORTS_SHARE else general) for _ in range(GROUPS)]
        groups = [draw_group(questions, i, NEGATIVES, rng) for i in asked]
        yield groups, rng.sample(near, NEAR) + rng.sample(questions.misleading, MISLEADING)


def _endless(questions: Questions, rng: random.Random, wanted: Callable[[str], bool]) -> Iterator[int]:
    """Question indices of the wanted sources, pass after pass."""
    while True:
        yield from (i for i in training_order(questions, rng) if wanted(questions.sources[i]))


def flatten(questions: Questions, groups: list[Group], near: list[tuple[str, int]]) -> list[tuple[str, str]]:
    """(question, passage) pairs of one batch, in the order that `group_loss` expects."""
    pairs = [(group.question, text) for group in groups for text in group.passages]
    return pairs + [(text, " ".join(questions.passages[p].split()[:LONGEST_WORDS])) for text, p in near]


def train(questions: Questions, arguments: argparse.Namespace) -> None:
    """Train until the steps or the minutes are used up; the saved weights are a moving average."""
    rng = random.Random(arguments.seed)
    torch.manual_seed(arguments.seed)
    pairs, model = Pairs(), PairScorer(load_backbone()).train()
    if arguments.start:
        load_weights(model, arguments.start)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995))
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.rate, weight_decay=0.01)
    validation = held_groups(questions, 150, random.Random(0))
    started = saved = time.monotonic()
    for step, (groups, near) in enumerate(batches(questions, rng)):
        minutes = (time.monotonic() - started) / 60
        done = max(step / arguments.steps, minutes / arguments.minutes)
        if done >= 1.0:
            break
        for setting in optimizer.param_groups:
            setting["lr"] = arguments.rate * rate_share(step, done)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = pairs.logits(model, flatten(questions, groups, near))
        loss = group_loss(logits, len(groups))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        average.update_parameters(model)
        if step % 20 == 0:
            _report({"step": step, "minutes": round(minutes, 1), "loss": round(loss.item(), 4)})
        if time.monotonic() - saved > 600:
            saved = time.monotonic()
            _save(average.module, pairs, validation, arguments, step, minutes)
    _save(average.module, pairs, validation, arguments, step, minutes)


def _save(
    model: PairScorer,
    pairs: Pairs,
    validation: list[Group],
    arguments: argparse.Namespace,
    step: int,
    minutes: float,
) -> None:
    state = {
        "step": step,
        "minutes": round(minutes, 1),
        "budget_minutes": arguments.minutes,
        "seed": arguments.seed,
    }
    sequences = step * (GROUPS * (1 + NEGATIVES) + NEAR + MISLEADING)
    state |= {"groups": step * GROUPS, "sequences": sequences, "passes": _passes(arguments, minutes, sequences)}
    state |= validate(model, pairs, validation)
    save_checkpoint(model, arguments.work / "checkpoint", state)
    _report(state)


def _passes(arguments: argparse.Namespace, minutes: float, sequences: int) -> list[dict[str, float]]:
    """This run and those whose checkpoints it goes on from, first one first."""
    earlier = json.loads((arguments.start / "state.json").read_text())["passes"] if arguments.start else []
    this = {"minutes": round(minutes), "seed": arguments.seed, "rate": arguments.rate, "sequences": sequences}
    return [*earlier, this]


def _report(figures: dict[str, float]) -> None:
    print(json.dumps(figures), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for vectors and checkpoints")
    parser.add_argument("--minutes", type=float, default=85.0, help="longest training time")
    parser.add_argument("--steps", type=int, default=2800, help="most optimiser steps")
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="highest learning rate")
    parser.add_argument("--start", type=Path, help="checkpoint folder to go on from")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    train(prepare(arguments.work), arguments)


if __name__ == "__main__":
    main()
