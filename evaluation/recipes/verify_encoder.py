"""Compares the shipped encoder with the original on SciFact: `python -m evaluation.recipes.verify_encoder`.

Comes in: SciFact from the shared datasets, the shipped encoder, the original float32 weights (extra `train`). Goes
out: `evaluation/results/encoder.json` with the cosine between both on real abstracts and the nDCG@10 that each
reaches alone. It ends with an error where the export loses more than the limits below; it changes no model.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from evaluation.benchmark_collections import scifact
from evaluation.provenance import record
from evaluation.recipes.reranker_model import embed
from stratmap.encoding.onnx_encoder import OnnxEncoder
from stratmap.evaluating.measures import ndcg
from stratmap.evaluating.retrieval import Collection

COMMAND = "python -m evaluation.recipes.verify_encoder"
LEAST_COSINE = 0.99
MOST_LOSS = 0.01  # of nDCG@10
BLOCK = 500  # texts between two lines of progress


def cut(texts: list[str], encoder: OnnxEncoder) -> list[str]:
    """Texts shortened from the end, word by word, until they fit the window, so that both read the same."""
    short = []
    for text, count in zip(texts, encoder.count_tokens(texts), strict=True):
        words = text.split()
        while count > encoder.window:
            words = words[: max(1, min(len(words) - 1, len(words) * encoder.window // count))]
            count = encoder.count_tokens([" ".join(words)])[0]
        short.append(" ".join(words))
    return short


def encode_both(texts: list[str], encoder: OnnxEncoder, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (n, 384) of the shipped and of the original encoder."""
    shipped, original = [], []
    for start in range(0, len(texts), BLOCK):
        block = texts[start : start + BLOCK]
        shipped.append(encoder.encode(block))
        original.append(embed(block, max_tokens=encoder.window, half=False))
        print(f"{what}: {start + len(block)} of {len(texts)}", file=sys.stderr, flush=True)
    return np.concatenate(shipped), np.concatenate(original)


def ranking(collection: Collection, documents: np.ndarray, queries: np.ndarray, k: int = 10) -> float:
    """nDCG@k by cosine alone."""
    best = np.argsort(-(queries @ documents.T), axis=1, kind="stable")[:, :k]
    run = {query: [collection.ids[i] for i in row] for query, row in zip(collection.queries, best, strict=True)}
    return ndcg(collection.qrels, run, k)


def main() -> None:
    """Encode SciFact twice, compare, record, judge."""
    collection = scifact()
    encoder = OnnxEncoder(Path("models/encoder"))
    abstracts = [f"{title} {text}" for title, text in zip(collection.titles, collection.texts, strict=True)]
    documents = encode_both(cut(abstracts, encoder), encoder, "abstracts")
    queries = encode_both(cut(list(collection.queries.values()), encoder), encoder, "claims")
    cosines = np.sum(documents[0] * documents[1], axis=1)
    shipped, original = (ranking(collection, documents[i], queries[i]) for i in (0, 1))
    figures = {
        "cosine_mean": round(float(cosines.mean()), 4),
        "cosine_lowest": round(float(cosines.min()), 4),
        "abstracts": len(cosines),
        "ndcg_10_shipped": round(shipped, 4),
        "ndcg_10_original": round(original, 4),
    }
    print(record("encoder", figures, COMMAND, "scifact"), figures)
    if figures["cosine_mean"] < LEAST_COSINE or original - shipped > MOST_LOSS:
        sys.exit(f"The export loses too much: expected cosine >= {LEAST_COSINE} and nDCG@10 within {MOST_LOSS}.")


if __name__ == "__main__":
    main()
