"""Fits the probability that an archive answers a question, and writes `answering/answerability.json`.

Comes in: the public questions (`questions/` of the shared datasets), the kept part of our questions on passages of
the field (`report_questions`, which the reranker's training did not see), the shipped encoder and reranker. Goes out:
coefficients, thresholds and the figures they were chosen on. An archive is a pool of passages; unanswerable are (a)
questions whose gold passage was taken out, (b) questions written to look answerable by a passage that does not answer
them. The questions on `corpora/` and on the published papers, by which answers are measured, are not read.

    python -m evaluation.recipes.fit_answerability ../shared/datasets --reranker models/reranker
"""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import Stemmer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from evaluation.recipes.report_questions import Reports, load_reports
from evaluation.recipes.reranker_data import load_questions, read_lines
from stratmap.answering import refusal
from stratmap.answering.archive import Scorer
from stratmap.answering.extract import score_sentences, sentences_of
from stratmap.answering.finding import Finder
from stratmap.answering.questions import clean_question, fitted
from stratmap.encoding import Encoder, load_encoder
from stratmap.records import Filters, Hit, IndexedDocument, Passage
from stratmap.settings import AnsweringSettings

# Where questions are asked of running text. Policies share sentences, reviews and posts are no reports.
SOURCES = {"squadshifts-wiki", "squad2-dev-half", "nq-qed", "clapnq", "pubmedqa", "covidqa"}
POOL_PAIRS = 1_500  # whose passages make the pool
NEAR_WEIGHT = 0.5  # of a question written to mislead: rarer in practice than one about something else
FIELD_WEIGHT = 2.0  # of a question on passages of the field: what staff ask is nearer to it
READ = 6  # passages that the reranker reads here; the best is nearly always among them
KEPT = 0.88  # share of answerable questions of the field that the threshold lets through; from 0.92 to here, each answer lost saves three wrong ones
LOGITS = ("top_logit", "second_logit")


class Pool:
    """Passages as an archive, one document each; `without` hides one of them."""

    def __init__(self, texts: list[str], encoder: Encoder, known: dict[str, np.ndarray]) -> None:
        self.texts = texts
        self.without = -1
        missing = [text for text in texts if text not in known]
        fresh = encoder.encode([fitted(text, encoder) for text in missing]) if missing else ()
        known = known | dict(zip(missing, fresh, strict=True))
        self._vectors = np.array([known[text] for text in texts], dtype=np.float32)
        self._stemmer = Stemmer.Stemmer("english")
        self._lexical = bm25s.BM25()
        self._lexical.index(self._tokens(texts), show_progress=False)

    def _tokens(self, texts: list[str]) -> Any:
        return bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, show_progress=False)

    def search(self, question: str, vector: np.ndarray, k: int, filters: Filters) -> list[Hit]:  # noqa: ARG002
        """The best passages by both halves."""
        dense = self._vectors @ vector
        words = self._tokens([question]).vocab
        lexical = self._lexical.get_scores(list(words)) if words else np.zeros(len(dense), dtype=np.float32)
        score = 0.5 * (dense + 1) / 2 + 0.5 * lexical / max(1e-6, float(lexical.max()))
        if self.without >= 0:
            score[self.without] = -1
        best = np.argsort(-score)[:k]
        return [
            Hit(self._passage(int(i)), f"{i}.txt", float(score[i]), float(dense[i]), float(lexical[i])) for i in best
        ]

    def _passage(self, i: int) -> Passage:
        return Passage(str(i), 0, None, 0, len(self.texts[i]), 0, self.texts[i])

    def documents(self) -> Sequence[IndexedDocument]:
        """Nothing is known of them."""
        return ()

    def page_text(self, doc_id: str, page_index: int) -> str:  # noqa: ARG002
        """The passage is its page."""
        return self.texts[int(doc_id)]


@dataclass(frozen=True)
class Case:
    """A question, whether the pool answers it, and the passage to hide (-1: none); `field`: on passages of ours."""

    question: str
    answerable: bool
    hidden: int = -1
    near: bool = False
    field: bool = False


class Remembering:
    """The encoder, with vectors it need not compute again. No feature uses the cosines of sentences: they are 0."""

    def __init__(self, encoder: Encoder, known: dict[str, np.ndarray]) -> None:
        self._encoder, self._known = encoder, known
        self.window, self.count_tokens = encoder.window, encoder.count_tokens

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """A question's vector, or zeros for sentences."""
        if len(texts) > 1:
            return np.zeros((len(texts), self._encoder.dim), dtype=np.float32)
        if texts[0] not in self._known:
            self._known[texts[0]] = self._encoder.encode(texts)[0]
        return self._known[texts[0]][None]


def known_vectors(folder: Path, reports: Reports, file: Path | None) -> dict[str, np.ndarray]:
    """Vectors of passages and questions that the reranker's recipe has kept, to save encoding them again."""
    if file is None:
        return {}
    questions, vectors = load_questions(folder / "questions", reports), np.load(file)
    asked = dict.fromkeys(questions.asked)
    known = dict(zip(questions.passages, vectors["passages"], strict=True))
    return known | dict(zip(asked, vectors["questions"], strict=True))


