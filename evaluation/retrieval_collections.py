"""Collections for the retrieval experiments: passages, queries, what is relevant, and vectors of both.

Comes in: `../shared/datasets`. Goes out: `Collection`s, those for choosing and those for reporting apart. Vectors
are of MiniLM's original weights and are kept in a work folder. It ranks nothing.
"""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.recipes.reranker_data import EPOCHS_OF_SOURCE, POOL_OF_SOURCE, Questions, load_questions
from evaluation.recipes.reranker_model import embed

DATA = Path("../shared/datasets")
# Questions of policyqa have an answer in nearly every policy: its pool cannot be judged.
QUESTION_SOURCES = tuple(source for source in EPOCHS_OF_SOURCE if not source.startswith("policyqa"))
STEMMERS = {"en": "english", "ro": "romanian", "tr": "turkish"}
QUERIES_OF_SOURCE = 250


@dataclass(frozen=True)
class Collection:
    """One retrieval task.

    Attributes:
        name: As the tables call it.
        language: For stemmer and stop words.
        passages: Texts (n).
        queries: Texts (m).
        relevant: Indices into `passages` for each query.
        passage_vectors: float32 (n, 384), normalised.
        query_vectors: float32 (m, 384), normalised.
        unseen: For each query, whether the reranker's training saw nothing of its document.
    """

    name: str
    language: str
    passages: list[str]
    queries: list[str]
    relevant: list[set[int]]
    passage_vectors: np.ndarray
    query_vectors: np.ndarray
    unseen: np.ndarray


def choosing_collections(work: Path, seed: int) -> list[Collection]:
    """Question sources in pools of thousands of passages, and XQuAD in two languages that MiniLM hardly knows."""
    questions = load_questions(DATA / "questions")
    vectors = np.load(work / "vectors.npz")
    asked = list(dict.fromkeys(questions.texts + [text for text, _ in questions.unanswerable]))
    rows = {text: row for row, text in enumerate(asked)}
    made = [_question_collection(questions, source, vectors, rows, seed) for source in QUESTION_SOURCES]
    return made + [_xquad(work, language, seed) for language in ("ro", "tr")]


def reporting_collections(work: Path) -> list[Collection]:
    """SciFact and XQuAD in English: nothing is chosen on them."""
    return [_scifact(work), _xquad(work, "en", None)]


def _question_collection(
    questions: Questions, source: str, vectors: Any, rows: dict[str, int], seed: int
) -> Collection:
    pool = [i for i, name in enumerate(questions.sources) if POOL_OF_SOURCE[name] == POOL_OF_SOURCE[source]]
    members = {p for i in pool for p in (questions.positive[i], *questions.negatives[i])}
    if POOL_OF_SOURCE[source] == "encyclopaedia":
        members |= {p for _, p in questions.unanswerable}
    ordered = sorted(members)
    place = {p: k for k, p in enumerate(ordered)}
    own = [i for i in pool if questions.sources[i] == source]
    relevant: dict[str, set[int]] = {}
    for i in own:
        relevant.setdefault(questions.texts[i], set()).add(place[questions.positive[i]])
    held = [i for i in own if questions.held_out(i)]
    seen = [i for i in own if not questions.held_out(i)]
    rng = random.Random(f"{seed} {source}")
    held = rng.sample(held, min(len(held), QUERIES_OF_SOURCE))
    picked = held + rng.sample(seen, min(len(seen), QUERIES_OF_SOURCE - len(held)))
    texts = [questions.texts[i] for i in picked]
    return Collection(
        source,
        "en",
        [questions.passages[p] for p in ordered],
        texts,
        [relevant[text] for text in texts],
        vectors["passages"][ordered],
        vectors["questions"][[rows[text] for text in texts]],
        np.arange(len(picked)) < len(held),
    )


def _kept_vectors(work: Path, name: str, texts: list[str], max_tokens: int) -> np.ndarray:
    """Vectors of the texts, encoded once and then read from the work folder."""
    cache = work / "collections.npz"
    kept = dict(np.load(cache)) if cache.exists() else {}
    if name not in kept:
        kept[name] = embed(texts, max_tokens)
        np.savez(cache, **kept)
    return kept[name]


def _xquad(work: Path, language: str, sample: int | None) -> Collection:
    """All questions, or as many as other sources have, drawn with the seed `sample`."""
    content = json.loads((DATA / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in content for paragraph in article["paragraphs"]]
    passages = [paragraph["context"] for paragraph in paragraphs]
    asked = [(qa["question"], row) for row, paragraph in enumerate(paragraphs) for qa in paragraph["qas"]]
    queries = [text for text, _ in asked]
    vectors = _kept_vectors(work, f"xq_{language}_q", queries, 128)
    if sample is not None:
        rows = random.Random(sample).sample(range(len(asked)), QUERIES_OF_SOURCE)
        asked, vectors = [asked[row] for row in rows], vectors[rows]
    return Collection(
        f"xquad-{language}",
        language,
        passages,
        [text for text, _ in asked],
        [{row} for _, row in asked],
        _kept_vectors(work, f"xq_{language}_p", passages, 256),
        vectors,
        np.ones(len(asked), dtype=bool),
    )


def _scifact(work: Path) -> Collection:
    folder = DATA / "scifact"
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    place = {record["_id"]: row for row, record in enumerate(corpus)}
    relevant: dict[str, set[int]] = {}
    with (folder / "qrels.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            relevant.setdefault(row["query-id"], set()).add(place[row["corpus-id"]])
    passages = [f"{record['title']} {record['text']}".strip() for record in corpus]
    vectors = _kept_vectors(work, "sf_q", [record["text"] for record in asked], 128)
    judged = [row for row, record in enumerate(asked) if record["_id"] in relevant]
    return Collection(
        "scifact",
        "en",
        passages,
        [asked[row]["text"] for row in judged],
        [relevant[asked[row]["_id"]] for row in judged],
        _kept_vectors(work, "sf_p", passages, 256),
        vectors[judged],
        np.ones(len(judged), dtype=bool),
    )
