"""Answers about documents: an `ArchiveQuestion` comes in, a count or a list by document goes out, each document
with a quotation of its own where it has one. It does not read the question.
"""

from __future__ import annotations

from collections.abc import Callable

from stratmap.answering.archive import Archive
from stratmap.answering.archive_questions import ArchiveQuestion, described, matching
from stratmap.answering.conversation import in_lines
from stratmap.answering.extract import Scored, Sentence, cite, sentences_of
from stratmap.answering.finding import Found
from stratmap.answering.terms import expand
from stratmap.answering.words import coverage, rarity, terms
from stratmap.framework import Framework
from stratmap.records import Answer, Citation, Hit, IndexedDocument, Passage, Statement

_MOST_LISTED = 25
_MOST_READ = 12  # documents whose sentences are looked at
_PASSAGES = 2  # of each
_TITLE_BONUS = 0.8  # a document whose title names the topic need not repeat it in one sentence
_HELD = 0.5  # of the topic's words that the best document holds: less is another topic
_NEAR = 0.75  # of the best sentence's score: what belongs to a list by topic
Scorer = Callable[[list[Sentence]], Scored]


def count_answer(question: str, asked: ArchiveQuestion, index: Archive, framework: Framework | None) -> Answer:
    """How many documents, and which."""
    documents = index.documents()
    chosen = matching(documents, asked.filters)
    words = described(asked.filters, framework)
    noun = "document" if len(chosen) == 1 else "documents"
    verb = "is" if len(chosen) == 1 else "are"
    head = (
        f"{len(chosen)} of {len(documents)} documents {verb} {words}."
        if words
        else f"The archive holds {len(chosen)} {noun}."
    )
    citations: list[Citation] = []
    statements = [Statement(head, ())]
    for document in chosen[:_MOST_LISTED]:
        opening = _opening(index, document)
        if opening:
            citations.append(cite(opening, len(citations) + 1, 1.0))
        marker = (len(citations),) if opening else ()
        statements.append(Statement(_line(document), marker))
    notes = (f"{len(chosen) - _MOST_LISTED} further documents are not listed.",) if len(chosen) > _MOST_LISTED else ()
    return Answer(question, True, in_lines(statements), tuple(citations), (), 1.0, tuple(statements), notes)


def list_answer(question: str, found: Found, score: Scorer, index: Archive, confidence: float, most: int) -> Answer:
    """Documents on a topic, best first, each with the sentence that puts it there."""
    groups = _by_document(found)
    sentences = [s for hits in groups.values() for s in sentences_of(hits, index.page_text, found.titles)]
    scored = score(sentences)
    titled, held = _shares(found, groups)
    best: dict[str, int] = {}
    for i, sentence in enumerate(sentences):
        key = sentence.page[0]
        if key not in best or scored.scores[i] > scored.scores[best[key]]:
            best[key] = i
    top = max((float(scored.scores[i]) for i in best.values()), default=0.0)
    most_held = max(held.values(), default=0.0)
    kept = [
        i
        for key, i in best.items()
        if scored.scores[i] + _TITLE_BONUS * titled[key] >= _NEAR * top and held[key] >= _HELD * most_held
    ][: 2 * most]
    citations = tuple(cite(sentences[i], n, float(scored.scores[i])) for n, i in enumerate(kept, start=1))
    statements = tuple(Statement(f"{c.document}: {c.quote}", (c.marker,)) for c in citations)
    return Answer(question, True, in_lines(statements), citations, found.hits[: max(10, most)], confidence, statements)


def _by_document(found: Found) -> dict[str, list[Hit]]:
    """The best passages of each document, the best documents first."""
    of: dict[str, list[Hit]] = {}
    for hit in found.hits[:60]:
        of.setdefault(hit.passage.doc_id, []).append(hit)
    return {doc_id: hits[:_PASSAGES] for doc_id, hits in list(of.items())[:_MOST_READ]}


def _shares(found: Found, groups: dict[str, list[Hit]]) -> tuple[dict[str, float], dict[str, float]]:
    """Shares of the topic's words that each document's title holds, and its title with its best passages."""
    titles = {doc_id: set(terms(expand(found.titles.get(doc_id, "")))) for doc_id in groups}
    whole = {
        doc_id: titles[doc_id].union(*(terms(expand(f"{h.passage.heading} {h.passage.text}")) for h in hits))
        for doc_id, hits in groups.items()
    }
    weights = rarity(terms(found.question), list(whole.values()))

    def shares(words: dict[str, set[str]]) -> dict[str, float]:
        return {doc_id: coverage(weights, held) for doc_id, held in words.items()}

    return shares(titles), shares(whole)


def _line(document: IndexedDocument) -> str:
    facts = "; ".join(filter(None, [", ".join(document.countries), str(document.year or "")]))
    title = document.title or document.name
    name = f"{title} — {document.name}" if title != document.name else title
    return f"{name} ({facts})" if facts else name


def _opening(index: Archive, document: IndexedDocument) -> Sentence | None:
    """The first sentence of a document that can stand alone."""
    text = index.page_text(document.doc_id, 0)[:4_000]
    page = 1 if document.name.lower().endswith(".pdf") else None
    whole = Passage(document.doc_id, 0, page, 0, len(text), 0, text)
    hit = Hit(whole, document.name, 1.0)
    return next(iter(sentences_of([hit], lambda _doc, _page: text, {document.doc_id: document.title})), None)