def draw(folder: Path, questions: int, seed: int = 7) -> tuple[list[str], list[Case]]:
    """A pool of passages and cases, a third of each kind."""
    rng = random.Random(seed)
    pairs = [one for one in read_lines(folder / "pairs.jsonl.gz") if one.get("source") in SOURCES]
    near = read_lines(folder / "unanswerable.jsonl.gz")
    rng.shuffle(pairs)
    rng.shuffle(near)
    place: dict[str, int] = {}
    cases = []
    for pair in pairs[: max(POOL_PAIRS, 2 * questions)]:
        for text in (pair["passage"], *pair["negatives"]):
            place.setdefault(text, len(place))
    for i, pair in enumerate(pairs[: 2 * questions]):
        gold = place[pair["passage"]]
        cases.append(Case(pair["question"], i % 2 == 0, -1 if i % 2 == 0 else gold))
    for one in near[: questions // 2]:
        place.setdefault(one["passage"], len(place))
        cases.append(Case(one["question"], False, near=True))
    return list(place), [case for case in cases if clean_question(case.question, 2_000)]


def draw_field(reports: Reports) -> tuple[list[str], list[Case]]:
    """The pool of the field and its kept questions: as asked, with the gold passage hidden, and misleading ones."""
    place = {passage: i for i, passage in enumerate(reports.passages)}
    cases = []
    for one in reports.kept:
        if not one.answerable:
            cases.append(Case(one.question, False, near=True, field=True))
            continue
        cases.append(Case(one.question, True, field=True))
        cases.append(Case(one.question, False, place[one.passage], field=True))
    return list(reports.passages.values()), cases


def measured(pool: Pool, cases: list[Case], encoder: Any, reranker: Scorer | None) -> list[dict[str, float]]:
    """Features of every case."""
    finder = Finder(pool, encoder, AnsweringSettings(rerank=READ), reranker)
    rows = []
    for number, case in enumerate(cases):
        if number % 50 == 0:
            print(f"{number} of {len(cases)}", flush=True)
        pool.without = case.hidden
        found = finder.find(clean_question(case.question, 2_000), Filters())
        sentences = sentences_of(found.hits[: refusal.READ], pool.page_text)
        scored = score_sentences(found.question, found.vector, sentences, encoder)
        rows.append(refusal.features(found, scored))
    return rows


def fit(rows: list[dict[str, float]], cases: list[Case], names: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Coefficients from all cases; figures of the field's by five folds of questions, each fitted on the others."""
    x = np.array([[row[name] for name in names] for row in rows])
    y = np.array([case.answerable for case in cases])
    near, field = (np.array([getattr(case, name) for case in cases]) for name in ("near", "field"))
    weight = np.where(near, NEAR_WEIGHT, 1.0) * np.where(field, FIELD_WEIGHT, 1.0)
    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    scaled = (x - mean) / scale

    def fitted_on(chosen: np.ndarray) -> LogisticRegression:
        return LogisticRegression(C=0.1, max_iter=1_000).fit(scaled[chosen], y[chosen], sample_weight=weight[chosen])

    fold = np.array([zlib.crc32(case.question.encode()) % 5 for case in cases])
    unseen = np.zeros(len(y))
    for number in range(5):
        unseen[fold == number] = fitted_on(fold != number).predict_proba(scaled[fold == number])[:, 1]
    model = fitted_on(np.ones(len(y), dtype=bool))
    threshold = float(np.quantile(unseen[field & y], 1 - KEPT))
    figures = _figures(unseen, y, near, field, threshold)
    table = {
        "intercept": float(model.intercept_[0]),
        "threshold": threshold,
        "mean": dict(zip(names, map(float, mean), strict=True)),
        "scale": dict(zip(names, map(float, scale), strict=True)),
        "coefficients": dict(zip(names, map(float, model.coef_[0]), strict=True)),
    }
    return table, figures


def _figures(p: np.ndarray, y: np.ndarray, near: np.ndarray, field: np.ndarray, threshold: float) -> dict[str, Any]:
    """How well the probabilities tell apart, in the field and in public questions, and what the threshold does."""
    figures: dict[str, Any] = {}
    for name, part in (("field", field), ("public", ~field)):
        for kind, others in (("removed", part & ~y & ~near), ("near", part & near)):
            both = (part & y) | others
            figures[f"{name}_auroc_{kind}"] = round(float(roc_auc_score(y[both], p[both])), 3)
            figures[f"{name}_{kind}_refused"] = round(float((p[others] < threshold).mean()), 3)
        figures[f"{name}_answerable_kept"] = round(float((p[part & y] >= threshold).mean()), 3)
        figures[f"{name}_questions"] = int(part.sum())
    return figures


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 5) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="the shared datasets")
    parser.add_argument("--questions", type=int, default=600, help="of each kind")
    parser.add_argument("--reranker", type=Path, help="folder of a reranker")
    parser.add_argument("--rows", type=Path, help="where to keep the features, to try others on")
    parser.add_argument("--vectors", type=Path, help="vectors.npz of the reranker's recipe")
    arguments = parser.parse_args()
    encoder, reranker = load_encoder(), None
    if arguments.reranker:
        from stratmap.answering.reranker import Reranker

        reranker = Reranker.load(arguments.reranker, threads=1)
    reports = load_reports(arguments.folder)
    known = known_vectors(arguments.folder, reports, arguments.vectors)
    rows, cases = [], []
    for texts, asked in (draw_field(reports), draw(arguments.folder / "questions", arguments.questions)):
        rows += measured(Pool(texts, encoder, known), asked, Remembering(encoder, known), reranker)
        cases += asked
    if arguments.rows:
        arguments.rows.write_text(json.dumps([rows, [vars(case) for case in cases]]), encoding="utf-8")
    models, figures = {}, {}
    plain = [name for name in rows[0] if name not in LOGITS]
    models["plain"], figures["plain"] = fit(rows, cases, plain)
    if reranker:
        models["reranked"], figures["reranked"] = fit(rows, cases, [*plain, *LOGITS])
    table = {"schema": refusal.SCHEMA, "models": rounded(models), "figures": figures}
    refusal.FILE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
