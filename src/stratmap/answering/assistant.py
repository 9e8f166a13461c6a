"""Questions to an archive: a question comes in, an `Answer` goes out.

The answer is made of two to five quotations, each an exact substring of its page; or, with a language model, of
sentences checked against quotations; or it says that the archive does not answer. It reads no files and keeps
nothing between questions: what a follow-up needs is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stratmap.answering.archive import Archive, Scorer
from stratmap.answering.archive_questions import ArchiveQuestion, as_spelled, read_archive_question
from stratmap.answering.conversation import Completes, Conversation, in_lines
from stratmap.answering.extract import Scored, Sentence, choose, cite, fallback, score_sentences, sentences_of
from stratmap.answering.finding import Finder, Found
from stratmap.answering.followups import points_back, standalone
from stratmap.answering.listing import count_answer, list_answer
from stratmap.answering.questions import clean_question
from stratmap.answering.refusal import judge
from stratmap.encoding import Encoder
from stratmap.errors import ChatModelError
from stratmap.framework import Framework
from stratmap.records import Answer, Citation, Filters, Hit, Statement
from stratmap.settings import AnsweringSettings

REFUSAL = "The archive does not answer this."
NO_QUESTION = "Ask a question in words."
_NO_FILTERS = Filters()
_FEWEST_PASSAGES = 10
_MOST_POINTERS = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about a question before it is answered: passages, scored sentences, calibrated probability."""

    found: Found
    scored: Scored
    probability: float
    enough: bool


