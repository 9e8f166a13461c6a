"""Structured logs: one JSON object a line, and never a word of a document, a question or a name of a file.

Comes in: an event with its figures. Goes out: a line on standard error. What may be logged is decided here: events and
keys that are listed, and values that are numbers or one of the words listed for their key. What libraries log is
reduced to where it came from and the type of the error, because a message may quote a text.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import IO, Any

EVENTS = frozenset({"started", "stopped", "request", "asked", "tagged", "indexed", "failed", "library"})
FIGURES = frozenset(
    {"status", "seconds", "pages", "passages", "citations", "documents", "generation", "port", "labels"}
)
WORDS = {
    "area": frozenset({"page", "api", "upload", "file", "assets", "health", "metrics", "sign-in", "other"}),
    "method": frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "other"}),
    "action": frozenset({"ask", "tag", "add", "similar"}),
    "answered": frozenset({"yes", "no"}),
}
_LOGGER = "stratmap.events"


def log(event: str, **facts: float | str) -> None:
    """Log an event.

    Raises:
        ValueError: The event, a key or a word is not among those that may be logged.
    """
    if event not in EVENTS:
        raise ValueError(f"expected one of {', '.join(sorted(EVENTS))}, found another event.")
    for key, value in facts.items():
        if not (_named(key, value) or _figure(key, value) or _allowed_word(key, value)):
            raise ValueError(f"expected figures, or words that are listed for {key!r}.")
    level = logging.ERROR if event == "failed" else logging.INFO
    logging.getLogger(_LOGGER).log(level, event, extra={"facts": facts})


def failure_of(error: BaseException) -> str:
    """The type of an error, which may be logged; its message may not."""
    return type(error).__name__


def write_json_lines(stream: IO[str] | None = None) -> logging.Handler:
    """Log in JSON from now on, libraries included; returns the handler, so that it can be taken away."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    events = logging.getLogger(_LOGGER)
    events.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "gradio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    return handler


class _JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": at, "level": record.levelname.lower()}
        if record.name == _LOGGER:
            line |= {"event": record.msg, **record.__dict__.get("facts", {})}
        else:
            line |= {"event": "library", "logger": record.name, "line": record.lineno}
            if record.exc_info and record.exc_info[0]:
                line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=True)


def _figure(key: str, value: float | str) -> bool:
    return key in FIGURES and isinstance(value, int | float)


def _allowed_word(key: str, value: float | str) -> bool:
    return value in WORDS.get(key, frozenset())


def _named(key: str, value: float | str) -> bool:
    """An error by its type: a Python name, not a message."""
    return key == "error" and isinstance(value, str) and value.isidentifier() and len(value) <= 60
