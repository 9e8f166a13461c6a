"""Cleaning of page text, once, at reading time: the result *is* the page text that offsets refer to.

Comes in: text as a parser found it. Goes out: NFC text with plain spaces, without control, zero-width and
bidirectional-override characters, ligatures expanded, at most one blank line in a row. It does not change
words, case, quotation marks or dashes, and knows nothing of pages.

All patterns are linear: none nests a repetition in a repetition.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

_SPACES = "\t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_NEWLINES = "\x0b\x0c\r\x85\u2028\u2029"
# Zero-width space, word joiner, byte-order mark, direction marks, embeddings, overrides and isolates.
_INVISIBLE = "\u200b\u200e\u200f\u2060\ufeff\ufffe\uffff" + "".join(
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFFF9, 0xFFFC))
)
_LIGATURES = {
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st",
    "\ufb06": "st", "\ufb13": "մն", "\ufb14": "մե", "\ufb15": "մի", "\ufb16": "վն", "\ufb17": "մխ",
}  # fmt: skip
# Bullets of the Symbol and Wingdings fonts, which PDF and Office keep in the private use area.
_BULLETS = dict.fromkeys("\uf0a7\uf0b7\uf0d8\uf0fc\uf076\uf02d\uf0a8\uf06e\uf071\uf075\uf0e0\uf0f0", "•")


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for code in (*range(0x20), *range(0x7F, 0xA0)):
        table[code] = None
    table.update({ord(char): None for char in _INVISIBLE})
    table.update({ord(char): " " for char in _SPACES})
    table.update({ord(char): "\n" for char in _NEWLINES})
    table.update({ord(char): text for char, text in (_LIGATURES | _BULLETS).items()})
    table.update(dict.fromkeys(range(55296, 57344), "�"))
    table[ord("\n")] = "\n"
    table[0xAD] = None
    return table


_TABLE = _table()
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_SOFT_HYPHEN_BREAK = re.compile(r"\xad[ \t]{0,8}\r?\n[ \t]{0,8}")
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\ufe20-\ufe2f"
)
# Python orders combining marks by insertion: a megabyte of them takes hours. Thirty in a row is the limit
# of Unicode's stream-safe text format (UAX 15), far above any script's need.
_MARK_RUN = re.compile(f"([{_MARKS}]{{30}})[{_MARKS}]+")
_BLANKS = re.compile(r" {2,}")
_LINE_EDGES = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")


def clean_text(text: str) -> str:
    r"""Clean a page's text.

    Args:
        text: Foreign text, lone surrogates and control characters included.

    Returns:
        NFC text; lines without outer spaces, paragraphs parted by one blank line, no outer blanks.

    >>> clean_text("\ufeffe\ufb03cient\xa0 protec\xad\ntion")
    'efficient protection'
    """
    if not text.isascii():
        text = _SOFT_HYPHEN_BREAK.sub("", text)
        text = _MARK_RUN.sub(r"\1", text)
    if "\x1b" in text:
        text = _TERMINAL_CODES.sub("", text)
    text = text.replace("\r\n", "\n").translate(_TABLE)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = _BLANKS.sub(" ", text)
    text = _LINE_EDGES.sub("\n", text)
    return _BLANK_LINES.sub("\n\n", text).strip()


BULLET = re.compile(
    r"(?:[•‣▪▫●○◦■□◆◇➢➤►▶✓✔➔→*·–—-]|\(?(?:\d{1,2}(?:\.\d{1,2}){0,3}|[a-zA-Zа-яА-Я]|[ivxIVX]{1,5})[.)])[ \t]"
)
_OPENS = re.compile(rf"(?:{BULLET.pattern}|\d{{1,2}}(?:\.\d{{1,2}}){{1,3}}\s+[^\W\d_])")
_HARD_WRAP_MIN = 50
_HARD_WRAP_MAX = 130


def unwrap_lines(text: str) -> str:
    """Join the hard line breaks of plain text inside paragraphs, so that sentences are contiguous.

    A line is joined with the next when it is about as long as the longest of its paragraph, as an editor
    or mail program breaks lines; lists, verse-like short lines and tables stay as they are.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = re.split(r"(\n[ \t]*\n+)", text)
    return "".join(_unwrap_block(block) if index % 2 == 0 else block for index, block in enumerate(blocks))


def _unwrap_block(block: str) -> str:
    lines = block.split("\n")
    widest = max(map(len, lines))
    if len(lines) < 2 or not _HARD_WRAP_MIN <= widest <= _HARD_WRAP_MAX:
        return block
    parts = [lines[0]]
    for line, following in pairwise(lines):
        first_word = len(following.split(" ", 1)[0])
        # The break was forced if the next word would not have fitted.
        forced = len(line.rstrip()) + 1 + first_word > widest - 4 and line.strip() and following.strip()
        if not forced or _OPENS.match(following.lstrip()) or "|" in line or "\t" in line:
            parts.append("\n" + following)
        elif line.endswith("-") and line[-2:-1].isalpha() and following[:1].islower():
            parts[-1] = parts[-1][:-1]
            parts.append(following)
        else:
            parts.append(" " + following.lstrip())
    return "".join(parts)
