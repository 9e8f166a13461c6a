"""The encoder as LangChain's `Embeddings`: what others' chains call. Texts longer than the window are refused."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from stratmap.encoding.protocol import Encoder, load_encoder


class StratmapEmbeddings(Embeddings):
    """LangChain embeddings on an encoder of stratmap; the shipped one where none is given."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        self._encoder = encoder or load_encoder()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Vectors of texts, each a list of `dim` numbers."""
        return [[float(value) for value in row] for row in self._encoder.encode(texts)] if texts else []

    def embed_query(self, text: str) -> list[float]:
        """The vector of one text."""
        return self.embed_documents([text])[0]
