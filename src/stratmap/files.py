"""Writing files so that a crash leaves the old or the new content, never a part of it.

Comes in: a path and bytes. Goes out: a file that is on the disk. Standard library only. It knows nothing
of what the bytes mean. All writes of artefacts and results go through here, so that a test can fail or
kill any single step (`_step` is the one seam it needs).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path


def _no_fault(name: str, path: Path) -> None:
    """What happens before each step outside the tests: nothing."""


_step: Callable[[str, Path], None] = _no_fault  # replaced by fault-injection tests


def atomic_write(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, flush it to the disk, and rename it into place.

    Raises:
        OSError: The disk refused; the previous content stays, or (where only the last flush of the folder failed)
            the new one is whole.
    """
    atomic_write_parts(path, (data,))


def atomic_write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """As `atomic_write`, for more than fits into memory: parts are written one after the other.

    Raises:
        OSError: As `atomic_write`; what making the parts raises goes through, and the previous content stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # 50 characters: a letter takes up to four bytes, and a name 255 at most.
    temporary = path.with_name(f".{path.name[:50]}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        _step("open", temporary)
        with open(temporary, "wb") as file:
            _step("write", temporary)
            file.writelines(parts)
            file.flush()
            _step("fsync", temporary)
            os.fsync(file.fileno())
        move_into_place(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def atomic_write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, atomically."""
    atomic_write(path, text.encode("utf-8"))


def move_into_place(source: Path, target: Path) -> None:
    """Give a file that is on the disk its name, in one step.

    Raises:
        OSError: The disk refused; `target` is what it was, or `source` whole.
    """
    _step("rename", target)
    os.replace(source, target)
    sync_folder(target.parent)


def sync_file(path: Path) -> None:
    """Flush a file that another library has written."""
    _step("fsync", path)
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a rename survives power loss."""
    if os.name == "nt":  # pragma: no cover - Windows has no folder handles to flush
        return
    _step("sync_folder", folder)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's content, read in blocks."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
