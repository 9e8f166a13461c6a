"""The encoder through LangChain's own standard tests, the asynchronous ones run to their end."""

import asyncio
import inspect

import pytest

pytest.importorskip("langchain_tests", reason="the standard suites come with the extra `dev`")
from langchain_tests.integration_tests import EmbeddingsIntegrationTests

from stratmap.encoding.langchain_embeddings import StratmapEmbeddings

NAMES = [name for name in dir(EmbeddingsIntegrationTests) if name.startswith("test_") and "embed" in name]


@pytest.fixture(scope="module")
def embeddings():
    return StratmapEmbeddings()


@pytest.mark.parametrize("name", NAMES)
def test_standard_suite(name, embeddings):
    class Suite(EmbeddingsIntegrationTests):
        embeddings_class = StratmapEmbeddings

    outcome = getattr(Suite(), name)(embeddings)
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)


def test_the_suite_is_not_empty():
    assert len(NAMES) >= 4
