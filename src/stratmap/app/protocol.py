"""What the web app asks of a desk, so that tests can hand it a small one.

Comes in: nothing. Goes out: a protocol and the records that tabs keep in a session. Does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from stratmap.framework import Crosswalk, Framework
from stratmap.records import Answer, Document, Filters, Hit, IndexedDocument, TaggedDocument
from stratmap.reviewing.reviews import Reviews


class DeskLike(Protocol):
    """The part of `stratmap.assembly.Desk` that the app uses. Every method may raise `StratmapError`."""

    @property
    def framework(self) -> Framework:
        """The strategy that reports are mapped to."""

    @property
    def reviews(self) -> Reviews | None:
        """Corrections, review and versions of the index; None where there is no index."""

    def tag(self, document: Document, progress: Callable[[int, int], None] | None = ...) -> TaggedDocument:
        """The tags of a document with their evidence; `progress` hears how far a long one is read."""

    def ask(self, question: str, filters: Filters = ..., history: Sequence[str] = ...) -> Answer:
        """The answer to a question; `history` holds the earlier questions of the conversation."""

    def ask_in_steps(self, question: str, filters: Filters = ..., history: Sequence[str] = ...) -> Iterator[Answer]:
        """The same answer as it grows; the last one is whole."""

    def documents(self) -> list[IndexedDocument]:
        """What the archive holds."""

    def page_text(self, doc_id: str, page_index: int) -> str:
        """The text of one page of an indexed document."""

    def similar(self, document: Document, k: int = ...) -> list[Hit]:
        """The passages of the archive that are nearest to a document."""

    def note_feedback(self, question: str, helpful: bool) -> None:
        """Keep a verdict on the answer to a question."""

    def add_document(self, document: Document) -> int:
        """Tag and index a document; returns 0 where its text is there already."""

    def remove(self, doc_ids: Sequence[str]) -> int:
        """Delete documents and what was kept of them; returns how many there were."""

    def crosswalk(self, target: str) -> Crosswalk:
        """The links of the framework to another one."""


@dataclass(frozen=True, slots=True)
class TaggedReport:
    """One report of a session: its text, its tags, and what is near it in the archive.

    `note` says why `nearest` is empty where the archive could not be asked.
    """

    document: Document
    tagged: TaggedDocument
    nearest: tuple[Hit, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation with its answer, or the problem that stood in the way.

    `pending` is true while the answer is being made; `helpful` is the reader's verdict, None where there is none.
    """

    question: str
    answer: Answer | None = None
    problem: str = ""
    pending: bool = False
    helpful: bool | None = None
