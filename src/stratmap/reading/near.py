"""Which texts are nearly the same: a fingerprint of each, and how alike two of them are.

Comes in: texts. Goes out: MinHash signatures (Broder, "On the resemblance and containment of documents", 1997) over
runs of five words, their bands for looking up candidates, and groups. What is compared is the share of common runs
(Jaccard), estimated to about 0.03 near 0.9; case, numbers and punctuation count as they are written, spaces do not.
It reads no files and keeps nothing.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

import numpy as np

RUN = 5  # words
_HASHES, _BANDS = 128, 16  # 8 rows a band: a pair at 0.9 is a candidate with probability 0.9999, at 0.5 with 0.06
_FEWEST = 40  # words: below it, forms and headings would be taken for each other
_WORD = re.compile(r"\w+")
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def signature(text: str) -> str:
    """The fingerprint of a text as hex digits; "" for a text of fewer than 40 words."""
    words = _WORD.findall(text)
    if len(words) < _FEWEST:
        return ""
    known: dict[str, int] = {}
    for word in words:
        if word not in known:
            data = word.encode("utf-8", "replace")
            known[word] = zlib.crc32(data) << 32 | zlib.adler32(data)
    hashes = np.fromiter((known[word] for word in words), np.uint64, len(words))
    runs = np.zeros(len(words) - RUN + 1, np.uint64)
    for place in range(RUN):
        runs = _mixed(runs + hashes[place : place + len(runs)])
    runs = np.unique(runs)
    lowest = [(runs * factor + addend).min() >> np.uint64(32) for factor, addend in _functions()]
    return np.array(lowest, ">u4").tobytes().hex()


def likeness(first: str, second: str) -> float:
    """The estimated share of common runs of two texts, 0 to 1; 0 where one has no signature.

    >>> likeness("", "")
    0.0
    """
    if not first or not second:
        return 0.0
    return float((_numbers(first) == _numbers(second)).mean())


def bands(text_signature: str) -> tuple[int, ...]:
    """Keys of which two alike texts have at least one in common, each fitting a signed 64-bit integer."""
    width = len(text_signature) // _BANDS
    parts = [text_signature[place * width : (place + 1) * width] for place in range(_BANDS if width else 0)]
    return tuple(zlib.crc32(part.encode("ascii")) << 8 | number for number, part in enumerate(parts))


def near_groups(texts: Iterable[tuple[str, str]], least: float) -> tuple[tuple[str, ...], ...]:
    """Groups of names whose texts are nearly the same as the first of the group.

    Args:
        texts: (name, signature) in order.
        least: From which likeness on.
    """
    found: dict[int, list[int]] = defaultdict(list)
    first: list[tuple[str, str]] = []
    groups: list[list[str]] = []
    for name, sign in texts:
        keys = bands(sign)
        candidates = sorted({number for key in keys for number in found.get(key, ())})
        like = next((number for number in candidates if likeness(first[number][1], sign) >= least), None)
        if like is not None:
            groups[like].append(name)
            continue
        for key in keys:
            found[key].append(len(first))
        first.append((name, sign))
        groups.append([name])
    return tuple(tuple(group) for group in groups if len(group) > 1)


@cache
def _functions() -> list[tuple[np.uint64, np.uint64]]:
    """Hash functions on hashes: an odd factor and an addend each, always the same ones."""
    numbers = _mixed(np.arange(2 * _HASHES, dtype=np.uint64))
    return list(zip(numbers[:_HASHES] | np.uint64(1), numbers[_HASHES:], strict=True))


def _numbers(text_signature: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text_signature), ">u4")


def _mixed(values: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser (Steele, Lea and Flood, 2014): every bit of a value changes half of the result's."""
    with np.errstate(over="ignore"):
        values = values + _STEP
        values = (values ^ (values >> np.uint64(30))) * _MIX[0]
        values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    mixed: np.ndarray = values ^ (values >> np.uint64(31))
    return mixed
