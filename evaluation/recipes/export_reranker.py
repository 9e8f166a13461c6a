"""The trained reranker as one int8 ONNX file.

Comes in: a checkpoint of `train_reranker` and the questions of documents that it did not see. Goes out:
`models/reranker/` with graph, tokenizer, licence, manifest and model card, whose figures are measured here:

    python -m evaluation.recipes.export_reranker --work WORK
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from evaluation.recipes.graphs import export_int8
from evaluation.recipes.reranker_data import Questions
from evaluation.recipes.reranker_groups import LONGEST_WORDS, Group
from evaluation.recipes.reranker_model import BASE, load_checkpoint
from evaluation.recipes.train_reranker import held_groups, prepare
from stratmap.answering.reranker import INPUTS, KIND, OUTPUT, WINDOW, Reranker
from stratmap.artefacts import Manifest, write_manifest
from stratmap.encoding.onnx_encoder import load_tokenizer
from stratmap.encoding.sessions import open_session

FOLDER = Path("models/reranker")
NAME = "stratmap-reranker-minilm-l6-int8"
FILES = ["model.onnx", "tokenizer.json"]
TRAINING = (
    "    python -m evaluation.recipes.train_reranker --work WORK --minutes {minutes} --rate {rate:g} --seed {seed}"
)


def export(checkpoint: Path) -> Path:
    """Write graph and tokenizer; returns the float32 graph for comparison."""
    ids = torch.randint(1000, 2000, (2, 16))
    axes = {name: {0: "n", 1: "t"} for name in INPUTS} | {OUTPUT: {0: "n"}}
    example = (ids, torch.ones_like(ids), torch.zeros_like(ids))
    raw = export_int8(load_checkpoint(checkpoint), example, (list(INPUTS), [OUTPUT]), axes, FOLDER / "model.onnx")
    shutil.copy(BASE / "tokenizer.json", FOLDER / "tokenizer.json")
    shutil.copy("LICENSE", FOLDER / "LICENSE.txt")
    return raw


def held_near(questions: Questions) -> list[tuple[str, str]]:
    """Unanswerable questions of kept documents, each with its near passage."""
    near = [(text, p) for text, p in questions.unanswerable if questions.document[p] in questions.held_documents]
    return [(text, " ".join(questions.passages[p].split()[:LONGEST_WORDS])) for text, p in near]


def scores_of(reranker: Reranker, groups: list[Group]) -> list[np.ndarray]:
    """Logits of every group, the answering passage first."""
    return [reranker.score(group.question, group.passages) for group in groups]


def measure(
    shipped: Reranker, original: Reranker, groups: list[Group], near: list[tuple[str, str]]
) -> dict[str, float]:
    """Figures on kept documents: order, difference to float32, answerable against not, Platt's constants."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    small, full = scores_of(shipped, groups), scores_of(original, groups)
    ranks = np.array([1 + int((scores[1:] > scores[0]).sum()) for scores in small])
    full_ranks = np.array([1 + int((scores[1:] > scores[0]).sum()) for scores in full])
    answering = np.array([scores[0] for scores in small])
    refused = np.array([float(shipped.score(question, [text])[0]) for question, text in near])
    others = np.concatenate([scores[1:] for scores in small])
    logits = np.concatenate([answering, refused, others])
    truth = np.arange(len(logits)) < len(answering)
    correlation = np.corrcoef(np.concatenate(small), np.concatenate(full))[0, 1]
    platt = LogisticRegression(C=1e6).fit(logits[:, None], truth)
    return {
        "questions": len(groups),
        "first": round(float((ranks == 1).mean()), 4),
        "mrr": round(float((1 / ranks).mean()), 4),
        "first_float32": round(float((full_ranks == 1).mean()), 4),
        "logit_correlation_to_float32": round(float(correlation), 4),
        "unanswerable": len(near),
        "auroc_unanswerable": round(_auroc(roc_auc_score, answering, refused), 4),
        "auroc_lookalikes": round(_auroc(roc_auc_score, answering, others), 4),
        "platt_slope": round(float(platt.coef_[0, 0]), 4),
        "platt_intercept": round(float(platt.intercept_[0]), 4),
    }


