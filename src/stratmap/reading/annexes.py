"""How much a passage counts for its document.

Comes in: the heading path of a passage and its length. Goes out: the characters of it that count. The index and the
tagger ask here, so that a document is weighed alike whether it was just read or comes from the database.
"""

from __future__ import annotations

import re

_ANNEX = re.compile(
    r"(?:^|[/>|›]\s*)(?:annex|appendix|attachment|приложени|додат|прилог|anex|ek\b|shtojc|melléklet|aneks|prilog|dodatak)",
    re.IGNORECASE,
)
_SHARE_OF_ANNEX = 0.25


def counted(heading: str, length: int) -> int:
    """Characters of a passage that count: all of them, or a quarter under the heading of an annex.

    >>> counted("Findings", 400), counted("Annex 2 > Persons met", 400)
    (400, 100)
    """
    return round(length * _SHARE_OF_ANNEX) if _ANNEX.search(heading) else length
