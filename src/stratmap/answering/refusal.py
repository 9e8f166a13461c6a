"""Whether the archive answers: what was found comes in, a calibrated probability goes out.

A logistic regression over a handful of readable features; its coefficients and thresholds lie in
`answerability.json`, made by `evaluation/recipes/fit_answerability.py`. There are two sets: one with the
reranker's opinion, one without. It composes no answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import exp
from pathlib import Path

import numpy as np

from stratmap.answering.extract import Scored
from stratmap.answering.finding import Found
from stratmap.answering.names import canonical, countries, names
from stratmap.answering.questions import Wanted, wanted
from stratmap.answering.terms import expand
from stratmap.answering.words import coverage, numbers, rarity, terms, tokens
from stratmap.errors import ArtefactError

FILE = Path(__file__).with_name("answerability.json")
SCHEMA = 1
_WITHOUT_LOGIT = -8.0
READ = 3  # passages whose sentences count


@dataclass(frozen=True, slots=True)
class Model:
    """Coefficients on standardised features. `probability >= threshold` means: answer."""

    intercept: float
    threshold: float
    mean: Mapping[str, float]
    scale: Mapping[str, float]
    coefficients: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """Probability (0 to 1) that the archive answers."""
        total = self.intercept + sum(
            weight * (features[name] - self.mean[name]) / self.scale[name] for name, weight in self.coefficients.items()
        )
        return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


@lru_cache(maxsize=1)
def load_models() -> dict[str, Model]:
    """The shipped coefficients: `plain`, and `reranked` where a reranker was there when they were made.

    Raises:
        ArtefactError: The file is missing or of another schema.
    """
    try:
        table = json.loads(FILE.read_text(encoding="utf-8"))
        if table["schema"] != SCHEMA:
            raise ArtefactError(f"{FILE.name}: expected schema {SCHEMA}, found {table['schema']}. Reinstall stratmap.")
        return {name: Model(**values) for name, values in table["models"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError(
            f"{FILE.name}: expected answerability coefficients ({error}). Reinstall stratmap."
        ) from error


def judge(found: Found, scored: Scored) -> tuple[float, bool]:
    """The probability that the archive answers, and whether it suffices."""
    if not found.hits:
        return 0.0, False
    models = load_models()
    model = models["reranked"] if found.logits and "reranked" in models else models["plain"]
    probability = model.probability(features(found, scored))
    return probability, probability >= model.threshold


def features(found: Found, scored: Scored) -> dict[str, float]:
    """Features of a question and what was found for it, `found.hits` not empty.

    Returns:
        Values by name: cosines (`top_cosine`, `mean_cosine`, `margin`), shares of the question's words weighted by
        rarity (`passage_share`, `pool_share`, `sentence_share`), shares of its names, numbers and countries that
        the best passages lack (`names_missing`, `countries_missing`), whether the kind of thing asked for is
        missing (`kind_missing`), `words`, and with a reranker `top_logit` and `second_logit`.
    """
    hits = found.hits[:10]
    held = [set(terms(expand(f"{h.document} {h.passage.heading} {h.passage.text}"))) for h in found.hits[:60]]
    weights = rarity(terms(found.question), held)
    first = np.array([sentence.rank < READ for sentence in scored.sentences], dtype=bool)
    cosines = np.array([hit.dense for hit in hits])
    values = {
        "top_cosine": float(cosines.max()),
        "mean_cosine": float(cosines[:3].mean()),
        "margin": float(cosines.max() - np.median(cosines)),
        "passage_share": max(coverage(weights, one) for one in held[:3]),
        "pool_share": coverage(weights, set().union(*held)),
        "sentence_share": float(scored.shares[first].max()) if first.any() else 0.0,
        "kind_missing": _kind_missing(found.question, scored),
        "names_missing": _missing(found),
        "countries_missing": _countries_missing(found),
        "words": float(min(20, len(weights))),
    }
    if found.logits:
        said = sorted((found.logits.get(hit.passage.passage_id, _WITHOUT_LOGIT) for hit in found.hits), reverse=True)
        values |= {"top_logit": said[0], "second_logit": said[1] if len(said) > 1 else _WITHOUT_LOGIT}
    return values


def _kind_missing(question: str, scored: Scored) -> float:
    """1 where a number, time, name or place is asked for and the best sentences hold none; else 0."""
    if wanted(question) is Wanted.TEXT:
        return 0.0
    near = np.array([i for i, sentence in enumerate(scored.sentences) if sentence.rank < READ], dtype=int)
    best = near[np.argsort(-scored.shares[near], kind="stable")[:3]]
    return 0.0 if scored.fits[best].any() else 1.0


def _missing(found: Found) -> float:
    """Share of the question's names and numbers that none of the five best passages holds."""
    asked = (names(found.question) - {word.lower() for c in countries(found.question) for word in tokens(c)}) | numbers(
        found.question
    )
    texts = [expand(f"{hit.document} {hit.passage.heading} {hit.passage.text}") for hit in found.hits[:5]]
    held = set().union(*({token.lower() for token in tokens(text)} | numbers(text) for text in texts))
    return sum(not (set(map(str.lower, tokens(name))) <= held) for name in asked) / len(asked) if asked else 0.0


def _countries_missing(found: Found) -> float:
    asked = countries(found.question)
    held: set[str] = set()
    for hit in found.hits[:5]:
        held |= countries(f"{hit.document.replace('-', ' ')} {hit.passage.heading} {hit.passage.text}")
        document = found.documents.get(hit.passage.doc_id)
        held |= set(map(canonical, document.countries)) | countries(document.title) if document else set()
    return len(asked - held) / len(asked) if asked else 0.0
