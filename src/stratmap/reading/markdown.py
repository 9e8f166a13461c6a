"""Markdown, with YAML front matter.

Comes in: bytes. Goes out: readable text as one page (headings without hashes on lines of their own, lists
with "- ", table rows with " | ", no emphasis marks, no link targets) and the front matter as metadata.
"""

from __future__ import annotations

import re
from datetime import date

from stratmap.reading.encodings import decode
from stratmap.reading.extract import Extract, Foreign
from stratmap.reading.plain import encoding_warnings
from stratmap.settings import ReadingSettings

_FRONT = re.compile(r"\s{0,20}---[ \t]*\n(.{0,65536}?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.S)
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*)$")
_CLOSING = re.compile(r"\s+#{1,6}$")
_ITEM = re.compile(r"(\s{0,40})(?:[-*+]|(\d{1,9}[.)]))\s+(?:\[[ xX]\]\s+)?(.*)$")
_RULE = re.compile(r"\s{0,3}(?:\*[\s*]{2,40}|-[\s-]{2,40}|_[\s_]{2,40}|=[\s=]{2,200})$")
_TABLE_RULE = re.compile(r"[\s|:-]{3,2000}$")
_REFERENCE = re.compile(r"\s{0,3}\[[^\[\]]{1,200}\]:\s+\S")
# Every class below excludes the character it starts with, so that no stretch is tried twice.
_INLINE = (
    (re.compile(r"!?\[([^\[\]\n]{0,1000})\]\([^()\s\[\]]{0,2000}(?:\s+\"[^\"\n]{0,200}\")?\)"), r"\1"),
    (re.compile(r"!?\[([^\[\]\n]{1,1000})\]\[[^\[\]\n]{0,200}\]"), r"\1"),
    (re.compile(r"\[\^[^\[\]\s]{1,50}\]"), ""),
    (re.compile(r"<(https?://[^<>\s]{1,2000})>"), r"\1"),
    (re.compile(r"<!--[^<]{0,5000}?-->|</?[A-Za-z][^<>]{0,500}>"), " "),
    (re.compile(r"(?<![\w*])(\*{1,3})(?=\S)([^*\n]{1,2000})(?<=\S)\1(?![\w*])"), r"\2"),
    (re.compile(r"(?<![\w_])(_{1,3})(?=\S)([^_\n]{1,2000})(?<=\S)\1(?![\w_])"), r"\2"),
    (re.compile(r"~~([^~\n]{1,2000})~~"), r"\1"),
    (re.compile(r"`{1,2}([^`\n]{1,2000})`{1,2}"), r"\1"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])"), r"\1"),
)


def read_markdown(data: bytes, name: str, settings: ReadingSettings) -> Extract:  # noqa: ARG001  (the readers' signature)
    """Read a Markdown file."""
    decoded = decode(data)
    source = decoded.text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    metadata, source, warnings = _front_matter(source)
    lines = source.split("\n")
    title = metadata.pop("title", "") or _first_heading(lines)
    return Extract(
        ((None, markdown_text(source)),),
        title=title,
        metadata=metadata,
        warnings=encoding_warnings(decoded) + warnings,
    )


def _first_heading(lines: list[str]) -> str:
    for line in lines[:200]:
        if line.startswith("# "):
            return _inline(line[2:].strip())
    return ""


def _front_matter(source: str) -> tuple[dict[str, str], str, tuple[str, ...]]:
    """Metadata, the rest of the text, and a warning where the front matter is not as expected."""
    match = _FRONT.match(source[:70_000])
    if not match or not match.group(1).strip():
        return {}, source, ()
    try:
        table = _safe_yaml(match.group(1))
    except (ValueError, RecursionError):
        return {}, source, ("the front matter is not valid YAML; read as text",)
    if not isinstance(table, dict):
        return {}, source, ()
    facts = {str(key).strip().lower(): _fact(value) for key, value in table.items()}
    return {key: value for key, value in facts.items() if key and value}, source[match.end() :], ()


def _safe_yaml(text: str) -> Foreign:
    """Plain YAML without aliases, by which a few lines could grow to gigabytes.

    Raises:
        ValueError: Not YAML, or with aliases.
    """
    import yaml

    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise ValueError("aliases are not read")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _fact(value: Foreign) -> str:
    """A scalar as text, several joined by "; "; nested tables are left out."""
    if isinstance(value, list | tuple):
        return "; ".join(text for text in map(_fact, value) if text)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(str(value).split())[:2_000] if isinstance(value, str | int | float) else ""


def markdown_text(source: str) -> str:
    """Readable text of Markdown."""
    parts: list[str] = []
    fenced = False
    for line in source.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
            parts.append("\n")
        elif fenced:
            parts.append("\n" + line)
        else:
            _add_line(parts, line)
    return _inline("".join(parts).strip())


def _add_line(parts: list[str], line: str) -> None:
    stripped = line.strip().lstrip(">").strip() if line.lstrip().startswith(">") else line.rstrip()
    if not stripped.strip():
        parts.append("\n\n")
    elif heading := _HEADING.match(stripped):
        parts.append(f"\n\n{_CLOSING.sub('', heading.group(1))}\n\n")
    elif _RULE.match(stripped):
        parts.append("\n\n")  # a rule, or the line under a heading
    elif _REFERENCE.match(stripped) or (_TABLE_RULE.match(stripped) and "-" in stripped):
        pass
    elif stripped.lstrip().startswith("|"):
        cells = [cell.strip() for cell in stripped.strip().strip("|").split("|")]
        parts.append("\n" + " | ".join(cell for cell in cells if cell))
    elif item := _ITEM.match(stripped):
        parts.append(f"\n{item.group(2) or '-'} {item.group(3)}")
    else:
        wrapped = bool(parts) and not parts[-1].endswith("\n") and not line.startswith("    ")
        parts.append((" " if wrapped else "") + stripped.strip())
        if line.endswith(("  ", "\\")):
            parts[-1] = parts[-1].rstrip("\\") + "\n"


def _inline(text: str) -> str:
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return text
