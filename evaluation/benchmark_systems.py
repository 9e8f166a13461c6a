"""stratmap and its peers behind one small interface: a query comes in, ids with scores go out, best first.

Every peer is set up as its documentation does by default, on the same encoder. txtai runs in a process of its own,
with another Python, since its requirements are not stratmap's.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from evaluation.cached_vectors import CachedEncoder
from stratmap.assembly import Desk
from stratmap.evaluating.retrieval import Collection, CollectionSearch

OURS = "stratmap"
DEPTH = 100
Ranking = list[tuple[str, float]]


class System(Protocol):
    """Something that searches. `milliseconds` a query where it measures its own time, else 0."""

    name: str
    milliseconds: float

    def search(self, query: str) -> Ranking:
        """Ids with scores, best first."""
        ...


def systems(
    collection: Collection, encoder: CachedEncoder, desk: Desk, txtai: Path | None, work: Path
) -> Iterator[System]:
    """All systems over a collection, stratmap as it ships first."""
    search = CollectionSearch(collection, encoder)
    if desk.reranker is not None:
        ranked = search.with_reranker(desk.reranker, desk.settings.answering.rerank)
        yield Stratmap(OURS, ranked)
        yield Stratmap("stratmap without its reranker", search)
    else:
        yield Stratmap(OURS, search)
    whole = [f"{t}\n{x}".strip() for t, x in zip(collection.titles, collection.texts, strict=True)]
    yield Words(collection.ids, whole)
    yield Dense(collection.ids, whole, encoder)
    yield LangChain(collection.ids, whole, encoder)
    if txtai is not None:
        encoder.save()  # the other process reads them
        yield Txtai(collection, whole, txtai, work)


class Stratmap:
    """stratmap's own search over a collection."""

    milliseconds = 0.0

    def __init__(self, name: str, search: CollectionSearch) -> None:
        self.name, self._search = name, search

    def search(self, query: str) -> Ranking:
        """Ids with scores, best first."""
        return self._search.search(query)[:DEPTH]


class Words:
    """bm25s with English stop words and stemmer, its own constants."""

    name, milliseconds = "bm25s alone", 0.0

    def __init__(self, ids: tuple[str, ...], texts: list[str]) -> None:
        import bm25s
        import Stemmer

        self._bm25s, self._stemmer, self._ids = bm25s, Stemmer.Stemmer("english"), ids
        self._index = bm25s.BM25()
        self._index.index(self._tokens(texts), show_progress=False)

    def _tokens(self, texts: list[str]) -> object:
        return self._bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, show_progress=False)

    def search(self, query: str) -> Ranking:
        """Ids with scores, best first."""
        rows, scores = self._index.retrieve(
            self._tokens([query]), k=min(DEPTH, len(self._ids)), show_progress=False, n_threads=1
        )
        return [(self._ids[row], float(score)) for row, score in zip(rows[0], scores[0], strict=True)]


class Dense:
    """Cosine of the encoder alone; of a long document it sees the beginning, as sentence-transformers does."""

    name, milliseconds = "dense alone", 0.0

    def __init__(self, ids: tuple[str, ...], texts: list[str], encoder: CachedEncoder) -> None:
        self._ids, self._encoder = ids, encoder
        self._vectors = encoder.encode([encoder.fitted(text) for text in texts])

    def search(self, query: str) -> Ranking:
        """Ids with scores, best first."""
        cosines = self._vectors @ self._encoder.encode_query(query)
        best = np.argsort(-cosines, kind="stable")[:DEPTH]
        return [(self._ids[row], float(cosines[row])) for row in best]


class LangChain:
    """LangChain's in-memory vector store as a retriever, documents split by its splitter's defaults."""

    name, milliseconds = "LangChain vector store, default splitter", 0.0

    def __init__(self, ids: tuple[str, ...], texts: list[str], encoder: CachedEncoder) -> None:
        from langchain_core.documents import Document
        from langchain_core.embeddings import Embeddings
        from langchain_core.vectorstores import InMemoryVectorStore
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        class Cut(Embeddings):
            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return encoder.encode([encoder.fitted(text) for text in texts]).tolist()

            def embed_query(self, text: str) -> list[float]:
                return encoder.encode_query(text).tolist()

        documents = [Document(text, metadata={"id": i}) for i, text in zip(ids, texts, strict=True)]
        self._store = InMemoryVectorStore(Cut())
        self._store.add_documents(RecursiveCharacterTextSplitter().split_documents(documents))

    def search(self, query: str) -> Ranking:
        """Ids with scores, best first."""
        best: dict[str, float] = {}
        for document, score in self._store.similarity_search_with_score(query, k=DEPTH):
            best.setdefault(document.metadata["id"], float(score))
        return list(best.items())


class Txtai:
    """txtai with `hybrid=True`, in its own process."""

    name = "txtai hybrid"

    def __init__(self, collection: Collection, texts: list[str], python: Path, work: Path) -> None:
        asked = work / "txtai-asked.json"
        queries = [collection.queries[query] for query in collection.qrels]
        asked.write_text(json.dumps({"ids": collection.ids, "texts": texts, "queries": queries, "depth": DEPTH}))
        script = Path(__file__).with_name("peer_txtai.py")
        done = subprocess.run(
            [str(python), str(script), str(asked), str(work)], capture_output=True, text=True, check=True, timeout=3_600
        )
        said = json.loads(done.stdout.splitlines()[-1])
        self.milliseconds: float = said["ms_per_query"]
        self._found = dict(zip(queries, said["found"], strict=True))

    def search(self, query: str) -> Ranking:
        """Ids with scores, best first."""
        return [(str(identifier), float(score)) for identifier, score in self._found[query]]
