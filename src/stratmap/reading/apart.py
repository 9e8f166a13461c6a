"""Reading in a child process with limits of time and memory, so that a crash of a parser costs one file.

Comes in: bytes of a format whose parser is not our own. Goes out: what `parsers` would have given, or the error of that
file. One child serves this process, one file at a time; it is started when it is first needed, and again after it died
or was ended. Plain text, Markdown, CSV and JSONL are read here: nothing but the standard library touches them. Where
the system cannot limit a process (Windows), everything is.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from stratmap import errors
from stratmap.errors import DamagedDocument, LimitExceeded, ReadingError
from stratmap.reading.extract import Extract, Row
from stratmap.reading.frames import HEAD, length_of, packed
from stratmap.reading.parsers import parse, parse_rows
from stratmap.settings import ReadingSettings

KINDS = frozenset({"pdf", "docx", "pptx", "xlsx", "html", "eml"})
_ERRORS = ("UnsupportedFormat", "EncryptedDocument", "LimitExceeded", "DamagedDocument", "ReadingError")
# -P: a module that lies in the working folder, among the documents, is never imported.
_PROGRAM = (sys.executable, "-P", "-m", "stratmap.reading.child")
_BLOCK = 1 << 16
_START_S = 60.0  # a child may need so long to start on a busy machine; added to the first file's time


def extract(kind: str, data: bytes, name: str, settings: ReadingSettings) -> Extract:
    """One document's extract, read apart where the format and the settings ask for it.

    Raises:
        ReadingError: It cannot be read, takes too long or too much memory, or crashed its parser.
    """
    if not _apart(kind, settings):
        return parse(kind, data, name, settings)
    with _LOCK:
        [answer] = _answers(kind, data, name, settings, rows=False)
    return _extract(answer["extract"])


def rows(kind: str, data: bytes, name: str, settings: ReadingSettings) -> Iterator[Row]:
    """The rows of a list, read apart where the format and the settings ask for it.

    Raises:
        ReadingError: As `extract`.
    """
    if not _apart(kind, settings):
        yield from parse_rows(kind, data, name, settings)
        return
    with _LOCK:  # all rows before the first is given away: whoever takes them may read another file
        answers = list(_answers(kind, data, name, settings, rows=True))
    for answer in answers:
        yield from (Row(**row) for row in answer["rows"])


def _apart(kind: str, settings: ReadingSettings) -> bool:
    return settings.apart and kind in KINDS and os.name != "nt"


def _extract(value: dict[str, Any]) -> Extract:
    pages = tuple((number, text) for number, text in value["pages"])
    return Extract(pages, value["title"], value["metadata"], tuple(value["warnings"]), value["paged"])


def _answers(kind: str, data: bytes, name: str, settings: ReadingSettings, *, rows: bool) -> Iterator[dict[str, Any]]:
    global _child
    if _child is None or not _child.usable(settings.max_memory_mb):
        if _child is not None:
            _child.end()
        _child = _Child(settings.max_memory_mb)
    try:
        yield from _child.answers(kind, data, name, settings, rows)
    except BaseException as error:
        if not isinstance(error, ReadingError) or not _child.idle:  # what it still sends belongs to no request
            _child.end()
            _child = None
        raise


class _Child:
    """One child process and the pipes to it.

    Args:
        megabytes: Its limit of memory; 0 for none.
    """

    def __init__(self, megabytes: int) -> None:
        self.owner, self._megabytes = os.getpid(), megabytes
        self.idle = False
        self._fresh = True
        self._process = subprocess.Popen([*_PROGRAM, str(megabytes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)

    def usable(self, megabytes: int) -> bool:
        """Whether it is this process's own (and not that of the one it was forked from), alive, and fits."""
        return self.owner == os.getpid() and self._megabytes == megabytes and self._process.poll() is None

    def answers(
        self, kind: str, data: bytes, name: str, settings: ReadingSettings, rows: bool
    ) -> Iterator[dict[str, Any]]:
        """Send one file, and give what comes back."""
        self.idle = False
        deadline = time.monotonic() + settings.timeout_s + (_START_S if self._fresh else 0.0)
        asked = {"kind": kind, "name": name, "settings": asdict(settings), "rows": rows, "bytes": len(data)}
        try:
            self._send(packed(asked), deadline)
            self._send(data, deadline)
            more = True
            while more:
                answer = self._receive(deadline, _most_bytes(settings))
                self._fresh = False
                more = bool(answer["more"])
                self.idle = not more
                if "error" in answer:
                    raise _error(answer, name)
                yield answer
        except TimeoutError as error:
            raise LimitExceeded(
                name, f"reading it takes longer than {settings.timeout_s:g} s (setting timeout_s)."
            ) from error
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise self._death(name, settings) from error

    def _death(self, name: str, settings: ReadingSettings) -> ReadingError:
        self._process.kill()
        code = self._process.wait()
        if code == -getattr(signal, "SIGXCPU", 0):
            return LimitExceeded(name, f"reading it takes longer than {settings.timeout_s:g} s (setting timeout_s).")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return DamagedDocument(
            name, f"its parser crashed ({how}): damaged on purpose, or it takes more than {settings.max_memory_mb:,} "
            "MB (setting max_memory_mb)."
        )  # fmt: skip

    def _send(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            self._wait([], [self._to], deadline)
            try:
                view = view[os.write(self._to, view[:_BLOCK]) :]
            except BlockingIOError:
                continue

    def _receive(self, deadline: float, most: int) -> dict[str, Any]:
        count = length_of(self._read(HEAD, deadline))
        if not 0 < count <= most:
            raise ValueError("a message of that length is none")
        found: dict[str, Any] = json.loads(self._read(count, deadline))
        return found

    def _read(self, count: int, deadline: float) -> bytes:
        parts: list[bytes] = []
        while count:
            self._wait([self._from], [], deadline)
            try:
                block = os.read(self._from, min(count, _BLOCK))
            except BlockingIOError:
                continue
            if not block:
                raise EOFError
            parts.append(block)
            count -= len(block)
        return b"".join(parts)

    def _wait(self, readable: list[int], writable: list[int], deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0 or not any(select.select(readable, writable, [], left)):
            raise TimeoutError

    def end(self) -> None:
        """End it, if it is this process's own."""
        if self.owner != os.getpid():
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _most_bytes(settings: ReadingSettings) -> int:
    """The longest message: every character of the longest document escaped twice over."""
    return 10_000_000 + 12 * settings.max_characters


def _error(answer: dict[str, Any], name: str) -> ReadingError:
    kind = str(answer["error"])
    made: ReadingError = getattr(errors, kind if kind in _ERRORS else "ReadingError")(name, str(answer["reason"]))
    return made


def _end() -> None:
    if _child is not None:
        _child.end()


_LOCK = threading.Lock()
_child: _Child | None = None
atexit.register(_end)
