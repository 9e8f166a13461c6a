"""The archive as a LangChain `BaseRetriever`: a question comes in, LangChain documents go out, best first.

Passages keep their place in the metadata. It composes no answer; LangChain's types stay in this module.
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from stratmap.answering.assistant import Assistant
from stratmap.records import Filters, Hit


class Retriever(BaseRetriever):
    """Passages of an archive for LangChain.

    Attributes:
        assistant: Finds and reranks.
        k: How many passages; `invoke(question, k=...)` overrides it.
        filters: What to restrict the search to.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    assistant: Assistant
    k: int = 10
    filters: Filters = Filters()

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  (LangChain's signature)
        k: int | None = None,
        **_: Any,
    ) -> list[Document]:
        hits = self.assistant.retrieve(query, self.filters, self.k if k is None else k)
        return [_document(hit) for hit in hits]


def _document(hit: Hit) -> Document:
    passage = hit.passage
    metadata = {
        "document": hit.document, "doc_id": passage.doc_id, "page": passage.page, "start": passage.start,
        "end": passage.end, "heading": passage.heading, "score": hit.score,
    }  # fmt: skip
    return Document(page_content=passage.text, metadata=metadata, id=passage.passage_id)
