"""Collections for the retrieval experiments: passages, queries, what is relevant, and vectors of both.

Comes in: `../shared/datasets`. Goes out: `Collection`s, those for choosing and those for reporting apart. Vectors
are of MiniLM's original weights and are kept in a work folder. It ranks nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.benchmark_collections import scifact, xquad
from evaluation.provenance import SHARED
from evaluation.recipes.reranker_data import EPOCHS_OF_SOURCE, POOL_OF_SOURCE, Questions, load_questions
from evaluation.recipes.reranker_model import embed
from stratmap.evaluating.retrieval import Collection as Judged

# Questions of policyqa have an answer in nearly every policy: its pool cannot be judged. Those of `reports` stand on
# passages of the field, which are not loaded here.
QUESTION_SOURCES = tuple(source for source in EPOCHS_OF_SOURCE if not source.startswith(("policyqa", "reports")))
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
    questions = load_questions(SHARED / "questions")
    vectors = np.load(work / "vectors.npz")
    rows = {text: row for row, text in enumerate(questions.asked)}
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
    loaded = xquad(language)
    rows = range(len(loaded.queries))
    picked = list(rows) if sample is None else random.Random(sample).sample(rows, QUERIES_OF_SOURCE)
    return _loaded(work, f"xquad-{language}", language, f"xq_{language}", loaded, list(loaded.texts), picked)


def _scifact(work: Path) -> Collection:
    loaded = scifact()
    passages = [f"{title} {text}".strip() for title, text in zip(loaded.titles, loaded.texts, strict=True)]
    judged = [row for row, query in enumerate(loaded.queries) if query in loaded.qrels]
    return _loaded(work, "scifact", "en", "sf", loaded, passages, judged)


def _loaded(
    work: Path, name: str, language: str, key: str, loaded: Judged, passages: list[str], picked: list[int]
) -> Collection:
    """The picked queries of a collection of the benchmark; vectors of all of them are kept under `key`."""
    place = {identifier: row for row, identifier in enumerate(loaded.ids)}
    queries, texts = list(loaded.queries), list(loaded.queries.values())
    return Collection(
        name,
        language,
        passages,
        [texts[row] for row in picked],
        [{place[document] for document in loaded.qrels[queries[row]]} for row in picked],
        _kept_vectors(work, f"{key}_p", passages, 256),
        _kept_vectors(work, f"{key}_q", texts, 128)[picked],
        np.ones(len(picked), dtype=bool),
    )