def _auroc(judge: Any, answering: np.ndarray, others: np.ndarray) -> float:
    truth = np.arange(len(answering) + len(others)) < len(answering)
    return float(judge(truth, np.concatenate([answering, others])))


def commands(passes: list[dict[str, Any]]) -> str:
    """The commands of all passes, one a line."""
    return "\n".join(
        TRAINING.format(**one) + (" --start CHECKPOINT" if number else "") for number, one in enumerate(passes)
    )


def card(passes: list[dict[str, Any]], figures: dict[str, float]) -> str:
    """The model card."""
    return f"""---
license: apache-2.0
language: en
base_model: sentence-transformers/all-MiniLM-L6-v2
pipeline_tag: text-ranking
tags: [cross-encoder, reranker, onnx, int8]
---
# The shipped reranker

Reads a question and a passage together and gives one logit: the higher, the surer the passage answers. It orders
the passages that the search proposes, and its best logit tells whether the archive answers at all. Input
`[CLS] question [SEP] passage [SEP]`, at most {WINDOW} tokens (only the passage is cut); six layers started from
all-MiniLM-L6-v2 (Apache-2.0), the [CLS] state and the mean of all states, one linear layer. Matrices are int8 per
output channel with 7 bits in use, so that processors without VNNI compute the same values.

## Training
{sum(one["sequences"] for one in passes):,} question-passage pairs: one passage that answers against three that do not (same
document, found by BM25, found by cosine, a few at random), softmax over the four plus a binary term, and questions that
their near passage does not answer. Passages are cut to windows of 45 to 150 words; a third carries a made-up heading.
{len(passes)} passes, each from the checkpoint of the one before (commands below). The first two knew the public data
alone; questions on passages of the field were a quarter of the third and half of the last, for which the constants in
`train_reranker.py` stand.

Data: SQuAD 2 (CC BY-SA 4.0), SQuADShifts (CC BY 4.0), PolicyQA, NQ-QED, COVID-QA, PubMedQA (MIT), CLAP NQ; no passage of
XQuAD. Questions of our own on passages of the field (`evaluation/questions/field.jsonl`), those on two thirds of the
passages. None of these texts is part of this folder.

{commands(passes)}
    python -m evaluation.recipes.export_reranker --work WORK

## Measured on documents that training did not see
| | |
|---|---|
| answering passage before its (up to) seven nearest look-alikes, {figures["questions"]} questions | {figures["first"]:.3f} (float32: {figures["first_float32"]:.3f}) |
| mean reciprocal rank there | {figures["mrr"]:.3f} |
| correlation of int8 and float32 logits | {figures["logit_correlation_to_float32"]:.4f} |
| AUROC, answering passage against near passage of {figures["unanswerable"]} unanswerable questions | {figures["auroc_unanswerable"]:.3f} |
| AUROC, answering passages against look-alikes | {figures["auroc_lookalikes"]:.3f} |

Rankings of whole collections with and without it: `evaluation/results/retrieval-benchmark.md`.

It knows English and short passages. Of the field's reports it was trained on single passages; a probability made from its
logit must be calibrated on the archive's kind of question. `platt_slope` and `platt_intercept` in the manifest belong
to the passages measured above.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="work folder of the training")
    parser.add_argument("--version", default="1")
    parser.add_argument("--questions", type=int, default=250)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    raw = export(arguments.work / "checkpoint")
    state = json.loads((arguments.work / "checkpoint" / "state.json").read_text())
    questions = prepare(arguments.work)
    write_manifest(FOLDER, KIND, NAME, arguments.version, FILES, {})
    original = Reranker(open_session(raw), load_tokenizer(FOLDER / "tokenizer.json"), Manifest(KIND, NAME, "0", {}))
    groups = held_groups(questions, arguments.questions, random.Random(3))
    figures = measure(Reranker.load(FOLDER, 1), original, groups, held_near(questions))
    facts = {"window": WINDOW, "origin": "all-MiniLM-L6-v2", **figures}
    write_manifest(FOLDER, KIND, NAME, arguments.version, FILES, facts)
    (FOLDER / "MODEL_CARD.md").write_text(card(state["passes"], figures), encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
