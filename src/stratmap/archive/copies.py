"""The tags of one document for another that says nearly the same.

Comes in: a result, and a document that is alike. Goes out: the result with every quotation found again in that
document, or None where it does not carry over; then the document has to be tagged itself. It decides no likeness.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from stratmap.records import Document
from stratmap.reporting.jsonlines import RESERVED
from stratmap.reporting.masking import mask

_WITHOUT_TEXT = "pages without text"


def carried_over(value: dict[str, Any], document: Document, *, covered: bool = False) -> dict[str, Any] | None:
    """The result of another document as that of this one.

    It carries over where the language is the same, pages without text are in both or in none, and every applied tag
    keeps at least one of its quotations word for word. Where personal data is covered in the result, its quotations are
    looked for in the text with the same covered.
    """
    same_language = value["language"] == document.language.code
    if not same_language or bool(document.empty_pages) != (_WITHOUT_TEXT in value.get("review_reasons", ())):
        return None
    texts = [mask(page.text) if covered else page.text for page in document.pages]
    groups: dict[str, Any] = {}
    for name, tags in value.items():
        if name in RESERVED or not isinstance(tags, list):
            continue
        groups[name] = [{**tag, "evidence": list(_found_again(tag["evidence"], document, texts))} for tag in tags]
        if any(tag["applied"] and not tag["evidence"] for tag in groups[name]):
            return None
    own = {"document": document.name, "doc_id": document.doc_id, "pages": len(document.pages)}
    return {**value, **groups, **own, "language_name": document.language.name}


def _found_again(evidence: list[dict[str, Any]], document: Document, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    for one in evidence:
        places = sorted(range(len(texts)), key=lambda page: abs(page - one["page_index"]))
        for index in places:
            start = texts[index].find(one["text"])
            if start >= 0:
                number, end = document.pages[index].number, start + len(one["text"])
                yield {**one, "page": number, "start": start, "end": end, "page_index": index}
                break
