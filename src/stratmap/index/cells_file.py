"""The bytes of an inverted file, looked at before faiss reads them.

Comes in: the path of a file that `dense.write_cells` wrote, or that somebody put in its place. Goes out: its number of
rows and dimensions, or a refusal. faiss believes the counts in a file; here every count is compared with the size of
the file, and everything that is not a vector, a code or a list's length with the one layout that stratmap writes. It
does not load the file.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np

_RESERVED = 1 << 20  # two numbers that faiss writes and ignores
_INNER_PRODUCT, _EIGHT_BITS = 0, 0
_DENSE, _SPARSE = b"full", b"sprs"
_MOST_DIM = 1 << 16
_MOST_ROWS = 1 << 40


class _Bytes:
    """A file's bytes, read one after the other, never beyond the end."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if not 0 <= size <= len(self.data) - self.at:
            raise ValueError(f"expected {size:,} bytes at {self.at:,}, found {len(self.data) - self.at:,}.")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self) -> int:
        """The next number of eight bytes, unsigned."""
        return int(struct.unpack("<Q", self.take(8))[0])

    def numbers(self, count: int) -> np.ndarray:
        """The next numbers of eight bytes, as signed ones."""
        return np.frombuffer(self.take(8 * count), dtype="<i8")

    def expect(self, expected: bytes) -> None:
        """Take bytes that are the same in every file that stratmap writes.

        Raises:
            ValueError: There are others.
        """
        found = self.take(len(expected))
        if found != expected:
            raise ValueError(f"expected {expected.hex()} at {self.at - len(expected):,}, found {found.hex()}.")


def check_cells(path: Path) -> tuple[int, int]:
    """Rows and dimensions of an inverted file that faiss may read.

    Raises:
        ValueError: The file is cut, has more or other bytes than it should, or names rows that are not there.
        OSError: It cannot be read.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        source = _Bytes(data)
        try:
            return _check(source)
        except ValueError as error:
            raise ValueError(f"{path}: {error} It is made again from the stored texts.") from None


def _check(source: _Bytes) -> tuple[int, int]:
    source.expect(b"IwSq")
    dim, count = struct.unpack("<iq", source.take(12))
    if not (0 < dim <= _MOST_DIM and 0 < count <= _MOST_ROWS):
        raise ValueError(f"expected rows and dimensions, found {count} and {dim}.")
    source.expect(_tail())
    cells, probes = source.number(), source.number()
    if not 0 < probes <= cells <= count:
        raise ValueError(f"expected at most {count} cells, found {cells}, {probes} of them visited.")
    source.expect(b"IxFI" + struct.pack("<iq", dim, cells) + _tail() + struct.pack("<Q", cells * dim))
    source.take(4 * cells * dim)
    source.expect(struct.pack("<BQ", 0, 0))  # no map from rows to cells
    source.expect(struct.pack("<iifQQQ", _EIGHT_BITS, 0, 0.0, dim, dim, 2 * dim))
    source.take(4 * 2 * dim)
    source.expect(struct.pack("<QB", dim, 1) + b"ilar" + struct.pack("<QQ", cells, dim))
    _check_lists(source, _sizes(source, cells), count, dim)
    return count, dim


def _tail() -> bytes:
    """What follows rows and dimensions: trained, by inner product."""
    return struct.pack("<qqBi", _RESERVED, _RESERVED, 1, _INNER_PRODUCT)


def _sizes(source: _Bytes, cells: int) -> np.ndarray:
    """Rows in each cell, in the order in which they are stored."""
    kind, length = source.take(4), source.number()
    if kind == _DENSE and length == cells:
        return source.numbers(cells)
    if kind == _SPARSE and length % 2 == 0 and length <= cells:  # few are filled: pairs of cell and rows
        pairs = source.numbers(length).reshape(-1, 2)
        numbers = pairs[:, 0]
        if not len(pairs) or ((numbers[0] >= 0) and (numbers[-1] < cells) and bool((np.diff(numbers) > 0).all())):
            return pairs[:, 1]
    raise ValueError(f"expected the sizes of {cells} cells, found {kind!r} of {length}.")


def _check_lists(source: _Bytes, sizes: np.ndarray, count: int, dim: int) -> None:
    if (sizes < 0).any() or (sizes > count).any() or int(sizes.sum()) != count:
        raise ValueError(f"expected {count} rows in all cells together.")
    left = len(source.data) - source.at
    if left != count * (dim + 8):
        raise ValueError(f"expected {count * (dim + 8):,} bytes of codes and rows, found {left:,}.")
    for size in sizes.tolist():
        source.take(size * dim)
        rows = source.numbers(size)
        if size and not (int(rows.min()) >= 0 and int(rows.max()) < count):
            raise ValueError(f"expected rows below {count}, found {int(rows.min())} to {int(rows.max())}.")
