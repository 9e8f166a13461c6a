"""A desk whose work is counted and timed.

Comes in: a desk. Goes out: the same desk; asking, tagging and adding leave a line in the log and figures. It keeps no
text, and changes nothing of what the desk does or raises.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from stratmap.app.health.figures import Figures
from stratmap.app.protocol import DeskLike
from stratmap.logs import failure_of, log
from stratmap.records import Answer, Document, Filters, Hit, TaggedDocument


def behind(desk: DeskLike) -> DeskLike:
    """The desk that is watched; the same one where it is not."""
    return desk.unwatched if isinstance(desk, Watched) else desk


class Watched:
    """Passes everything on to a desk.

    Args:
        desk: The desk.
        figures: What counts.
    """

    def __init__(self, desk: DeskLike, figures: Figures) -> None:
        self._desk, self._figures = desk, figures

    @property
    def unwatched(self) -> DeskLike:
        """The desk itself."""
        return self._desk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)

    def tag(self, document: Document, progress: Callable[[int, int], None] | None = None) -> TaggedDocument:
        """The tags of a document."""
        with self._timed("tag") as facts:
            tagged = self._desk.tag(document, progress)
            labels = sum(tag.applied for group in tagged.tags.values() for tag in group)
            facts |= {"pages": tagged.pages, "labels": labels}
            self._figures.pages.inc(tagged.pages)
        return tagged

    def ask(self, question: str, filters: Filters = Filters(), history: Sequence[str] = ()) -> Answer:  # noqa: B008
        """The answer to a question."""
        with self._timed("ask") as facts:
            answer = self._desk.ask(question, filters, history)
            facts |= self._of(answer)
        return answer

    def ask_in_steps(
        self,
        question: str,
        filters: Filters = Filters(),  # noqa: B008
        history: Sequence[str] = (),
    ) -> Iterator[Answer]:
        """The answer as it grows."""
        with self._timed("ask") as facts:
            last = None
            for last in self._desk.ask_in_steps(question, filters, history):
                yield last
            if last is not None:
                facts |= self._of(last)

    def similar(self, document: Document, k: int = 5) -> list[Hit]:
        """The nearest passages of the archive."""
        with self._timed("similar") as facts:
            hits = self._desk.similar(document, k)
            facts |= {"passages": len(hits)}
        return hits

    def add_document(self, document: Document) -> int:
        """Tag and index a document."""
        with self._timed("add") as facts:
            added = self._desk.add_document(document)
            facts |= {"documents": added}
        return added

    def _of(self, answer: Answer) -> dict[str, float | str]:
        if not answer.answered:
            self._figures.unanswered.inc()
        answered = "yes" if answer.answered else "no"
        return {"answered": answered, "citations": len(answer.citations), "passages": len(answer.passages)}

    @contextmanager
    def _timed(self, action: str) -> Iterator[dict[str, float | str]]:
        facts: dict[str, float | str] = {"action": action}
        started = time.perf_counter()
        try:
            yield facts
        except GeneratorExit:  # the reader has gone
            self._note(action, started, "left")
            raise
        except Exception as error:
            self._note(action, started, "failed")
            log("failed", action=action, error=failure_of(error))
            raise
        seconds = self._note(action, started, "done")
        log({"ask": "asked", "tag": "tagged", "add": "indexed"}.get(action, "asked"), seconds=seconds, **facts)

    def _note(self, action: str, started: float, end: str) -> float:
        seconds = time.perf_counter() - started
        self._figures.actions.labels(action, end).inc()
        self._figures.action_seconds.labels(action).observe(seconds)
        return round(seconds, 4)
