"""Documents into an index: read, encoded, tagged and put, so that what is reported as added is on the disk.

Comes in: paths or documents, and the parts that a desk has put together. Goes out: `Indexed`. It opens no index,
loads no model and deletes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stratmap.errors import StratmapError, UsageError
from stratmap.framework import Framework
from stratmap.index import Index, Indexable
from stratmap.index.features import Features
from stratmap.index.writes import DECLARED
from stratmap.reading import read_items
from stratmap.reading.facts import facts_of
from stratmap.reading.folders import readable_files
from stratmap.reading.sidecar import with_sidecar
from stratmap.records import Document, Unreadable
from stratmap.reviewing.reviews import Reviews
from stratmap.settings import ReadingSettings
from stratmap.tagging import Tagger
from stratmap.tagging.tagger import Read

_CODES = re.compile(r"[\w.:-]+")
_Ready = list[tuple[Indexable, Features]]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Indexed:
    """What an indexing run did."""

    added: int
    unchanged: int
    failed: tuple[Unreadable, ...]


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes documents into one index.

    Attributes:
        index: What is written.
        reviews: Of the same index; keeps what the tagger made of each passage.
        framework: Whose labels documents may state for themselves.
        reading: Limits of reading.
        tagger: The tagger in use now; asked anew for each group, since a version may be restored meanwhile.
        tagger_name: What labels are made by now.
    """

    index: Index
    reviews: Reviews
    framework: Framework
    reading: ReadingSettings
    tagger: Callable[[], Tagger]
    tagger_name: Callable[[], str]

    def add(self, paths: Iterable[Path], progress: Progress | None = None) -> Indexed:
        """Read, tag and index files and folders; what cannot be read is reported and skipped.

        The documents of a file are one transaction.
        """
        files = sorted(set(readable_files(paths)))
        failed: list[Unreadable] = []
        added = unchanged = 0
        held: dict[str, Path] = {}
        for number, path in enumerate(files):
            if progress:
                progress(number, len(files), path.name)
            documents: list[Document] = []
            for item in read_items(path, self.reading):
                if isinstance(item, Unreadable):
                    failed.append(item)
                elif self.index.holds(item.doc_id):
                    self.index.retire_former(item.doc_id, item.source)
                    held[item.doc_id] = path
                    unchanged += 1
                else:
                    documents.append(with_sidecar(item, path))
            added += self._put(self._ready(documents, failed))
        lost = [doc_id for doc_id in held if not self.index.holds(doc_id)]
        if lost:  # copies of a text that a file listed after them held, and no longer holds
            again = self.add({held[doc_id] for doc_id in lost})
            return Indexed(added + again.added, unchanged - len(lost), (*failed, *again.failed))
        return Indexed(added, unchanged, tuple(failed))

    def add_document(self, document: Document) -> int:
        """Tag and index one document in place of the one of its source; 0 where its text is there already.

        Raises:
            StratmapError: It cannot be tagged or kept; nothing changes then.
        """
        if self.index.holds(document.doc_id):
            return self.index.retire_former(document.doc_id, document.source)
        failed: list[Unreadable] = []
        added = self._put(self._ready([document], failed))
        if failed:
            raise UsageError(f"{failed[0].source}: {failed[0].reason}")
        return added

    def _put(self, ready: _Ready) -> int:
        """Index documents, and keep what the tagger made of their passages for review and retraining."""
        added = self.index.add(item for item, _ in ready)
        if added:
            self.reviews.features.keep_scores((features.doc_id, features.logits) for _, features in ready)
        return added

    def _ready(self, documents: Sequence[Document], failed: list[Unreadable]) -> _Ready:
        """Documents encoded and tagged; where that fails for one, it is reported and the others go on."""
        try:
            return [self._indexable(read) for read in self.tagger().read_many(documents)]
        except StratmapError as error:
            if len(documents) == 1:
                failed.append(Unreadable(documents[0].source, str(error)))
                return []
            return [item for document in documents for item in self._ready([document], failed)]

    def _indexable(self, read: Read) -> tuple[Indexable, Features]:
        facts = facts_of(read.document)
        current = self.tagger()
        labels, tagger = declared_labels(read.document, self.framework), DECLARED
        if labels is None:
            tagger = self.tagger_name()
            tagged = current.tags_of(read)
            labels = {t.code: t.probability for group in tagged.tags.values() for t in group if t.applied}
        vectors = read.seen.embeddings
        item = Indexable(read.document, read.passages, vectors, labels, facts.countries, facts.year, tagger)
        return item, self.reviews.features_of(read, current.model)


def declared_labels(document: Document, framework: Framework) -> dict[str, float] | None:
    """Labels that the document or its list states for itself; None where it states nothing."""
    groups = [group.id for group in framework.groups if group.id in document.metadata]
    if not groups:
        return None
    stated = {code for group in groups for code in _CODES.findall(document.metadata[group])}
    return {code: 1.0 for code in framework.codes if code in stated}
