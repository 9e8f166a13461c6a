"""The encoder through LangChain's own standard tests."""

import asyncio

import pytest

pytest.importorskip("langchain_tests", reason="the standard suites come with the extra `dev`")
from langchain_core.embeddings import Embeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests

from stratmap.encoding.langchain_embeddings import StratmapEmbeddings


class TestStandardSuite(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return StratmapEmbeddings

    def test_aembed_query(self, model: Embeddings) -> None:
        asyncio.run(super().test_aembed_query(model))

    def test_aembed_documents(self, model: Embeddings) -> None:
        asyncio.run(super().test_aembed_documents(model))
