"""The product's figures: `python -m evaluation.measure tagging | retrieval | xquad | answers | speed`.

Comes in: the measuring data beside the repository. Goes out: one file a subject in `evaluation/results/`. Each goes
through the same functions as the command line.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from evaluation import benchmark_collections
from evaluation.provenance import SHARED, record
from stratmap.assembly import Desk
from stratmap.evaluating.answers import evaluate_answers, read_questions
from stratmap.evaluating.retrieval import Collection, CollectionSearch, evaluate_retrieval
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


def retrieval() -> None:
    """SciFact, with and without the reranker."""
    _search("scifact", benchmark_collections.scifact(), "SciFact (BEIR), 5,183 abstracts, 300 queries")


def xquad() -> None:
    """XQuAD-en: question to paragraph."""
    _search("xquad-en", benchmark_collections.xquad("en"), "XQuAD-en, 240 paragraphs, 1,190 questions")


def _search(name: str, collection: Collection, data: str) -> None:
    desk = Desk()
    search = CollectionSearch(collection, desk.encoder)
    figures = {"fused": _without_run(evaluate_retrieval(collection, search))}
    if desk.reranker is not None:
        again = search.with_reranker(desk.reranker, desk.settings.answering.rerank)
        figures["reranked"] = _without_run(evaluate_retrieval(collection, again))
    print(record(name, figures, f"python -m evaluation.measure {name.split('-')[0]}", data))


def _without_run(figures: object) -> dict[str, float]:
    return {key: value for key, value in asdict(figures).items() if key != "run"}  # type: ignore[call-overload]


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


def speed() -> None:
    """Passages a second of the shipped encoder and of sentence-transformers on the same texts, interleaved."""
    from evaluation.recipes.export_encoder import original_folder

    desk = Desk()
    lines = (SHARED / "tagging" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    counts = desk.encoder.count_tokens(texts)
    texts = [text for text, count in zip(texts, counts, strict=True) if 120 <= count <= 250][:256]
    from sentence_transformers import SentenceTransformer

    peer = SentenceTransformer(str(original_folder()), device="cpu")
    ours, theirs = [], []
    for _ in range(5):
        started = time.perf_counter()
        mine = desk.encoder.encode(texts)
        ours.append(len(texts) / (time.perf_counter() - started))
        started = time.perf_counter()
        other = peer.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        theirs.append(len(texts) / (time.perf_counter() - started))
    figures = {
        "passages": len(texts),
        "mean_tokens": float(np.mean([count for count in counts if 120 <= count <= 250])),
        "stratmap_per_s": float(np.median(ours)),
        "sentence_transformers_per_s": float(np.median(theirs)),
        "ratio": float(np.median(ours) / np.median(theirs)),
        "cosine_mean": float((mine * other).sum(1).mean()),
    }
    print(record("speed", figures, "python -m evaluation.measure speed", "256 passages of tagging/train.jsonl"))


if __name__ == "__main__":
    for word in sys.argv[1:]:
        {"tagging": tagging, "retrieval": retrieval, "xquad": xquad, "speed": speed, "answers": answers}[word]()
