"""The `Tagger`: documents in, tags out. It splits, encodes once, scores passages, pools, and finds evidence.

Which model scores passages is given: the trained one of the framework, or the zero-shot one from the labels'
descriptions. It writes nothing and knows no index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stratmap.encoding import Encoder
from stratmap.errors import EncodingError
from stratmap.framework import Framework, Group
from stratmap.reading import split_passages
from stratmap.records import Document, Evidence, Passage, Tag, TaggedDocument
from stratmap.settings import ReadingSettings, TaggingSettings
from stratmap.tagging.evidence import choose, evidence, spans, states_of, weight
from stratmap.tagging.pooling import pool, weights_of

Progress = Callable[[int, int], None]
_BATCH_PASSAGES = 96
_NEAR = 0.6  # of its threshold: from here on a label that is not applied is worth a look


class PassageModel(Protocol):
    """Scores passages. Columns stand in the order of `labels`; a row does not depend on the others.

    Two attributes that a model may have: a true `reads_states` says that hidden states and text tell it what a sentence
    is about, so that sentences are scored from the states of their passage and are not encoded again; a false
    `reads_vectors` that it takes no search vectors, so that none need be made.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """Codes in the order of the columns."""
        ...

    @property
    def thresholds(self) -> np.ndarray:
        """Probability from which a label is applied, (n_labels,)."""
        ...

    @property
    def auto_thresholds(self) -> np.ndarray:
        """Probability from which no person needs to look, (n_labels,)."""
        ...

    @property
    def calibrated(self) -> bool:
        """Whether probabilities were fitted on held-out data."""
        ...

    def predict_proba(self, texts: Sequence[str], embeddings: np.ndarray, hidden: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities, (n, n_labels)."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """Passages as encoder and model see them.

    Attributes:
        embeddings: Search vectors, float32 (n, dim).
        probabilities: (n, n_labels).
        hidden: For each passage its hidden states, half precision (tokens, dim); empty where the model needs none.
        offsets: For each passage where the tokens of its states stand, (tokens, 2); empty where there are no states.
    """

    embeddings: np.ndarray
    probabilities: np.ndarray
    hidden: tuple[np.ndarray, ...] = ()
    offsets: tuple[np.ndarray, ...] = ()

    def part(self, start: int, end: int) -> Seen:
        """The passages from number `start` up to `end`."""
        chosen = slice(start, end)
        return Seen(self.embeddings[chosen], self.probabilities[chosen], self.hidden[chosen], self.offsets[chosen])


@dataclass(frozen=True, slots=True)
class Read:
    """A document with its passages and what encoder and model made of them."""

    document: Document
    passages: tuple[Passage, ...]
    seen: Seen


class Tagger:
    """Tags documents with the labels of a framework.

    Args:
        framework: The labels and their groups.
        encoder: Vectors for passages.
        model: What scores them.
        settings: Evidence per tag.
        reading: Length of passages.
    """

    def __init__(
        self,
        framework: Framework,
        encoder: Encoder,
        model: PassageModel,
        settings: TaggingSettings | None = None,
        reading: ReadingSettings | None = None,
    ) -> None:
        self.framework = framework
        self.encoder = encoder
        self.model = model
        self._settings = settings or TaggingSettings()
        self._reading = reading or ReadingSettings()
        self._column = {code: column for column, code in enumerate(model.labels)}
        self._reads_states = bool(getattr(model, "reads_states", False))
        self._reads_vectors = bool(getattr(model, "reads_vectors", True))

    def tag(self, document: Document, progress: Progress | None = None) -> TaggedDocument:
        """The tags of one document; `progress` hears how many of a long one's passages are read, and of how many."""
        [read] = self.read_many([document], progress, vectors=self._reads_vectors)
        return self.tags_of(read)

    def tag_many(self, documents: Iterable[Document]) -> Iterator[TaggedDocument]:
        """The tags of documents, in their order; passages of several documents share a pass of the encoder."""
        for read in self.read_many(documents, vectors=self._reads_vectors):
            yield self.tags_of(read)

    def passages(self, document: Document) -> tuple[Passage, ...]:
        """The passages of a document: a text that fits the encoder's window stays whole."""
        window = min(self.encoder.window, 256)
        if len(document.pages) == 1 and len(document.text) < 12 * window:
            whole = split_passages(document, self.encoder.count_tokens, window)
            if len(whole) <= 2:
                return whole
        return split_passages(document, self.encoder.count_tokens, min(self._reading.passage_tokens, window))

    def read_many(
        self, documents: Iterable[Document], progress: Progress | None = None, *, vectors: bool = True
    ) -> Iterator[Read]:
        """Split, encode and score documents, each passage once.

        Args:
            documents: What is read.
            progress: Hears of the parts of a long document.
            vectors: Whether search vectors are wanted; without, they have no dimension.
        """
        waiting: list[tuple[Document, tuple[Passage, ...]]] = []
        count = 0
        for document in documents:
            waiting.append((document, self.passages(document)))
            count += len(waiting[-1][1])
            if count >= _BATCH_PASSAGES:
                yield from self._read(waiting, progress, vectors)
                waiting, count = [], 0
        yield from self._read(waiting, progress, vectors)

    def _read(
        self, waiting: list[tuple[Document, tuple[Passage, ...]]], progress: Progress | None, vectors: bool
    ) -> Iterator[Read]:
        seen = self._see([passage.text for _, passages in waiting for passage in passages], progress, vectors)
        start = 0
        for document, passages in waiting:
            yield Read(document, passages, seen.part(start, start + len(passages)))
            start += len(passages)

    def _see(self, texts: list[str], progress: Progress | None, vectors: bool) -> Seen:
        """Passages in parts, so that a long document's states are never all there in full precision."""
        parts = []
        for start in range(0, len(texts), _BATCH_PASSAGES):
            if progress and len(texts) > _BATCH_PASSAGES:
                progress(start, len(texts))
            parts.append(self._see_part(texts[start : start + _BATCH_PASSAGES], vectors))
        if not parts:
            return Seen(np.zeros((0, self.encoder.dim), np.float32), np.zeros((0, len(self.model.labels))))
        return Seen(
            np.concatenate([part.embeddings for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
            tuple(rows for part in parts for rows in part.hidden),
            tuple(rows for part in parts for rows in part.offsets),
        )

    def _see_part(self, texts: list[str], vectors: bool) -> Seen:
        encoded = self.encoder.encode_full(texts) if vectors else self.encoder.encode_states(texts)
        found = self.model.predict_proba(texts, encoded.embeddings, encoded.hidden)
        if not np.isfinite(found).all():
            raise EncodingError("expected probabilities, found NaN. Check the model with `stratmap doctor`.")
        if not self._reads_states or not encoded.offsets:
            return Seen(encoded.embeddings, found)
        hidden = tuple(rows.astype(np.float16) for rows in encoded.hidden)
        return Seen(encoded.embeddings, found, hidden, encoded.offsets)

    def tags_of(self, read: Read) -> TaggedDocument:
        """The tags of a document that is read."""
        weights = weights_of(read.passages)
        document = pool(read.seen.probabilities, weights)
        shown = self._evidence(read, document, weights)
        tags = {group.id: self._group(group, document, shown) for group in self.framework.groups}
        reasons = self._reasons(read.document, tags, len(read.passages))
        return TaggedDocument(
            document=read.document.name,
            doc_id=read.document.doc_id,
            language=read.document.language,
            pages=len(read.document.pages),
            tags=tags,
            needs_review=bool(reasons),
            review_reasons=reasons,
            warnings=read.document.warnings,
        )

    def _group(self, group: Group, document: np.ndarray, shown: dict[str, tuple[Evidence, ...]]) -> tuple[Tag, ...]:
        tags = [self._tag(label.code, label.name, document, shown) for label in group.labels]
        return tuple(sorted(tags, key=lambda tag: -tag.probability))

    def _tag(self, code: str, name: str, document: np.ndarray, shown: dict[str, tuple[Evidence, ...]]) -> Tag:
        column = self._column[code]
        probability = float(document[column])
        threshold = float(self.model.thresholds[column])
        applied = probability >= threshold and bool(shown.get(code))
        sure = float(self.model.auto_thresholds[column])
        return Tag(
            code=code,
            name=name,
            probability=round(probability, 4),
            applied=applied,
            evidence=shown.get(code, ()),
            review=(probability < sure) if applied else (probability >= _NEAR * threshold),
            calibrated=self.model.calibrated,
            threshold=round(threshold, 4),
        )

    def _evidence(self, read: Read, document: np.ndarray, weights: Sequence[int]) -> dict[str, tuple[Evidence, ...]]:
        """Evidence of every label that is applied or near it, at sentence level; what stands aside comes last."""
        matrix = read.seen.probabilities
        if not len(matrix):
            return {}
        counted = np.array(weights) / [max(1, len(passage.text)) for passage in read.passages]
        chosen = {
            code: choose(matrix[:, column] * counted, float(document[column]), self._settings.evidence_per_tag)
            for code, column in self._column.items()
            if document[column] >= _NEAR * self.model.thresholds[column]
        }
        best = self._sentences(read, sorted({row for rows in chosen.values() for row in rows}))
        return {
            code: tuple(
                self._span(
                    read.passages[row],
                    best.get(row, []),
                    self._column[code],
                    float(matrix[row, self._column[code]]),
                )
                for row in rows
            )
            for code, rows in chosen.items()
        }

    def _sentences(self, read: Read, rows: list[int]) -> dict[int, list[tuple[tuple[int, int], np.ndarray]]]:
        """Sentences of passages with their probabilities."""
        language = read.document.language.code
        places = [(row, span) for row in rows for span in spans(read.passages[row], language)]
        texts = [read.passages[row].text[start:end] for row, (start, end) in places]
        if not texts:
            return {}
        scores = self._sentence_scores(read.seen, places, texts)
        found: dict[int, list[tuple[tuple[int, int], np.ndarray]]] = {}
        for (row, span), score in zip(places, scores, strict=True):
            found.setdefault(row, []).append((span, score))
        return found

    def _sentence_scores(self, seen: Seen, places: list[tuple[int, tuple[int, int]]], texts: list[str]) -> np.ndarray:
        """Probabilities of sentences: from the states of their passages where the model reads these, else encoded."""
        if seen.hidden:
            states = [states_of(span, seen.hidden[row], seen.offsets[row]) for row, span in places]
            return self.model.predict_proba(texts, seen.embeddings[[row for row, _ in places]], states)
        encoded = self.encoder.encode_full(texts)
        return self.model.predict_proba(texts, encoded.embeddings, encoded.hidden)

    def _span(
        self,
        passage: Passage,
        sentences: list[tuple[tuple[int, int], np.ndarray]],
        column: int,
        probability: float,
    ) -> Evidence:
        """The run of sentences of a passage that speaks loudest for a label."""
        if not sentences:
            return evidence(passage, (0, len(passage.text)), probability)
        scores = [float(score[column]) * weight(passage.text[a:b]) for (a, b), score in sentences]
        best = int(np.argmax(scores))
        start, end = sentences[best][0]
        if best + 1 < len(scores) and scores[best + 1] >= 0.7 * scores[best]:
            end = sentences[best + 1][0][1]
        return evidence(passage, (start, end), probability)

    def _reasons(self, document: Document, tags: dict[str, tuple[Tag, ...]], passages: int) -> tuple[str, ...]:
        reasons = []
        covered = self.encoder.languages
        if passages == 0:
            reasons.append("no text to tag")
        elif covered is not None and document.language.code not in covered:
            reasons.append(
                f"language: {document.language.name}; the encoder covers {', '.join(sorted(covered))} only, "
                "so probabilities are of low trust"
            )
        if document.empty_pages:
            reasons.append("pages without text")
        unsure = [tag.code for group in tags.values() for tag in group if tag.review]
        if unsure:
            reasons.append(f"unsure of {', '.join(unsure)}")
        if any(not tag.calibrated for group in tags.values() for tag in group):
            reasons.append("uncalibrated")
        return tuple(reasons)