class Assistant:
    """Answers questions from an index.

    Args:
        index: Where passages are found.
        encoder: The encoder that the index was made with.
        settings: How questions are answered; `chat_model` in it switches a language model on.
        reranker: Reads question and passage together; optional.
        framework: Lets questions name its labels ("on O4").
        chat: A language model to use in place of the one that the settings name.

    Raises:
        MissingExtra: The settings name a language model whose packages are not installed.
    """

    def __init__(
        self,
        index: Archive,
        encoder: Encoder,
        settings: AnsweringSettings | None = None,
        reranker: Scorer | None = None,
        framework: Framework | None = None,
        chat: Completes | None = None,
    ) -> None:
        self.index, self.encoder, self.framework = index, encoder, framework
        self.settings = settings or AnsweringSettings()
        self._finder = Finder(index, encoder, self.settings, reranker)
        self._chat = chat or _chat_model(self.settings)

    def ask(self, question: str, filters: Filters = _NO_FILTERS, history: Sequence[str] = ()) -> Answer:
        """Answer one question.

        Args:
            question: In any words; typing mistakes and abbreviations are met halfway.
            filters: What to restrict the search to.
            history: The person's earlier questions, oldest first.

        Returns:
            `answered` is False where the archive does not hold the answer or the question holds no words.

        Raises:
            UsageError: The question is longer than `settings.max_question_characters`.
            EncodingError: The encoder failed.
        """
        answer = Answer(question, False, NO_QUESTION, (), ())
        for part in self._parts(question, filters, history, at_once=True):
            answer = part if isinstance(part, Answer) else answer
        return answer

    def stream(
        self, question: str, filters: Filters = _NO_FILTERS, history: Sequence[str] = ()
    ) -> Iterator[Statement | Answer]:
        """Answer one question sentence by sentence: checked statements as they are ready, then the whole answer.

        The answer at the end counts: where a language model fails half-way, or nothing that it said is supported,
        it is made of quotations and says so in its notes.

        Raises:
            UsageError: As `ask`.
            EncodingError: As `ask`.
        """
        return self._parts(question, filters, history, at_once=False)

    def retrieve(self, question: str, filters: Filters = _NO_FILTERS, k: int = 10) -> list[Hit]:
        """The best `k` passages for a question, reranked, as `ask` would show them.

        Raises:
            UsageError: The question is too long.
        """
        clean = clean_question(question, self.settings.max_question_characters)
        filters = replace(filters, countries=as_spelled(filters.countries, self.index.documents()))
        return list(self._finder.find(clean, filters).hits[:k]) if clean else []

    def evidence(self, question: str, filters: Filters = _NO_FILTERS) -> Evidence:
        """Passages, sentences and the probability that they answer, for a clean question that stands alone."""
        found = self._finder.find(question, filters)
        scored = self._score(found, sentences_of(found.hits, self.index.page_text, found.titles))
        return Evidence(found, scored, *judge(found, scored))

    def _past(self, question: str) -> str:
        return clean_question(question[: self.settings.max_question_characters], len(question))

    def _score(self, found: Found, sentences: list[Sentence]) -> Scored:
        vector = found.vector if found.vector is not None else np.zeros(self.encoder.dim, dtype=np.float32)
        return score_sentences(found.question, vector, sentences, self.encoder)

    def _parts(
        self, question: str, filters: Filters, history: Sequence[str], *, at_once: bool
    ) -> Iterator[Statement | Answer]:
        clean = clean_question(question, self.settings.max_question_characters)
        if not clean:
            yield Answer(question, False, NO_QUESTION, (), ())
            return
        past = [one for one in map(self._past, history[-5:]) if one]
        whole = standalone(clean, past)
        notes = (f"Understood as: {whole}",) if whole != clean else ()
        documents = self.index.documents()
        filters = replace(filters, countries=as_spelled(filters.countries, documents))
        about = read_archive_question(whole, filters, self.framework, documents)
        if about:
            parts: Iterator[Statement | Answer] = iter([self._about_archive(whole, about)])
        else:
            parts = self._answer(whole, self._evidence(whole, filters, self._spoken_of(clean, past, filters)), at_once)
        told = False
        for part in parts:
            if isinstance(part, Statement):
                told = True
                yield part
                continue
            yield from () if told else part.statements
            yield replace(part, question=question, notes=(*notes, *part.notes))

    def _spoken_of(self, question: str, past: Sequence[str], filters: Filters) -> str:
        """The document that the question before found first, where this one points back to it; else nothing."""
        if filters.documents or not points_back(question, past):
            return ""
        hits = self._finder.find(standalone(past[-1], past[:-1]), filters).hits
        return hits[0].passage.doc_id if hits else ""

    def _evidence(self, question: str, filters: Filters, spoken_of: str) -> Evidence:
        """Evidence from the document spoken of where that suffices, else from all."""
        if spoken_of:
            near = self.evidence(question, replace(filters, documents=(spoken_of,)))
            if near.enough:
                return near
        return self.evidence(question, filters)

    def _answer(self, question: str, evidence: Evidence, at_once: bool) -> Iterator[Statement | Answer]:
        if not evidence.enough:
            yield self._refused(question, evidence)
            return
        answer = self._quoted(question, evidence)
        if self._chat is None:
            yield answer
            return
        page_text = self.index.page_text
        talk = Conversation(self._chat, answer, evidence.found, self.encoder, page_text, self.settings)
        try:
            yield from [talk.answer()] if at_once else talk.stream()
        except ChatModelError as error:
            note = f"The language model failed ({error}) Quotations are shown instead."
            yield replace(answer, notes=(*answer.notes, note))

    def _quoted(self, question: str, evidence: Evidence) -> Answer:
        hits, scored = evidence.found.hits, evidence.scored
        best = hits[0].passage
        page = (best.doc_id, best.page_index)
        if not any(sentence.page == page for sentence in scored.sentences):
            scored = self._score(evidence.found, [*self._sentences_on(hits[0], evidence), *scored.sentences])
        chosen = choose(scored, self.settings.quotations, page)
        sentences = [(scored.sentences[i], float(scored.scores[i])) for i in chosen]
        if not sentences or sentences[0][0].page != page:
            sentences.insert(0, (fallback(hits[0], self.index.page_text), hits[0].score))
        cited = sentences[: max(1, self.settings.quotations)]
        citations = tuple(cite(sentence, n, score) for n, (sentence, score) in enumerate(cited, start=1))
        return self._composed(question, citations, evidence)

    def _sentences_on(self, hit: Hit, evidence: Evidence) -> list[Sentence]:
        """Sentences of the whole page of a passage none of whose own can be quoted."""
        text = self.index.page_text(hit.passage.doc_id, hit.passage.page_index)
        whole = replace(hit, passage=replace(hit.passage, start=0, end=len(text), text=text))
        return sentences_of([whole], self.index.page_text, evidence.found.titles)

    def _composed(self, question: str, citations: tuple[Citation, ...], evidence: Evidence) -> Answer:
        statements = tuple(Statement(c.quote, (c.marker,)) for c in citations)
        return Answer(
            question=question,
            answered=True,
            answer=in_lines(statements),
            citations=citations,
            passages=self._shown(evidence.found),
            confidence=evidence.probability,
            statements=statements,
            notes=evidence.found.notes,
        )

    def _refused(self, question: str, evidence: Evidence) -> Answer:
        shown = self._shown(evidence.found)
        pointers = list(dict.fromkeys(hit.document for hit in shown))[:_MOST_POINTERS]
        text = f"{REFUSAL} Nearest documents, not an answer: {', '.join(pointers)}." if pointers else REFUSAL
        return Answer(question, False, text, (), shown, evidence.probability, (), evidence.found.notes)

    def _shown(self, found: Found) -> tuple[Hit, ...]:
        return found.hits[: max(_FEWEST_PASSAGES, self.settings.passages)]

    def _about_archive(self, question: str, about: ArchiveQuestion) -> Answer:
        if not about.topic:
            return count_answer(question, about, self.index, self.framework)
        evidence = self.evidence(about.topic, about.filters)
        if not evidence.enough:
            return self._refused(question, evidence)
        found = evidence.found
        return list_answer(
            question,
            found,
            lambda sentences: self._score(found, sentences),
            self.index,
            evidence.probability,
            self.settings.quotations,
        )


def _chat_model(settings: AnsweringSettings) -> Completes | None:
    if not settings.chat_model:
        return None
    from stratmap.answering.chat_model import ChatModel

    return ChatModel(settings)
