"""How much a passage counts for its document.

Comes in: the heading path of a passage and its length. Goes out: the characters of it that count. The index and the
tagger ask here, so that a document is weighed alike whether it was just read or comes from the database.
"""

from __future__ import annotations

import re

_ASIDE = re.compile(
    r"(?:^|[/>|›]\s*)(?:annex|appendix|attachment"
    r"|приложени|додат|прилог|anex|ek\b|shtojc|melléklet|aneks|prilog|dodatak"
    r"|(?:list of |table of |words and |acronyms and )?(?:abbreviations|acronyms|glossary|contents|references"
    r"|bibliography)\b)",
    re.IGNORECASE,
)
_SHARE_ASIDE = 0.25


def counted(heading: str, length: int) -> int:
    """Characters of a passage that count: a quarter in annexes and in lists of words, contents or references, else all.

    >>> counted("Findings", 400), counted("Annex 2 > Persons met", 400), counted("Report > Abbreviations", 400)
    (400, 100, 100)
    """
    return round(length * _SHARE_ASIDE) if _ASIDE.search(heading) else length
