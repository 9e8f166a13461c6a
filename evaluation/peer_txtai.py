"""txtai over documents handed in as JSON: run by the retrieval benchmark with a Python that has txtai and stratmap.

python evaluation/peer_txtai.py ASKED.json WORK_FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from txtai import Embeddings

from evaluation.cached_vectors import CachedEncoder
from stratmap.encoding import load_encoder


def main() -> None:
    asked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    encoder = CachedEncoder(load_encoder(), Path(sys.argv[2]))
    indexing = True

    def vectors(texts: list[str]) -> np.ndarray:
        if indexing:
            return encoder.encode([encoder.fitted(text) for text in texts])
        return np.array([encoder.encode_query(text) for text in texts])

    embeddings = Embeddings({"method": "external", "transform": vectors, "hybrid": True, "content": False})
    embeddings.index([(i, text, None) for i, text in zip(asked["ids"], asked["texts"], strict=True)])
    indexing = False
    started = time.perf_counter()
    found = [embeddings.search(query, asked["depth"]) for query in asked["queries"]]
    spent = 1000 * (time.perf_counter() - started) / len(asked["queries"])
    print(json.dumps({"found": found, "ms_per_query": spent}, default=float))


if __name__ == "__main__":
    main()
