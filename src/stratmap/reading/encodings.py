"""Bytes of unknown encoding to text, with the encodings of the region.

Comes in: bytes. Goes out: text, the name of the encoding, and whether it was a guess. It never fails: bytes
that fit no encoding become U+FFFD, and the caller is told. It does not clean the text.

Order: byte-order mark, UTF-16 without one, UTF-8, then the single-byte code pages by letter statistics.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_SAMPLE = 200_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# High bytes of UTF-16 code units in texts of the region: Latin, Cyrillic, Armenian, Georgian, punctuation.
_UTF16_HIGH = bytes((0x00, 0x01, 0x02, 0x04, 0x05, 0x10, 0x20))

# Letters in running text of the region's languages, by how much they speak for a code page.
_CYRILLIC = {
    1.0: "оаеинтсрвл",
    0.5: "кмдпуяыьгзбјії",
    -0.2: "чйхжшђљњћџѓќѕўєґ",
    -1.0: "юцщэфъё",
}
_CYRILLIC_WEIGHTS = {char: weight for weight, chars in _CYRILLIC.items() for char in chars}
# Accented letters that running text of each code page's languages uses.
_LATIN = {
    "cp1250": "áčďéěíňóřšťúůýžąćęłńśźżđäöüßőűâăîşţÁČĎÉĚÍŇÓŘŠŤÚŮÝŽĄĆĘŁŃŚŹŻĐÄÖÜŐŰÂĂÎŞŢ",
    "cp1254": "çğıİöşüâîûÇĞÖŞÜÂÎ",
    "cp1252": "àâæçèéêëîïôœùûüÿäößñáíóúãõåøìòÀÂÇÈÉÊËÎÏÔŒÙÛÜÄÖÑÁÍÓÚÃÕÅØ",
}
_PUNCTUATION = "\xa0«»„“”‘’–—…•·№§©®°€™‰‹›"
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the encoding that gave it.

    `guessed` where statistics decided, `damaged` where bytes did not fit and were replaced by U+FFFD.
    """

    text: str
    encoding: str
    guessed: bool = False
    damaged: bool = False


def decode(data: bytes, declared: str = "") -> Decoded:
    """Decode bytes whose encoding may be declared, marked, or neither.

    Args:
        data: The bytes.
        declared: An encoding that the format states (a charset parameter); used where nothing contradicts.

    Returns:
        The text and how it was found.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _with(data[len(mark) :], encoding)
    if wide := _utf16_without_mark(data):
        return _with(data, wide)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    if known := _known(declared):
        return _with(data, known)
    if _nearly_utf8(data):
        return Decoded(data.decode("utf-8", "replace"), "utf-8", damaged=True)
    encoding = _code_page(data[:_SAMPLE])
    decoded = _with(data, encoding)
    return Decoded(decoded.text, encoding, guessed=True, damaged=decoded.damaged)


def _with(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError:
        return Decoded(data.decode(encoding, "replace"), encoding, damaged=True)


def _known(declared: str) -> str:
    """The declared encoding where it names a text encoding that can disagree with UTF-8, else ""."""
    try:
        name = codecs.lookup(declared.strip()).name
        b"a".decode(name)
    except (LookupError, UnicodeDecodeError, ValueError):
        return ""
    return "" if name in {"utf-8", "ascii"} else name


def _utf16_without_mark(data: bytes) -> str:
    sample = data[: _SAMPLE - _SAMPLE % 2]
    pairs = len(sample) // 2
    if pairs < 4:
        return ""
    for encoding, high, low in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
        top = sample[high::2]
        fitting = len(top) - len(top.translate(None, _UTF16_HIGH))
        # Plain text has no bytes below 0x20 but blanks: that such bytes fill one half only is the sign.
        other = sample[low::2]
        zeros = other.count(0)
        if fitting >= 0.9 * pairs and zeros <= 0.02 * pairs and _controls(top) >= 0.5 * pairs:
            return encoding
    return ""


def _controls(data: bytes) -> int:
    return len(data) - len(data.translate(None, bytes(range(9))))


def _nearly_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8 but for a few damaged places (a cut, a bad byte)."""
    sample = data[:_SAMPLE].decode("utf-8", "replace")
    bad = sample.count("\ufffd")
    multibyte = sum(1 for char in sample if char > "\x7f" and char != "\ufffd")
    return multibyte >= 4 and bad <= max(1, multibyte // 20)


def _code_page(sample: bytes) -> str:
    """Choose a single-byte code page.

    Cyrillic words are runs of high bytes, accented Latin letters stand alone between ASCII letters: the
    mean run decides the family, letter statistics the code page.
    """
    runs = _HIGH_RUN.findall(sample)
    letters_alone = sum(1 for run in runs if len(run) <= 2)
    if letters_alone <= 0.5 * len(runs):
        return max(("cp1251", "koi8-r"), key=lambda name: _cyrillic_score(sample, name))
    return max(_LATIN, key=lambda name: _latin_score(sample, name))


def _cyrillic_score(sample: bytes, encoding: str) -> float:
    """Commonness of the letters, less what no running text has (a capital after a small letter)."""
    text = sample.decode(encoding, "replace")
    score, previous = 0.0, " "
    for char in text:
        if char > "\x7f":
            small = char.lower()
            score += _CYRILLIC_WEIGHTS.get(small, 0.3 if char in _PUNCTUATION else -1.0)
            if char != small and previous.islower():
                score -= 1.0
            elif char != small:
                score -= 0.2
        previous = char
    return score


def _latin_score(sample: bytes, encoding: str) -> float:
    """How many accented letters the code page's languages use, capitals inside words counted against."""
    expected = set(_LATIN[encoding])
    text = sample.decode(encoding, "replace")
    score, previous = 0.0, " "
    for char in text:
        if char > "\x7f":
            if char in expected:
                score += -0.5 if char.isupper() and previous.islower() else 1.0
            elif char.isalpha():
                score -= 0.5
            elif char not in _PUNCTUATION or (previous.isalpha() and char in "°€§©®"):
                score -= 0.7
        previous = char
    return score
