"""Quotations: passages come in, best first; the sentences that answer go out, as exact spans of their pages.

A candidate is a sentence of the page that may be quoted (see `quotable`), scored by nearness to the question, shared
rare words, the kind of thing asked for and the rank of its passage. It does not decide whether the question is
answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stratmap.answering.archive import Floats
from stratmap.answering.names import countries, names, years
from stratmap.answering.questions import Wanted, fitted, wanted
from stratmap.answering.quotable import Span, opening_of, quotable_span, titles_of
from stratmap.answering.terms import expand
from stratmap.answering.words import coverage, numbers, rarity, stem, terms, tokens
from stratmap.encoding import Encoder
from stratmap.reading.sentences import sentence_spans
from stratmap.records import Citation, Hit

PageText = Callable[[str, int], str]
_READ = 8  # passages whose sentences are looked at
_MOST_SENTENCES = 72
_MONTH = re.compile(r"\b(January|February|March|April|May|June|July|August|September|October|November|December)\b")
_AMOUNT = re.compile(
    r"\d[\d.,]*\s*(?:(?:thousand|million|billion|m|bn)\s+)?(?:[€$£¥%]|(?:euros?|dollars?|eur|usd|gbp|chf|lei|lari"
    r"|dram|francs?|pounds?|per cent|dinars?|som|tenge|lira|hryvnias?|manats?|leva|denars?|marks?)\b)"
    r"|[€$£]\s?\d|\b(?:EUR|USD|CHF|GBP)\s?\d",
    re.IGNORECASE,
)
# Weights chosen on questions of our own on single passages (`evaluation/questions/field.jsonl`): the sentence that
# holds the answer comes first for 0.72 of 661, against 0.64 without context, length and counted things.
_COSINE, _SHARED, _IN_CONTEXT, _LENGTH, _RANK = 1.0, 0.2, 0.8, 0.1, 0.35
_KIND, _SURER_KIND, _COUNTED = 0.2, 0.3, 0.3
_SURER = frozenset({Wanted.NUMBER, Wanted.TIME, Wanted.MONEY})
_HOW_MANY = re.compile(r"\bhow many\s+(.+)", re.IGNORECASE)
_NEAR_NUMBER = 4
_REDUNDANT = 0.6
_WORTH = 0.85  # of the best score, for a third quotation and more


@dataclass(frozen=True, slots=True)
class Sentence:
    """A span of a page: `page_text[start:end] == text`. `rank` counts passages from 0."""

    hit: Hit
    rank: int
    start: int
    end: int
    text: str

    @property
    def page(self) -> tuple[str, int]:
        """The page it stands on."""
        return self.hit.passage.doc_id, self.hit.passage.page_index


@dataclass(frozen=True, slots=True)
class Scored:
    """Sentences with their scores and stems, all in one order."""

    sentences: tuple[Sentence, ...]
    scores: Floats
    shares: Floats
    fits: Floats
    stems: tuple[frozenset[str], ...]


def sentences_of(hits: Sequence[Hit], page_text: PageText, titles: Mapping[str, str] | None = None) -> list[Sentence]:
    """Candidate sentences of the best passages, each once, in the order of rank and place.

    Args:
        hits: Passages, best first.
        page_text: The text of a page.
        titles: Titles of documents by `doc_id`; a title is not quoted.
    """
    found: dict[tuple[str, int, int, int], Sentence] = {}
    pages: dict[tuple[str, int], tuple[str, list[Span]]] = {}  # a text without pages is one, however long
    for rank, hit in enumerate(hits[:_READ]):
        passage = hit.passage
        place = (passage.doc_id, passage.page_index)
        if place not in pages:
            text = page_text(*place)
            pages[place] = (text, sentence_spans(text))
        page, spans = pages[place]
        headings = titles_of(passage.heading, (titles or {}).get(passage.doc_id, ""))
        for i, (start, end) in enumerate(spans):
            if end <= passage.start or start >= passage.end:
                continue
            span = quotable_span(page, spans, i, headings)
            if span and len(found) < _MOST_SENTENCES:
                found.setdefault((*place, *span), Sentence(hit, rank, *span, page[slice(*span)]))
    return list(found.values())


def score_sentences(question: str, vector: Floats, sentences: Sequence[Sentence], encoder: Encoder) -> Scored:
    """Score candidate sentences.

    Args:
        question: The question.
        vector: Its embedding, shape (dim,).
        sentences: Candidates.
        encoder: For their embeddings.
    """
    texts = [fitted(_with_heading(sentence), encoder) for sentence in sentences]
    cosines = encoder.encode(texts) @ vector if texts else np.zeros(0, dtype=np.float32)
    stems = tuple(frozenset(terms(expand(sentence.text))) for sentence in sentences)
    weights = rarity(terms(question), [set(one) for one in stems])
    shares = np.array([coverage(weights, set(one)) for one in stems], dtype=np.float32)
    kind = wanted(question)
    fits = np.array([_fits(kind, sentence.text, question) for sentence in sentences], dtype=np.float32)
    scores = (
        _COSINE * cosines
        + _SHARED * shares
        + _IN_CONTEXT * _shares_in_context(sentences, stems, weights)
        + _LENGTH * np.log([max(1, len(sentence.text.split())) for sentence in sentences])
        + (_SURER_KIND if kind in _SURER else _KIND) * fits
        + _COUNTED * _counted(question, sentences)
        + _RANK / np.array([1 + sentence.rank for sentence in sentences])
    )
    return Scored(tuple(sentences), scores.astype(np.float32), shares, fits, stems)


def _shares_in_context(
    sentences: Sequence[Sentence], stems: Sequence[frozenset[str]], weights: dict[str, float]
) -> Floats:
    """Shares of the question's words that each sentence holds together with the one before it."""
    shares = np.zeros(len(sentences), dtype=np.float32)
    for i, sentence in enumerate(sentences):
        follows = i > 0 and sentences[i - 1].page == sentence.page and sentences[i - 1].rank == sentence.rank
        shares[i] = coverage(weights, set(stems[i] | stems[i - 1] if follows else stems[i]))
    return shares


