"""Streams of a PDF that would unpack beyond a limit.

Comes in: the bytes of a PDF. Goes out: bytes of the same length in which such streams are blanked, so that
the pages they belong to come out empty and all others stay. Text needs no large stream; pictures do, and no
picture is read. Encrypted streams are not seen through.
"""

from __future__ import annotations

import re
import zlib

# Deflate cannot exceed 1,032 to 1: only streams above limit / 1032 need a look, unless filters are chained.
_MAX_DEFLATE = 1_032
_MAX_STREAM = 32_000_000  # ten times the largest page content met in reports
_STREAM = re.compile(rb"stream\r?\n")
_FILTERS = re.compile(rb"/(?:FlateDecode|Fl|LZWDecode|LZW|RunLengthDecode|RL|ASCIIHexDecode|AHx|ASCII85Decode|A85)\b")
_DICTIONARY = 2_000
_BLOCK = 1_000_000


def without_bombs(data: bytes, max_unpacked: int) -> tuple[bytes, tuple[int, ...]]:
    """Blank the streams that unpack beyond the limit.

    Args:
        data: A PDF.
        max_unpacked: Largest unpacked size of a stream, in bytes; 32 MB are never exceeded.

    Returns:
        The PDF, and the limit once for each stream that was blanked.
    """
    limit = min(max_unpacked, _MAX_STREAM)
    blanked: bytearray | None = None
    count = 0
    position = 0
    while match := _STREAM.search(data, position):
        start = match.end()
        end = data.find(b"endstream", start)
        if end < 0:
            end = len(data)
        position = end + len(b"endstream")
        if _exceeds(data, match.start(), start, end, limit):
            blanked = blanked if blanked is not None else bytearray(data)
            blanked[start:end] = b" " * (end - start)
            count += 1
    return (bytes(blanked) if blanked is not None else data), (limit,) * count


def _exceeds(data: bytes, keyword: int, start: int, end: int, limit: int) -> bool:
    header = data[max(0, keyword - _DICTIONARY) : keyword]
    header = header[header.rfind(b" obj") + 1 :]
    filters = _FILTERS.findall(header)
    if not filters:
        return False
    if len(filters) == 1 and (end - start) * _MAX_DEFLATE <= limit:
        return False
    if filters[0] in {b"/FlateDecode", b"/Fl"}:
        size, inner = _inflated(data, start, end, limit)
        if len(filters) == 1 or size > limit:
            return size > limit
        return _inflated(inner, 0, len(inner), limit)[0] > limit
    # Hexadecimal before deflate only doubles what the file has to hold.
    return len(filters) > 1 and (end - start) * _MAX_DEFLATE > limit * 4


def _inflated(data: bytes, start: int, end: int, limit: int) -> tuple[int, bytes]:
    """Unpacked size of a deflate stream, counted up to just above the limit, and its first megabyte."""
    unpacker = zlib.decompressobj()
    size, first = 0, b""
    pending = data[start:end]
    try:
        while pending and size <= limit and not unpacker.eof:
            block = unpacker.decompress(pending, _BLOCK)
            first = first or block
            size += len(block)
            pending = unpacker.unconsumed_tail
    except zlib.error:
        pass
    return size, first
