"""stratmap maps reports to a strategic framework with evidence, and answers questions with checked quotations.

The names below are imported when they are first used, so that `import stratmap` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"
_HOMES = {
    "Archive": "stratmap.api",
    "Assistant": "stratmap.api",
    "Desk": "stratmap.assembly",
    "Filters": "stratmap.records",
    "Framework": "stratmap.framework",
    "Index": "stratmap.index",
    "Retriever": "stratmap.answering.langchain_retriever",
    "Settings": "stratmap.settings",
    "StratmapEmbeddings": "stratmap.encoding.langchain_embeddings",
    "StratmapError": "stratmap.errors",
    "Tagger": "stratmap.api",
    "frame": "stratmap.api",
    "load_framework": "stratmap.framework",
    "read_document": "stratmap.reading",
    "read_text": "stratmap.reading",
}
__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'stratmap' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
