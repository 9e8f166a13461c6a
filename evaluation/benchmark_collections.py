"""The collections of the retrieval benchmark. Comes in: data beside the repository and our own questions. Goes out:
`Collection`s with at most as many queries as asked for, drawn with a seed. It ranks nothing.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

from evaluation.provenance import SHARED
from stratmap.evaluating.answers import read_questions
from stratmap.evaluating.retrieval import Collection, load_collection
from stratmap.reading import read_document
from stratmap.settings import ReadingSettings

PROJECTS = Path("corpora/projects")
QUESTIONS = Path("evaluation/questions/corpora.jsonl")


def benchmark_collections(most: int, seed: int) -> dict[str, Collection]:
    """By name: our own, and those beside the repository where they are there."""
    found = {"projects": projects()}
    if (SHARED / "scifact").is_dir():
        found |= {"scifact": scifact()}
    if (SHARED / "xquad").is_dir():
        found |= {"xquad-en": xquad("en")}
    return {name: _drawn(collection, most, seed) for name, collection in found.items()}


def projects() -> Collection:
    """Our own: project documents as wholes, and questions written from them; each knows the documents that answer."""
    documents = [read_document(path, ReadingSettings()) for path in sorted(PROJECTS.glob("[ab]*"))]
    ids = tuple(document.name for document in documents)
    asked = [question for question in read_questions([QUESTIONS]) if question.answerable]
    qrels = {q.id: {gold.document: 1 for gold in q.gold if gold.document in ids} for q in asked}
    return Collection(
        ids,
        tuple(document.title for document in documents),
        tuple(document.text.replace("\f", "\n\n") for document in documents),
        {question.id: question.text for question in asked if qrels[question.id]},
        {query: judged for query, judged in qrels.items() if judged},
    )


def scifact() -> Collection:
    """Claim to abstract."""
    folder = SHARED / "scifact"
    return load_collection(folder / "corpus.jsonl", folder / "queries.jsonl", folder / "qrels.tsv")


def xquad(language: str) -> Collection:
    """Question to paragraph."""
    content = json.loads((SHARED / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in content for paragraph in article["paragraphs"]]
    asked = [(qa["id"], qa["question"], row) for row, paragraph in enumerate(paragraphs) for qa in paragraph["qas"]]
    return Collection(
        tuple(map(str, range(len(paragraphs)))),
        ("",) * len(paragraphs),
        tuple(paragraph["context"] for paragraph in paragraphs),
        {identifier: question for identifier, question, _ in asked},
        {identifier: {str(row): 1} for identifier, _, row in asked},
    )


def _drawn(collection: Collection, most: int, seed: int) -> Collection:
    judged = sorted(collection.qrels)
    kept = random.Random(seed).sample(judged, min(most, len(judged)))
    return replace(collection, qrels={query: collection.qrels[query] for query in sorted(kept)})
