"""Retrieval on a collection in BEIR form: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv`.

It builds the same hybrid search in memory that an index uses: vectors of passages (a document counts with its best
one), BM25 of whole documents, fusion, and the reranker over the first results. It writes nothing.
"""

from __future__ import annotations

import copy
import csv
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stratmap.answering.archive import Scorer
from stratmap.answering.questions import fitted
from stratmap.answering.reranker import asks
from stratmap.encoding import Encoder
from stratmap.errors import UsageError
from stratmap.evaluating import measures
from stratmap.index.fusion import blend, fuse
from stratmap.index.hybrid import Hybrid
from stratmap.index.words import query_words
from stratmap.reading import read_text, split_passages
from stratmap.records import Document

_CANDIDATES = 200
_DEPTH = 100
_ASSURED = 3  # a third of what the reranker reads is the nearest passage of each of the first documents


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, queries, and which documents answer which query."""

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    """Figures over the judged queries; `run` holds document ids and scores by query, best first."""

    ndcg_10: float
    recall_1: float
    recall_5: float
    recall_10: float
    recall_100: float
    mrr_10: float
    queries: int
    documents: int
    ms_per_query: float
    run: dict[str, list[tuple[str, float]]]


def load_collection(corpus: Path, queries: Path, qrels: Path) -> Collection:
    """Load a collection.

    Raises:
        UsageError: A file is missing or not of that form.
    """
    try:
        documents = list(_lines(corpus))
        asked = {str(row["_id"]): str(row["text"]) for row in _lines(queries)}
        judged: dict[str, dict[str, int]] = {}
        with open(qrels, encoding="utf-8", newline="") as file:
            for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if len(row) >= 3 and row[-1].lstrip("-").isdigit():
                    judged.setdefault(row[0], {})[row[-2]] = int(row[-1])
        ids = tuple(str(row["_id"]) for row in documents)
        titles = tuple(str(row.get("title") or "") for row in documents)
        texts = tuple(str(row.get("text") or "") for row in documents)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise UsageError(
            f"expected a BEIR collection (corpus, queries, qrels), found {type(error).__name__}: {error}."
        ) from error
    judged = {query: docs for query, docs in judged.items() if query in asked}
    if not ids or not judged:
        raise UsageError(f"expected documents and judged queries, found {len(ids)} and {len(judged)}.")
    return Collection(ids, titles, texts, asked, judged)


def _lines(path: Path) -> Iterator[dict[str, object]]:
    with open(path, encoding="utf-8-sig") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


class CollectionSearch:
    """Hybrid search over a collection.

    Args:
        collection: The documents.
        encoder: Vectors.
        reranker: Reads the first `rerank` passages again; None leaves the fused order.
        rerank: How many.
    """

    def __init__(
        self, collection: Collection, encoder: Encoder, reranker: Scorer | None = None, rerank: int = 24
    ) -> None:
        self._collection = collection
        self._encoder = encoder
        self._reranker = reranker
        self._rerank = rerank
        whole = [f"{t}\n{x}" for t, x in zip(collection.titles, collection.texts, strict=True)]
        read = [read_text(text, "item") for text in whole]
        parts = [(row, text) for row, document in enumerate(read) for text in self._parts(document)]
        self._owners = np.array([row for row, _ in parts], dtype=np.int64)
        self._texts = [text for _, text in parts]
        vectors = encoder.encode(self._texts)
        languages = [document.language.code for document in read]
        self._passages = Hybrid(vectors, self._texts, [languages[row] for row, _ in parts])
        self._languages = frozenset(languages)
        self._documents = Hybrid(np.zeros((len(whole), 1), dtype=np.float32), whole, languages)

    def with_reranker(self, reranker: Scorer, rerank: int) -> CollectionSearch:
        """The same search with a reranker, without encoding anything again."""
        again = copy.copy(self)
        again._reranker, again._rerank = reranker, rerank
        return again

    def _parts(self, document: Document) -> list[str]:
        passages = split_passages(document, self._encoder.count_tokens, min(self._encoder.window, 256))
        return [passage.text for passage in passages] or ["-"]

    def search(self, query: str) -> list[tuple[str, float]]:
        """Ids with scores, best first."""
        vector = self._encoder.encode([fitted(query, self._encoder)])[0]
        found, cosines = self._passages.dense(vector, _CANDIDATES)
        best: dict[int, tuple[float, int]] = {}
        for part, cosine in zip(found.tolist(), cosines.tolist(), strict=True):
            best.setdefault(int(self._owners[part]), (cosine, part))
        terms = query_words(query, self._languages)
        dense = sorted(best, key=lambda row: (-best[row][0], row))[:_DEPTH]
        lexical, lexical_scores = self._documents.lexical(terms, _DEPTH)
        dense_scores = np.array([best[row][0] for row in dense], dtype=np.float32)
        rows, scores = fuse(np.array(dense, dtype=np.int64), dense_scores, lexical, lexical_scores, len(terms))
        order = [(int(row), float(score)) for row, score in zip(rows, scores, strict=True)]
        if self._reranker is not None and asks(query):
            nearest = [best[row][1] for row, _ in order[: self._rerank // _ASSURED] if row in best]
            lexical, lexical_scores = self._passages.lexical(terms, _CANDIDATES)
            parts, _ = fuse(found, cosines, lexical, lexical_scores, len(terms))
            order = self._reranked(query, order, list(dict.fromkeys([*nearest, *parts.tolist()]))[: self._rerank])
        return [(self._collection.ids[row], score) for row, score in order]

    def _reranked(self, query: str, order: list[tuple[int, float]], parts: list[int]) -> list[tuple[int, float]]:
        """The order once the reranker has read some passages; a document counts with the one that answers best."""
        assert self._reranker is not None  # noqa: S101  (the caller asked)
        said: dict[int, float] = {}
        for part, logit in zip(
            parts, self._reranker.score(query, [self._texts[part] for part in parts]).tolist(), strict=True
        ):
            owner = int(self._owners[part])
            said[owner] = max(logit, said.get(owner, logit))
        head = [(row, score) for row, score in order if row in said]
        first = np.array([score for _, score in head], dtype=np.float32)
        mixed = blend(first, np.array([said[row] for row, _ in head], dtype=np.float32))
        ranked = sorted(range(len(head)), key=lambda i: (-float(mixed[i]), i))
        floor = float(mixed.min()) if len(mixed) else 0.0
        tail = [row for row, _ in order if row not in said]
        return [(head[i][0], float(mixed[i])) for i in ranked] + [
            (row, floor - 1.0 - rank) for rank, row in enumerate(tail)
        ]


def evaluate_retrieval(collection: Collection, search: CollectionSearch) -> RetrievalFigures:
    """Search every judged query and measure."""
    run: dict[str, list[tuple[str, float]]] = {}
    started = time.perf_counter()
    for query in collection.qrels:
        run[query] = search.search(collection.queries[query])[:_DEPTH]
    spent = time.perf_counter() - started
    ids = {query: [doc for doc, _ in found] for query, found in run.items()}
    qrels = collection.qrels
    return RetrievalFigures(
        ndcg_10=measures.ndcg(qrels, ids),
        recall_1=measures.recall(qrels, ids, 1),
        recall_5=measures.recall(qrels, ids, 5),
        recall_10=measures.recall(qrels, ids, 10),
        recall_100=measures.recall(qrels, ids, 100),
        mrr_10=measures.reciprocal_rank(qrels, ids),
        queries=len(qrels),
        documents=len(collection.ids),
        ms_per_query=1000 * spent / max(1, len(qrels)),
        run=run,
    )


def trec_lines(run: dict[str, list[tuple[str, float]]], name: str = "stratmap") -> Iterator[str]:
    """A run in TREC form."""
    for query, found in run.items():
        for rank, (doc, score) in enumerate(found, 1):
            yield f"{query} Q0 {doc} {rank} {score:.6f} {name}"
