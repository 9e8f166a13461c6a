"""A layer between stratmap and the disk that fails, kills or pulls the plug at one chosen call.

It takes the place of three methods of SQLite's own file layer (write, truncate, sync; read where asked) and of opening
and deleting, through ctypes in the library that Python's `sqlite3` is linked to; and of `os.replace`, `os.fsync`,
`os.unlink`, `os.rmdir` and the steps of `stratmap.files`. Calls are counted; the chosen one is struck. Install it in a
child process only: it cannot be taken out again.

Modes: `kill` ends the process before the call, `torn` after half of a write, `error` lets this one call fail, `full`
this and every later write (a full disk), `read` one read, and `power` ends the process with every write since the last
sync of its file on the disk or not, as a seeded draw decides, and renames that were not synced done or undone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import random
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODES = ("kill", "torn", "error", "full", "read", "power")
_FULL, _CANTOPEN, _IOERR = 13, 14, 10
_CODES = {"read": 1, "write": 3, "sync": 4, "truncate": 6, "delete": 10}  # extended codes of SQLITE_IOERR
_CREATE = 0x4
_P, _I, _L = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _P)
_DELETE = ctypes.CFUNCTYPE(_I, _P, ctypes.c_char_p, _I)
_DATA = ctypes.CFUNCTYPE(_I, _P, _P, _I, _L)
_TRUNCATE = ctypes.CFUNCTYPE(_I, _P, _L)
_SYNC = ctypes.CFUNCTYPE(_I, _P, _I)


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", _I), ("file_size", _I), ("longest_path", _I), ("next", _P), ("name", ctypes.c_char_p),
        ("data", _P), ("open", _P), ("delete", _P),
    )  # fmt: skip


class _Methods(ctypes.Structure):
    _fields_ = (
        ("version", _I), ("close", _P), ("read", _P), ("write", _P), ("truncate", _P), ("sync", _P),
        ("rest", _P * 13),
    )  # fmt: skip


def library() -> ctypes.CDLL | None:
    """SQLite as Python uses it; None where it is not a library that can be reached."""
    for name in ("libsqlite3.so.0", "libsqlite3.dylib", "libsqlite3.so"):
        try:
            found = ctypes.CDLL(name)
            found.sqlite3_libversion.restype = ctypes.c_char_p
            if found.sqlite3_libversion().decode() == sqlite3.sqlite_version:
                return found
        except (OSError, AttributeError):
            continue
    return None


class Layer:
    """Strikes at the call number `at` (from 1) in one of the `MODES`; `at` 0 only counts."""

    def __init__(self, at: int, mode: str, seed: int = 0) -> None:
        self.at, self.mode = at, mode
        self.calls = 0
        self._struck = False
        self._random = random.Random(f"{seed} {at}")
        self._paths: dict[int, str] = {}
        self._kept: list[Any] = []  # callbacks and tables must outlive the connections
        self._tables: dict[int, _Methods] = {}
        self._durable: dict[str, bytes] = {}
        self._pending: dict[str, list[tuple[int, bytes | None]]] = {}
        self._renamed: list[tuple[Path, bytes | None]] = []

    def install(self) -> None:
        """Take the place of SQLite's and Python's calls in this process."""
        found = library()
        assert found is not None
        found.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        vfs = found.sqlite3_vfs_find(None).contents
        self._open, self._delete = _OPEN(vfs.open), _DELETE(vfs.delete)
        mine = (_OPEN(self._on_open), _DELETE(self._on_delete))
        self._kept += mine
        vfs.open, vfs.delete = (ctypes.cast(one, _P).value for one in mine)
        self._install_python()

    def _strike(self, what: str, path: str) -> int:
        """Count a call; 0 lets it go on, else the code with which it fails. May not return."""
        reads = self.mode == "read"
        if reads != (what == "read"):
            return 0
        self.calls += 1
        due = self.calls == self.at or (self._struck and self.mode == "full" and what in {"write", "open"})
        if not due:
            return 0
        self._struck = True
        if self.mode == "kill" or (self.mode == "torn" and what != "write"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.mode == "power":
            self._pull_the_plug()
        if self.mode == "torn":
            return -1
        if self.mode == "full" and what in {"write", "open", "truncate"}:
            return _FULL if what == "write" else _CANTOPEN
        if self.mode == "full":
            return 0
        return _IOERR | (_CODES.get(what, 1) << 8) if what != "open" else _CANTOPEN

    # SQLite

    def _on_open(self, vfs: int, name: int, file: int, flags: int, out: int) -> int:
        path = ctypes.string_at(name).decode() if name else ""
        if path and flags & _CREATE and not os.path.exists(path):
            code = self._strike("open", path)
            if code > 0:
                return code
        code = self._open(vfs, name, file, flags, out)
        if code == 0 and path:
            self._paths[file] = path
            self._durable.setdefault(path, _content(path))
            pointer = ctypes.cast(file, ctypes.POINTER(_P))
            pointer[0] = ctypes.addressof(self._table(pointer[0]))
        return code

    def _table(self, address: int) -> _Methods:
        """The file's own methods, with ours in place of four."""
        if address not in self._tables:
            own = _Methods.from_address(address)
            mine = _Methods.from_buffer_copy(own)
            read, write = _DATA(own.read), _DATA(own.write)
            truncate, sync = _TRUNCATE(own.truncate), _SYNC(own.sync)
            methods = {
                "read": _DATA(lambda f, data, n, at: self._on_read(read, f, data, n, at)),
                "write": _DATA(lambda f, data, n, at: self._on_write(write, f, data, n, at)),
                "truncate": _TRUNCATE(lambda f, size: self._on_truncate(truncate, f, size)),
                "sync": _SYNC(lambda f, flags: self._on_sync(sync, f, flags)),
            }
            for name, method in methods.items():
                if name != "read" or self.mode == "read":
                    setattr(mine, name, ctypes.cast(method, _P).value)
            self._kept += [mine, *methods.values()]
            self._tables[address] = mine
        return self._tables[address]

    def _on_read(self, own: Callable[..., int], file: int, data: int, count: int, at: int) -> int:
        return self._strike("read", self._paths.get(file, "")) or own(file, data, count, at)

    def _on_write(self, own: Callable[..., int], file: int, data: int, count: int, at: int) -> int:
        path = self._paths.get(file, "")
        code = self._strike("write", path)
        if code == -1:
            own(file, data, count // 2, at)
            os.kill(os.getpid(), signal.SIGKILL)
        if code:
            return code
        if self.mode == "power":
            self._pending.setdefault(path, []).append((at, ctypes.string_at(data, count)))
        return own(file, data, count, at)

    def _on_truncate(self, own: Callable[..., int], file: int, size: int) -> int:
        path = self._paths.get(file, "")
        code = self._strike("truncate", path)
        if self.mode == "power":
            self._pending.setdefault(path, []).append((size, None))
        return code if code > 0 else own(file, size)

    def _on_sync(self, own: Callable[..., int], file: int, flags: int) -> int:
        path = self._paths.get(file, "")
        code = self._strike("sync", path)
        if code > 0:
            return code
        if self.mode == "power":  # the real sync would only cost time: the plug is pulled on paper
            self._durable[path] = _content(path)
            self._pending.pop(path, None)
        return 0

    def _on_delete(self, vfs: int, name: bytes, sync: int) -> int:
        code = self._strike("delete", name.decode())
        if code > 0:
            return code
        self._pending.pop(name.decode(), None)
        self._durable.pop(name.decode(), None)
        return self._delete(vfs, name, 0)

    # Python

    def _install_python(self) -> None:
        from stratmap import files

        replace, unlink, rmdir = os.replace, os.unlink, os.rmdir

        def moved(source: Any, target: Any, **more: Any) -> None:
            self._python("rename", str(target))
            before = _content(str(target)) if os.path.exists(target) else None
            self._renamed.append((Path(target), before))
            replace(source, target, **more)

        def flushed(handle: int) -> None:
            self._python("sync", "")
            if os.path.isdir(f"/proc/self/fd/{handle}"):
                self._renamed.clear()

        def removed(path: Any, **more: Any) -> None:
            self._python("delete", str(path))
            unlink(path, **more)

        def removed_folder(path: Any, **more: Any) -> None:
            self._python("delete", str(path))
            rmdir(path, **more)

        rename = os.rename

        def renamed(source: Any, target: Any, **more: Any) -> None:
            self._python("rename", str(target))
            rename(source, target, **more)

        os.replace, os.rename, os.fsync, os.unlink, os.rmdir = moved, renamed, flushed, removed, removed_folder
        files._step = lambda name, path: self._python(name, str(path)) if name in {"open", "write"} else None

    def _python(self, what: str, path: str) -> None:
        code = self._strike(what, path)
        if code == -1:
            os.kill(os.getpid(), signal.SIGKILL)
        if code == _FULL or (code == _CANTOPEN and self.mode == "full"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        if code:
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    def _pull_the_plug(self) -> None:
        """Leave on the disk what a power cut would: what was synced, and any part of what was not."""
        for path, writes in self._pending.items():
            if not os.path.exists(path):
                continue
            content = bytearray(self._durable.get(path, b""))
            for at, data in writes:
                if self._random.random() < 0.5:
                    continue
                if data is None:
                    del content[at:]
                    continue
                if self._random.random() < 0.2:
                    data = data[: self._random.randrange(0, len(data) + 1) // 512 * 512]
                content.extend(b"\0" * (at + len(data) - len(content)))
                content[at : at + len(data)] = data
            Path(path).write_bytes(content)
        for target, before in reversed(self._renamed):
            if self._random.random() < 0.5:
                continue
            if before is None:
                target.unlink(missing_ok=True)
            else:
                target.write_bytes(before)
        os.kill(os.getpid(), signal.SIGKILL)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
