"""`Reviews`: everything around corrections, over one index folder.

Comes in: an index, a framework and the shipped tagger's model. Goes out: what the app and the command line call:
correct, undo, ask, retrain, restore. Every change is on the disk when a call returns. It encodes nothing: features
come from the index, or from the texts that were tagged last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stratmap.errors import UsageError
from stratmap.framework import Framework
from stratmap.index import Index
from stratmap.index.corrections import EVIDENCE, TAG, CorrectionStore
from stratmap.index.features import Features, FeatureStore
from stratmap.records import Correction, TaggedDocument
from stratmap.reviewing.adjusting import AdjustedModel, Adjustment, logits_of
from stratmap.reviewing.corrections import Standing, checked, corrected, standing
from stratmap.reviewing.examples import Example, document_probabilities
from stratmap.reviewing.held_out import HeldOut, load_held_out
from stratmap.reviewing.queue import Progress, Question, progress_of, questions
from stratmap.reviewing.retraining import Report, Setting, refit
from stratmap.reviewing.versions import SHIPPED, Version, VersionStore
from stratmap.tagging.pooling import weights_of
from stratmap.tagging.tagger import PassageModel, Read

_MOST_RECENT = 30_000  # passages whose features are kept in memory: 46 MB


@dataclass(frozen=True, slots=True)
class Retrained:
    """What a retraining came to: the version now in use ("" where it was refused), its report, relabelled documents."""

    version: str
    report: Report
    relabelled: int = 0


class Reviews:
    """Corrections, review, retraining and versions of one index.

    Args:
        index: The index.
        framework: The labels.
        model: The shipped tagger's model, without any version.
        tagger: Fingerprint of that model with its encoder.
        dim: Of the vectors.
        lock_timeout_s: How long to wait for another writer.
    """

    def __init__(
        self,
        index: Index,
        framework: Framework,
        model: PassageModel,
        tagger: str,
        dim: int,
        lock_timeout_s: float = 30.0,
    ) -> None:
        self.index = index
        self.framework = framework
        self.model = model
        self.corrections = CorrectionStore(index.folder, lock_timeout_s)
        self.features = FeatureStore(index.folder, tagger, lock_timeout_s)
        self.versions = VersionStore(index.folder, tagger)
        self._dim = dim
        self._tagger = tagger
        self._recent: OrderedDict[str, Features] = OrderedDict()
        self._guard = threading.Lock()
        self._retraining = threading.Lock()

    @cached_property
    def held_out(self) -> HeldOut:
        """Texts to measure on, in the order of the model's labels.

        Raises:
            ArtefactError: They were made for another tagger.
        """
        return load_held_out(self.framework, self._tagger, self._dim)

    # Tagging

    def active(self) -> Adjustment | None:
        """The adjustment of the version in use; None for the shipped tagger."""
        found = self.versions.load(self.versions.active())
        if found is not None and found.labels != tuple(self.model.labels):
            raise UsageError("expected a version for these labels. Use: stratmap versions restore shipped")
        return found

    def current_model(self) -> PassageModel:
        """The shipped model with the version in use."""
        adjustment = self.active()
        return self.model if adjustment is None else AdjustedModel(self.model, adjustment)

    def tagger_name(self) -> str:
        """What labels are made by now: the tagger, and the version in use."""
        name = self.versions.active()
        return self._tagger if name == SHIPPED else f"{self._tagger} v{name}"

    def corrected(self, tagged: TaggedDocument) -> TaggedDocument:
        """A tagged document with the verdicts on its text."""
        return corrected(tagged, self.standing(tagged.doc_id))

    def features_of(self, read: Read, model: PassageModel) -> Features:
        """What is kept of a text that was just tagged.

        Args:
            read: Its passages, as `model` saw them.
            model: The shipped model, or that with a version: the version is taken off again.
        """
        vectors = np.asarray(read.seen.embeddings, dtype=np.float32)
        logits = logits_of(read.seen.probabilities)
        if isinstance(model, AdjustedModel):
            logits = logits - vectors @ model.adjustment.weights - model.adjustment.bias
        spans = np.array([(p.page_index, p.start, p.end) for p in read.passages], dtype=np.int64).reshape(-1, 3)
        return Features(
            read.document.doc_id,
            read.document.name,
            vectors,
            logits.astype(np.float32),
            np.array(weights_of(read.passages), dtype=np.int64),
            spans,
        )

    def remember(self, features: Features) -> None:
        """Keep a text's features in memory for a while, in case somebody corrects it."""
        with self._guard:
            self._recent.pop(features.doc_id, None)
            self._recent[features.doc_id] = features
            while len(self._recent) > 1 and sum(len(one.lengths) for one in self._recent.values()) > _MOST_RECENT:
                self._recent.popitem(last=False)

    # Correcting

    def correct(self, corrections: Sequence[Correction]) -> list[int]:
        """Keep corrections and let them count at once; returns their numbers.

        Raises:
            UsageError: One of them cannot be kept; then none is.
        """
        fit = [checked(one, self.framework) for one in corrections]
        for doc_id in dict.fromkeys(one.doc_id for one in fit):
            recent = self._recent.get(doc_id)
            if recent is not None and not self.index.holds(doc_id):
                self.features.keep_example(recent)
        return self.corrections.add(fit)

    def undo(self, numbers: Sequence[int]) -> int:
        """Take corrections back; returns how many there were."""
        return self.corrections.undo(numbers)

    def withdraw(self, doc_id: str, code: str) -> int:
        """Take back every verdict that stands on a tag, so that the tagger decides again."""
        return self._undo_where(doc_id, code, TAG, None)

    def restore_evidence(self, doc_id: str, code: str, place: tuple[int, int, int]) -> int:
        """Take back that a passage is wrong evidence."""
        return self._undo_where(doc_id, code, EVIDENCE, place)

    def _undo_where(self, doc_id: str, code: str, kind: str, place: tuple[int, int, int] | None) -> int:
        wanted = (doc_id, code, kind, place)
        found = [one for one in self.corrections.all() if (one.doc_id, one.code, one.kind, one.place) == wanted]
        return self.undo([one.id for one in found]) if found else 0

    def standing(self, doc_id: str) -> Standing:
        """What stands for a document."""
        return standing(self.corrections.all()).get(doc_id, Standing())

    # Reviewing

    def questions(self, doc_ids: Sequence[str] | None = None, most: int = 50) -> list[Question]:
        """The most valuable questions on the archive, or on named texts (of the archive or tagged of late)."""
        stands = standing(self.corrections.all())
        return questions(self._known(doc_ids), self.active(), self.model.labels, self.model.thresholds, stands, most)

    def progress(self, doc_ids: Sequence[str] | None = None) -> Progress:
        """Answers so far, and agreement with the tagger."""
        return progress_of(self.corrections.all(), None if doc_ids is None else set(doc_ids))

    def _known(self, doc_ids: Sequence[str] | None) -> list[Features]:
        if doc_ids is None:
            return self.features.archive()
        with self._guard:
            recent = {doc_id: self._recent[doc_id] for doc_id in doc_ids if doc_id in self._recent}
        lacking = [doc_id for doc_id in doc_ids if doc_id not in recent]
        return [*recent.values(), *(self.features.archive(lacking) if lacking else [])]

    # Retraining

    def retrain(self, author: str) -> Retrained:
        """Refit on all corrections that stand; used from now on unless it makes things worse.

        Raises:
            UsageError: There is nothing to learn from, or another retraining is running.
            ArtefactError: The held-out texts do not fit the tagger.
        """
        if not self._retraining.acquire(blocking=False):
            raise UsageError("expected one retraining at a time; another one is running. Try again in a few seconds.")
        try:
            examples, left_out = self._examples()
            labels = tuple(self.model.labels)
            setting = Setting(self.framework, labels, np.asarray(self.model.thresholds), self.held_out)
            adjustment, report = refit(examples, setting, self.active(), author, left_out)
            if report.refused:
                return Retrained("", report)
            name = self.versions.save(adjustment, report.as_data())
            self.versions.activate(name)
            return Retrained(name, report, self.relabel())
        finally:
            self._retraining.release()

    def _examples(self) -> tuple[list[Example], int]:
        stands = {doc_id: one for doc_id, one in standing(self.corrections.all()).items() if one.verdicts or one.wrong}
        found = {one.doc_id: one for one in self.features.examples() if one.doc_id in stands}
        found |= {one.doc_id: one for one in self.features.archive(list(stands))}
        return [Example(found[doc_id], stands[doc_id]) for doc_id in sorted(found)], len(stands) - len(found)

    def restore(self, name: str) -> int:
        """Use a version, or `shipped`, from now on; returns how many documents of the archive got other labels.

        Raises:
            UsageError: There is no such version.
            ArtefactError: It is damaged or adjusts another tagger; the one in use stays.
        """
        self.versions.activate(name)
        return self.relabel()

    def relabel(self) -> int:
        """Decide the archive's labels anew with the version in use, from what is kept; returns how many changed."""
        adjustment = self.active()
        decided = {}
        for one in self.features.archive():
            probabilities = document_probabilities(one, adjustment)
            given = probabilities >= self.model.thresholds
            decided[one.doc_id] = {
                code: round(float(probability), 4)
                for code, probability, applies in zip(self.model.labels, probabilities, given, strict=True)
                if applies
            }
        return self.index.relabel(decided, self.tagger_name()) if decided else 0

    def list_versions(self) -> list[Version]:
        """The kept versions, oldest first."""
        return self.versions.list()
