"""Plain text files.

Comes in: bytes. Goes out: one page without a number, hard line wraps joined. Encodings are found in
`encodings`; a guess or damage is a warning.
"""

from __future__ import annotations

from stratmap.reading.clean import unwrap_lines
from stratmap.reading.encodings import Decoded, decode
from stratmap.reading.extract import Extract
from stratmap.settings import ReadingSettings


def read_plain(data: bytes, name: str, settings: ReadingSettings) -> Extract:  # noqa: ARG001  (the readers' signature)
    """Read a text file."""
    decoded = decode(data)
    # A form feed is a page break of line printers; pages of a text file have no numbers anyone could look up.
    text = decoded.text.replace("\f", "\n\n")
    return Extract(((None, unwrap_lines(text)),), warnings=encoding_warnings(decoded))


def encoding_warnings(decoded: Decoded) -> tuple[str, ...]:
    """What to tell about how bytes became text."""
    found = []
    if decoded.guessed:
        found.append(f"the encoding is not stated; read as {decoded.encoding}")
    if decoded.damaged:
        found.append(f"some bytes are no {decoded.encoding} and show as \ufffd")
    return tuple(found)
