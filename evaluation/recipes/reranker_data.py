"""Questions, passages and hard negatives for the reranker's training.

Comes in: `questions/pairs.jsonl.gz` and `questions/unanswerable.jsonl.gz`, and the questions of our own on passages
of the field (`report_questions`). Goes out: `Questions` (who asks what, which passage answers, which passages look
alike and do not). It neither trains nor holds a model other than the vectors that it is given for mining.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.recipes.report_questions import Reports

HELD_OUT_PERCENT = 4
POOL_OF_SOURCE = {
    "squadshifts-wiki": "encyclopaedia",
    "squad2-dev-half": "encyclopaedia",
    "nq-qed": "encyclopaedia",
    "clapnq": "encyclopaedia",
    "pubmedqa": "health",
    "covidqa": "health",
    "squadshifts-amazon": "reviews",
    "squadshifts-reddit": "posts",
    "policyqa-dev": "policies",
    "policyqa-test": "policies",
    "reports": "reports",
}
# Questions written without sight of the passage (nq, clapnq, covidqa) are nearest to how staff ask; reviews and
# posts are farthest from reports; many questions of policyqa are the same sentence.
EPOCHS_OF_SOURCE = {
    "nq-qed": 2.0,
    "clapnq": 3.0,
    "covidqa": 2.0,
    "pubmedqa": 1.5,
    "squadshifts-wiki": 1.0,
    "squad2-dev-half": 1.2,
    "squadshifts-amazon": 0.5,
    "squadshifts-reddit": 0.5,
    "policyqa-dev": 0.6,
    "policyqa-test": 0.6,
    "reports": 2.0,
}
# A generic question ("what data do you collect?") has an answer in every policy: none is mined across documents.
POOLS_WITHOUT_MINING = {"policies"}


@dataclass
class Questions:
    """All questions with the passages they point to, by index into `passages`.

    `unanswerable` and `misleading` are questions with a near passage that does not answer, from the public data and
    on passages of the field; `bystanders` are passages of a pool that no question points to.
    """

    passages: list[str] = field(default_factory=list)
    document: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    positive: list[int] = field(default_factory=list)
    negatives: list[list[int]] = field(default_factory=list)
    mined: list[list[int]] = field(default_factory=list)
    unanswerable: list[tuple[str, int]] = field(default_factory=list)
    misleading: list[tuple[str, int]] = field(default_factory=list)
    bystanders: dict[str, list[int]] = field(default_factory=dict)
    held_documents: set[int] = field(default_factory=set)

    @property
    def asked(self) -> list[str]:
        """Every question's text once, answerable or not, in the order of the kept vectors."""
        return list(
            dict.fromkeys(self.texts + [text for text, _ in self.unanswerable] + [text for text, _ in self.misleading])
        )

    def held_out(self, question: int) -> bool:
        """Whether the question belongs to a document kept for validation."""
        return self.document[self.positive[question]] in self.held_documents


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a gzipped JSON lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def load_questions(folder: Path, reports: Reports | None = None) -> Questions:
    """Read both files and group passages into documents; nothing is mined yet."""
    pairs, near = read_lines(folder / "pairs.jsonl.gz"), read_lines(folder / "unanswerable.jsonl.gz")
    number: dict[str, int] = {}
    links: list[list[int]] = []
    questions = Questions()
    for pair in pairs:
        ids = [number.setdefault(text, len(number)) for text in [pair["passage"], *pair["negatives"]]]
        links.append(ids)
        questions.texts.append(pair["question"])
        questions.answers.append(str(pair["answer"]))
        questions.sources.append(pair["source"])
        questions.positive.append(ids[0])
        questions.negatives.append(ids[1:])
    for item in near:
        questions.unanswerable.append((item["question"], number.setdefault(item["passage"], len(number))))
    if reports is not None:
        _add_reports(questions, reports, number, links)
    questions.passages = list(number)
    questions.document = _components(len(number), links)
    questions.held_documents = {d for d in set(questions.document) if _falls_in_held_out(questions.passages[d])}
    return questions


def _add_reports(questions: Questions, reports: Reports, number: dict[str, int], links: list[list[int]]) -> None:
    """Add the training part of the questions on passages of the field."""
    for item in reports.training:
        passage = number.setdefault(reports.passages[item.passage], len(number))
        if not item.answerable:
            questions.misleading.append((item.question, passage))
            continue
        links.append([passage])
        questions.texts.append(item.question)
        questions.answers.append(item.answer)
        questions.sources.append("reports")
        questions.positive.append(passage)
        questions.negatives.append([])
    others = [number.setdefault(text, len(number)) for text in reports.passages.values()]
    questions.bystanders["reports"] = others


def _components(size: int, links: list[list[int]]) -> list[int]:
    """The smallest passage index of each passage's document (connected by shared questions)."""
    parent = list(range(size))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for ids in links:
        for other in ids[1:]:
            low, high = sorted((root(ids[0]), root(other)))
            parent[high] = low
    return [root(node) for node in range(size)]


def _falls_in_held_out(text: str) -> bool:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 100 < HELD_OUT_PERCENT


def mine(questions: Questions, passage_vectors: np.ndarray, question_vectors: dict[str, np.ndarray]) -> None:
    """Fill `questions.mined` with look-alikes that do not answer: half by BM25, half by cosine, best first.

    A candidate that holds the answer's words, or that answers the same question elsewhere, is left out.
    """
    answering: dict[str, set[int]] = {}
    for text, positive in zip(questions.texts, questions.positive, strict=True):
        answering.setdefault(text, set()).add(positive)
    questions.mined = [[] for _ in questions.texts]
    for pool in sorted({POOL_OF_SOURCE[source] for source in questions.sources} - POOLS_WITHOUT_MINING):
        asked = [i for i, source in enumerate(questions.sources) if POOL_OF_SOURCE[source] == pool]
        members = sorted(
            {p for i in asked for p in (questions.positive[i], *questions.negatives[i])}
            | set(questions.bystanders.get(pool, ()))
        )
        lexical = _lexical_top([questions.passages[p] for p in members], [questions.texts[i] for i in asked])
        vectors = passage_vectors[members]
        for row, i in enumerate(asked):
            dense = np.argsort(-(vectors @ question_vectors[questions.texts[i]]), kind="stable")[:20]
            both = [members[c] for pair in zip(lexical[row], dense, strict=False) for c in pair]
            answer = questions.answers[i].lower()
            questions.mined[i] = [
                p
                for p in dict.fromkeys(both)
                if p not in answering[questions.texts[i]] and answer not in questions.passages[p].lower()
            ]


def _lexical_top(passages: list[str], asked: list[str], k: int = 20) -> np.ndarray:
    """Indices (questions, k) of the best passages by stemmed BM25."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    index = bm25s.BM25(k1=1.2, b=0.75)
    index.index(bm25s.tokenize(passages, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
    tokens = bm25s.tokenize(asked, stopwords="en", stemmer=stemmer, show_progress=False)
    return index.retrieve(tokens, k=min(k, len(passages)), show_progress=False).documents
