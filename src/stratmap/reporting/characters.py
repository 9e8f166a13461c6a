"""Characters that files cannot hold.

Comes in: any text. Goes out: text that XML 1.0, UTF-8 and spreadsheets accept. It does not escape markup.
"""

from __future__ import annotations

import re

# Everything outside the production Char of XML 1.0; lone surrogates (odd file names) are among them.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_safe(text: str) -> str:
    """The text without the characters that XML 1.0 forbids.

    >>> xml_safe("a" + chr(8) + "b]]>")
    'ab]]>'
    """
    return _NOT_XML.sub("", text)


def utf8_safe(text: str) -> str:
    """The text with lone surrogates, as file names in other encodings bring them, shown as a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
