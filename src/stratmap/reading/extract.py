"""What a format's reader hands over before it becomes a `Document`.

Comes in: nothing. Goes out: two small records. They are internal to the room; nothing outside sees them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from stratmap.settings import ReadingSettings

# An object of a parser library that ships no types, or a value of a file of any type.
Foreign: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Extract:
    """The raw content of one file.

    Attributes:
        pages: (number or None, text) in order; texts are not yet cleaned.
        title: The title that the format itself states, or "".
        metadata: Facts stated in the file, as strings.
        warnings: What the reader of the results has to know.
        paged: Whether a page without text is worth a warning (PDF, PPTX).
    """

    pages: tuple[tuple[int | None, str], ...]
    title: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    paged: bool = False


def cut_warning(page: int, settings: ReadingSettings) -> str:
    """What to say of a page that is longer than the limit."""
    return f"page {page} was cut at {settings.max_page_characters:,} characters (setting max_page_characters)"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list that is a document.

    `number` is 1-based, the heading row not counted; `problem` says why the row is none (then the other
    fields are empty).
    """

    number: int
    identifier: str = ""
    text: str = ""
    title: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    problem: str = ""
