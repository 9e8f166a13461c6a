"""The far side: one collection of Milvus, with every failure as a sentence and every wait with an end.

Comes in: rows to keep, questions to answer. Goes out: what Milvus says. A call that may yet go through is repeated,
a few times; none does harm twice: a row is known by its number, so that sending it again leaves one. It knows no
database of ours.

What Milvus Lite does otherwise than a server, and how it is met here: it gives BM25 scores with a minus sign (their
size is taken), refuses parameters in filters (filters hold numbers only, written out), and weighs words by segment
instead of by collection (scores of one question are comparable within a segment).
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from stratmap.errors import MissingExtra, ServiceError
from stratmap.index.hybrid import Rows, Scores
from stratmap.index.lexical import K1, B
from stratmap.settings import IndexSettings

BATCH = 500  # rows of one call: about 2 MB, far below the 64 MB that Milvus takes
PAUSE_S = 0.25  # before the first repetition; doubled with each
TOKEN = "STRATMAP_MILVUS_TOKEN"  # noqa: S105  (the name of an environment variable, where secrets belong)
# A connection of its own that notices soon that a server is back; gRPC would wait up to two minutes.
_WIRE = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.min_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 1_000,
}
_MOST_BYTES = 65_000  # of a VARCHAR, which holds 65,535
_FIELDS = ("id", "document", "doc_id", "page_index", "start", "text", "dense")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class FarRow:
    """A passage as Milvus holds it; `number` is that of the database, `words` its stems with a space between."""

    number: int
    document: int
    doc_id: str
    page_index: int
    start: int
    text: str
    words: str
    vector: Scores


class Far:
    """A collection.

    Args:
        settings: Address, patience and number of tries.
        collection: Its name.
        dim: Size of the vectors.
        address: An `http://` address, or a file that ends in `.db`.

    Raises:
        MissingExtra: pymilvus is not installed.
        ServiceError: Nothing answers there.
    """

    def __init__(self, settings: IndexSettings, collection: str, dim: int, address: str) -> None:
        self.collection, self.address = collection, address
        self._dim, self._settings = dim, settings
        self._milvus = _pymilvus(address)
        self._client: Any = None

    def prepare(self) -> bool:
        """Make the collection where it is missing; whether it was.

        Raises:
            ServiceError: As every method: Milvus is gone, slow, full or refuses.
        """
        if self._call(lambda c, t: c.has_collection(self.collection, timeout=t)):
            return False
        self._call(self._make)
        return True

    def keep(self, rows: Sequence[FarRow]) -> None:
        """Hold rows, in place of those of the same numbers."""
        for start in range(0, len(rows), BATCH):
            data = [_as_data(row) for row in rows[start : start + BATCH]]
            self._call(partial(self._upsert, data))

    def drop(self, documents: Sequence[int]) -> None:
        """Let go of all rows of documents."""
        for start in range(0, len(documents), 1_000):
            among = _among("document", documents[start : start + 1_000])
            self._call(partial(self._delete, among))

    def dense(self, vector: Scores, k: int, only: str) -> tuple[Rows, Scores, list[str]]:
        """Numbers of the k rows of the highest cosine among those that `only` lets through, and their doc_ids."""
        return self._search([np.asarray(vector, dtype=np.float32).tolist()], "dense", "IP", k, only)

    def lexical(self, words: str, k: int, only: str) -> tuple[Rows, Scores, list[str]]:
        """As `dense`, by BM25."""
        rows, scores, names = self._search([words], "sparse", "BM25", k, only)
        plain = (np.abs(scores) / (K1 + 1.0)).astype(np.float32)  # as without Milvus: no constant factor
        return rows, plain, names

    def count(self) -> int:
        """How many rows there are."""
        answer = self._call(
            lambda c, t: c.query(
                self.collection, filter="", output_fields=["count(*)"], consistency_level="Strong", timeout=t
            )
        )
        return int(answer[0]["count(*)"])

    def rows(self, documents: Sequence[int]) -> Iterator[FarRow]:
        """The rows of documents by number, without their words."""
        among = _among("document", documents)
        found = self._call(
            lambda c, t: c.query(
                self.collection, filter=among, output_fields=list(_FIELDS), consistency_level="Strong", timeout=t
            )
        )
        for one in sorted(found, key=lambda one: int(one["id"])):
            number, document, page_index, start = (int(one[name]) for name in ("id", "document", "page_index", "start"))
            vector = np.asarray(one["dense"], dtype=np.float32)
            yield FarRow(number, document, one["doc_id"], page_index, start, one["text"], "", vector)

    def settle(self) -> None:
        """Let Milvus write what came last into a segment with its indexes: after many rows, searches are quicker."""
        self._call(lambda c, t: c.flush(self.collection, timeout=t))

    def remove(self) -> None:
        """Remove the collection."""
        self._call(lambda c, t: c.drop_collection(self.collection, timeout=t))

    def close(self) -> None:
        """Give up the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _search(self, data: list[Any], field: str, metric: str, k: int, only: str) -> tuple[Rows, Scores, list[str]]:
        def ask(client: Any, timeout: float) -> Any:
            return client.search(
                self.collection,
                data=data,
                anns_field=field,
                limit=k,
                filter=only,
                output_fields=["doc_id"],
                search_params={"metric_type": metric},
                consistency_level="Strong",
                timeout=timeout,
            )

        [hits] = self._call(ask)
        numbers = np.array([int(hit["id"]) for hit in hits], dtype=np.int64)
        scores = np.array([float(hit["distance"]) for hit in hits], dtype=np.float32)
        return numbers, scores, [str(hit["entity"]["doc_id"]) for hit in hits]

    def _upsert(self, data: list[dict[str, Any]], client: Any, timeout: float) -> None:
        client.upsert(self.collection, data, timeout=timeout)

    def _delete(self, among: str, client: Any, timeout: float) -> None:
        client.delete(self.collection, filter=among, timeout=timeout)

    def _make(self, client: Any, timeout: float) -> None:
        kinds, functions = self._milvus.DataType, self._milvus.FunctionType
        schema = client.create_schema(auto_id=False)
        schema.add_field("id", kinds.INT64, is_primary=True)
        for name in ("document", "page_index", "start"):
            schema.add_field(name, kinds.INT64)
        schema.add_field("doc_id", kinds.VARCHAR, max_length=128)
        schema.add_field("text", kinds.VARCHAR, max_length=65_535)
        standard = {"tokenizer": "standard"}  # the words come stemmed; they only have to be told apart
        schema.add_field("words", kinds.VARCHAR, max_length=65_535, enable_analyzer=True, analyzer_params=standard)
        schema.add_field("dense", kinds.FLOAT_VECTOR, dim=self._dim)
        schema.add_field("sparse", kinds.SPARSE_FLOAT_VECTOR)
        bm25 = self._milvus.Function("bm25", functions.BM25, ["words"], ["sparse"])
        schema.add_function(bm25)
        indexes = client.prepare_index_params()
        indexes.add_index("dense", index_type=self._settings.milvus_index, metric_type="IP")
        weights = {"bm25_k1": K1, "bm25_b": B}
        indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=weights)
        indexes.add_index("document", index_type="INVERTED")
        client.create_collection(
            self.collection, schema=schema, index_params=indexes, consistency_level="Strong", timeout=timeout
        )
        client.load_collection(self.collection, timeout=timeout)

    def _call(self, ask: Callable[[Any, float], _Answer]) -> _Answer:
        """Ask, again where that may help, and say what went wrong."""
        timeout, tries = self._settings.service_timeout_s, int(self._settings.service_retries) + 1
        last: Exception | None = None
        for attempt in range(tries):
            if attempt:
                time.sleep(PAUSE_S * 2 ** (attempt - 1))
            try:
                if self._client is None:
                    token = os.environ.get(TOKEN, "")
                    more = {"token": token} if token else {}
                    self._client = self._milvus.MilvusClient(self.address, timeout=timeout, grpc_options=_WIRE, **more)
                return ask(self._client, timeout)
            except Exception as error:  # pymilvus raises its own types, those of gRPC, and plain ones of Milvus Lite
                last = error
                if not _may_pass(error):
                    break
                self._again(error, timeout)
        raise ServiceError(f"Milvus at {self.address}: {_reason(last)}. {_ADVICE}") from last

    def _again(self, error: Exception, timeout: float) -> None:
        """Make ready for another try: a server that was started anew has let go of collections and connections."""
        try:
            if _unloaded(error) and self._client is not None:
                self._client.load_collection(self.collection, timeout=timeout)
            else:
                self.close()
        except Exception:  # the next try tells what is wrong
            self._client = None