def _counted(question: str, sentences: Sequence[Sentence]) -> Floats:
    """1 for each sentence in which a number stands before what the question asks to count, else 0."""
    asked = _HOW_MANY.search(question)
    things = set(terms(asked.group(1))[:2]) if asked else set()
    found = np.zeros(len(sentences), dtype=np.float32)
    for i, sentence in enumerate(sentences):
        words = [stem(token.lower()) for token in tokens(sentence.text)]
        found[i] = any(
            word[0].isdigit() and things & set(words[place + 1 : place + 1 + _NEAR_NUMBER])
            for place, word in enumerate(words)
        )
    return found


def _with_heading(sentence: Sentence) -> str:
    heading = sentence.hit.passage.heading.rsplit(" > ", 1)[-1]
    return f"{heading}: {sentence.text}" if heading else sentence.text


def _fits(kind: Wanted, text: str, question: str) -> bool:
    if kind is Wanted.MONEY:
        return bool(_AMOUNT.search(text))
    if kind is Wanted.NUMBER:
        return bool(numbers(text) - numbers(question) - {str(year) for year in years(text)})
    if kind is Wanted.TIME:
        return bool(set(years(text)) - set(years(question))) or bool(_MONTH.search(text))
    if kind is Wanted.NAME:
        return bool(names(text) - names(question))
    if kind is Wanted.PLACE:
        return bool(countries(text) - countries(question)) or bool(names(text) - names(question))
    return False


def choose(scored: Scored, most: int, best_page: tuple[str, int]) -> list[int]:
    """Positions of the sentences to quote; the first stands on `best_page` if any of it qualifies."""
    order = [int(i) for i in np.argsort(-scored.scores, kind="stable")]
    first = next((i for i in order if scored.sentences[i].page == best_page), order[0] if order else None)
    if first is None:
        return []
    chosen = [first]
    best = float(scored.scores[order[0]])
    for i in order:
        if len(chosen) >= most:
            break
        worth = len(chosen) < 2 or scored.scores[i] >= _WORTH * best
        if i not in chosen and worth and not any(_redundant(scored, i, other) for other in chosen):
            chosen.append(i)
    place = {i: (scored.sentences[i].rank, scored.sentences[i].start) for i in chosen}
    return [first, *sorted(chosen[1:], key=place.__getitem__)]


def _redundant(scored: Scored, i: int, other: int) -> bool:
    one, two = scored.sentences[i], scored.sentences[other]
    if one.page == two.page and one.start < two.end and two.start < one.end:
        return True
    mine, theirs = scored.stems[i], scored.stems[other]
    return len(mine & theirs) >= _REDUNDANT * max(1, min(len(mine), len(theirs)))


def cite(sentence: Sentence, marker: int, score: float) -> Citation:
    """The citation of a sentence."""
    passage = sentence.hit.passage
    return Citation(
        marker=marker,
        doc_id=passage.doc_id,
        document=sentence.hit.document,
        page=passage.page,
        page_index=passage.page_index,
        start=sentence.start,
        end=sentence.end,
        quote=sentence.text,
        score=round(score, 4),
    )


def fallback(hit: Hit, page_text: PageText) -> Sentence:
    """The passage itself, cut to a quotable length, where no sentence of it can stand alone."""
    passage = hit.passage
    page = page_text(passage.doc_id, passage.page_index)
    start, end = opening_of(page, passage.start, passage.end)
    return Sentence(hit, 0, start, end, page[start:end])
