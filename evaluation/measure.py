"""The product's figures: `python -m evaluation.measure tagging answers`.

Comes in: the measuring data beside the repository. Goes out: one file a subject in `evaluation/results/`. Each goes
through the same functions as the command line. Search and speed are measured beside peers, by `benchmark_retrieval` and
`benchmark_speed`.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from evaluation.provenance import SHARED, record
from stratmap.assembly import Desk
from stratmap.evaluating.answers import evaluate_answers, read_questions
from stratmap.evaluating.tagging import evaluate_tagging, load_items
from stratmap.records import TaggedDocument

_SEED = 7
_DRAWS = 1000


def tagging() -> None:
    """Tagging on dev.jsonl: six sources that training has not seen; bootstrap intervals over items."""
    desk = Desk()
    documents, truth = load_items(SHARED / "tagging" / "dev.jsonl", desk.framework)
    tagged = list(desk.tagger.tag_many(documents))
    figures = evaluate_tagging(tagged, truth, desk.framework)
    values = {group: asdict(value) for group, value in figures.items()}
    for group in values:
        values[group]["macro_f1_interval"] = _interval(tagged, truth, desk, group)
    command = "python -m evaluation.measure tagging"
    print(record("tagging", values, command, "tagging/dev.jsonl, 258 passages of 6 sources", _SEED))


def _interval(tagged: list[TaggedDocument], truth: dict[str, np.ndarray], desk: Desk, group: str) -> list[float]:
    """95 % bootstrap interval of the macro-F1, items drawn with replacement."""
    codes = [label.code for g in desk.framework.groups if g.id == group for label in g.labels]
    given = np.array([[code in document.applied(group) for code in codes] for document in tagged])
    rng = np.random.default_rng(_SEED)
    draws = []
    for _ in range(_DRAWS):
        rows = rng.integers(0, len(given), len(given))
        hits = (truth[group][rows] & given[rows]).sum(0)
        total = truth[group][rows].sum(0) + given[rows].sum(0)
        draws.append(float(np.mean(2 * hits[total > 0] / total[total > 0])))
    return [round(float(value), 4) for value in np.percentile(draws, [2.5, 97.5])]


def answers() -> None:
    """Our own questions: on the project archive, and on three published papers."""
    figures = {}
    sets = {
        "project archive": (["corpora/strategy", "corpora/projects"], "corpora.jsonl"),
        "published papers": ([str(SHARED / "reports")], "reports.jsonl"),
    }
    for name, (folders, questions) in sets.items():
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(index_folder=Path(folder) / "index")
            desk.add([Path(path) for path in folders])
            found = evaluate_answers(desk, read_questions([Path("evaluation/questions") / questions]))
        figures[name] = asdict(found)
    data = "evaluation/questions: 207 on the project archive, 46 on three papers"
    print(record("answers", figures, "python -m evaluation.measure answers", data))


if __name__ == "__main__":
    for word in sys.argv[1:]:
        {"tagging": tagging, "answers": answers}[word]()