_ADVICE = "Nothing is lost: what is in the index folder is sent to Milvus again. See that it runs, and try again."
_FOR_GOOD = (
    "not found",
    "schema",
    "quota",
    "disk",
    "no space",
    "memory limit",
    "deny",
    "permission",
    "auth",
    "lock",
    "open local",
)


def _may_pass(error: Exception) -> bool:
    text = str(error).lower()
    return _unloaded(error) or not any(word in text for word in _FOR_GOOD)


def _unloaded(error: Exception) -> bool:
    return any(word in str(error).lower() for word in ("not loaded", "'released'"))


def _reason(error: Exception | None) -> str:
    text = " ".join(str(error).split())[:240]
    lower = text.lower()
    if "open local milvus" in lower or "lock" in lower:
        return "a file of Milvus Lite belongs to one process at a time: end the other one, or let both use a server"
    if "no space" in lower or "quota" in lower or "disk" in lower or "memory limit" in lower:
        return f"it is full ({text})"
    if "deadline" in lower or "timeout" in lower or "timed out" in lower:
        return f"it did not answer in time ({text})"
    if "unavailable" in lower or "connect" in lower or "illegal uri" in lower:
        return f"nothing answers there ({text})"
    return f"it refuses ({text})"


def _among(field: str, numbers: Sequence[int]) -> str:
    return f"{field} in [{', '.join(str(int(number)) for number in numbers)}]"


def _as_data(row: FarRow) -> dict[str, Any]:
    return {
        "id": row.number,
        "document": row.document,
        "doc_id": row.doc_id,
        "page_index": row.page_index,
        "start": row.start,
        "text": fitting(row.text),
        "words": fitting(row.words) or "-",
        "dense": np.asarray(row.vector, dtype=np.float32),
    }


def fitting(text: str) -> str:
    """As much of a text as a field holds."""
    data = text.encode("utf-8")
    return text if len(data) <= _MOST_BYTES else data[:_MOST_BYTES].decode("utf-8", "ignore")


def _pymilvus(address: str) -> Any:
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # read when it is loaded; it writes past Python's logging
    try:
        import pymilvus

        if address.endswith(".db"):
            __import__("milvus_lite")

            Path(address).parent.mkdir(parents=True, exist_ok=True)
    except ModuleNotFoundError as error:
        raise MissingExtra("the index backend `milvus`", "milvus") from error
    for name in ("pymilvus", "milvus_lite", "grpc"):  # what goes wrong is said once, by us
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return pymilvus
