"""The endpoints for programs and MCP clients that change something: corrections, retraining and the archive.

Plain values come in, plain values go out. Who may call which is in `permissions`; a correction carries the name of
whoever has signed in, else the name that was given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import gradio as gr

from stratmap.app.correcting import author_of, reviews_of
from stratmap.app.health.watched import behind
from stratmap.app.protocol import DeskLike
from stratmap.assembly import Desk
from stratmap.errors import LimitExceeded, UsageError
from stratmap.index.corrections import EVIDENCE, NOTE, TAG
from stratmap.reading import read_text
from stratmap.records import Correction, IndexedDocument
from stratmap.reviewing.scoring import score_archive
from stratmap.settings import Settings

_MOST_QUESTIONS = 200


def known(desk: DeskLike, document: str) -> IndexedDocument:
    """A document of the archive by name or id.

    Raises:
        UsageError: There is none.
    """
    found = next((one for one in desk.documents() if document in (one.name, one.doc_id)), None)
    if found is None:
        raise UsageError(f"expected a document of the archive, found {document!r:.80}. See: list_documents")
    return found


def place_of(desk: DeskLike, document: IndexedDocument, page: int, quotation: str) -> tuple[int, int, int]:
    """Page index, start and end of a quotation where it first stands on a page, which is counted from 1.

    Raises:
        UsageError: It does not stand there, or is empty.
    """
    index = int(page) - 1
    start = desk.page_text(document.doc_id, index).find(quotation) if quotation else -1
    if start < 0:
        raise UsageError(f"expected words of page {int(page)} of {document.name}, found {quotation!r:.60}.")
    return index, start, start + len(quotation)


def named(given: str) -> str:
    """The name of a file or text that a program sends, without folders.

    Raises:
        UsageError: Nothing is left of it.
    """
    name = " ".join(given.replace("\\", "/").rsplit("/", 1)[-1].split())[:200]
    if name in {"", ".", ".."} or "\x00" in name:
        raise UsageError("expected the name of a file, such as report.pdf, found none.")
    return name


def about_corrections(desk: DeskLike) -> dict[str, Callable[..., Any]]:
    """What corrects and reviews."""
    return _saying(desk) | _looking_back(desk)


def _saying(desk: DeskLike) -> dict[str, Callable[..., Any]]:
    def correct_document(  # noqa: D417  (callers do not give the request)
        request: gr.Request, document: str, label: str, applies: bool, note: str = "", author: str = ""
    ) -> list[int]:
        """Say that a label applies to a document of the archive or does not; the numbers of what was kept.

        Args:
            document: The document's name or id.
            label: The label, such as O4 or P2.
            applies: Whether it applies.
            note: Why, in a sentence; may be left out.
            author: Who says so; of no meaning where people sign in.
        """
        one, name = known(desk, document), author_of(author, request)
        said = one.labels.get(label)
        verdict = Correction(one.doc_id, one.name, label, TAG, bool(applies), name)
        verdict = dataclasses.replace(verdict, probability=said, applied=said is not None)
        notes = [dataclasses.replace(verdict, kind=NOTE, note=note)] if note.strip() else []
        return reviews_of(desk).correct([verdict, *notes])

    def note_document(  # noqa: D417  (callers do not give the request)
        request: gr.Request, document: str, label: str, note: str, author: str = ""
    ) -> list[int]:
        """Write a note on a label of a document of the archive; the number of what was kept.

        Args:
            document: The document's name or id.
            label: The label, such as O4 or P2.
            note: The note.
            author: Who says so; of no meaning where people sign in.
        """
        one = known(desk, document)
        said = Correction(one.doc_id, one.name, label, NOTE, False, author_of(author, request), note=note)
        return reviews_of(desk).correct([said])

    def mark_evidence(  # noqa: D417  (callers do not give the request)
        request: gr.Request, document: str, label: str, quotation: str, page: int = 1, author: str = ""
    ) -> list[int]:
        """Say that a passage does not speak for a label; the number of what was kept. `undo_corrections` undoes it.

        Args:
            document: The document's name or id.
            label: The label, such as O4 or P2.
            quotation: The passage, exactly as it was shown as evidence.
            page: Its page, counted from 1.
            author: Who says so; of no meaning where people sign in.
        """
        one = known(desk, document)
        place = place_of(desk, one, page, quotation)
        wrong = Correction(one.doc_id, one.name, label, EVIDENCE, False, author_of(author, request), place=place)
        return reviews_of(desk).correct([wrong])

    return {"correct_document": correct_document, "note_document": note_document, "mark_evidence": mark_evidence}


def _looking_back(desk: DeskLike) -> dict[str, Callable[..., Any]]:
    def correction_list() -> list[dict[str, Any]]:
        """Every correction with its author, time and number, the earliest first."""
        return [dataclasses.asdict(one) for one in reviews_of(desk).corrections.all()]

    def undo_corrections(numbers: list[int]) -> int:
        """Take corrections back; answers how many there were.

        Args:
            numbers: Their numbers, as in `correction_list`.
        """
        return reviews_of(desk).undo([int(number) for number in numbers])

    def review_questions(most: int = 20) -> list[dict[str, Any]]:
        """What the tagger is unsure of in the archive, most valuable first.

        Args:
            most: How many questions, at most 200.
        """
        found = reviews_of(desk).questions(None, max(1, min(int(most), _MOST_QUESTIONS)))
        return [dataclasses.asdict(one) for one in found]

    return {
        "correction_list": correction_list,
        "undo_corrections": undo_corrections,
        "review_questions": review_questions,
    }


def about_versions(desk: DeskLike) -> dict[str, Callable[..., Any]]:
    """What lets the tagger learn and go back."""

    def retrain_tagger(request: gr.Request, author: str = "") -> dict[str, Any]:  # noqa: D417
        """Learn from all corrections that stand; figures before and after, and why it is refused where it is.

        Args:
            author: Who asks for it; of no meaning where people sign in.
        """
        made = reviews_of(desk).retrain(author_of(author, request))
        return {"version": made.version, "relabelled": made.relabelled, "report": made.report.as_data()}

    def review_versions() -> list[dict[str, Any]]:
        """The versions of the tagger that retraining made, oldest first, with their figures; which one is in use."""
        return [dataclasses.asdict(one) for one in reviews_of(desk).list_versions()]

    def review_prepare_archive() -> int:
        """Let the tagger see the documents that came with an earlier one; answers how many cannot be asked about yet.

        `review_questions` asks about the others only.
        """
        reviews, found = reviews_of(desk), behind(desk)
        if isinstance(found, Desk):
            score_archive(reviews, found.encoder)
        return len(reviews.features.unscored())

    def use_version(name: str) -> int:
        """Use a version of the tagger from now on; answers how many documents got other labels.

        Args:
            name: Its name, such as 0001, or `shipped`.
        """
        return reviews_of(desk).restore(name)

    return {
        "retrain_tagger": retrain_tagger,
        "review_versions": review_versions,
        "review_prepare_archive": review_prepare_archive,
        "use_version": use_version,
    }


def about_the_archive(desk: DeskLike, settings: Settings) -> dict[str, Callable[..., Any]]:
    """What adds and deletes documents."""

    def add_document(name: str, text: str) -> bool:
        """Tag and index a text; one of the same name is replaced. False where the same text was there already.

        Args:
            name: What the document is called, such as visit-2024.txt.
            text: Its whole text.
        """
        most = settings.app.max_paste_characters
        if len(text) > most:
            raise LimitExceeded("text", f"expected at most {most:,} characters, found {len(text):,}.")
        if not text.strip():
            raise UsageError("expected a text, found none.")
        return bool(desk.add_document(read_text(text, named(name))))

    def delete_document(document: str) -> str:
        """Delete a document of the archive and what was kept of it; answers its name.

        Args:
            document: The document's name or id.
        """
        one = known(desk, document)
        desk.remove([one.doc_id])
        return one.name

    return {"add_document": add_document, "delete_document": delete_document}
