"""The results as JSON lines: the stable shape that others' scripts read.

Comes in: a `TaggedDocument`. Goes out: a dictionary, a line, or a file, and back. It decides nothing: all tags are
written, applied or not. Keys beside the stable ones may be added, never renamed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stratmap.errors import ExportError
from stratmap.files import atomic_write_text
from stratmap.framework import RESERVED_GROUPS, Crosswalk
from stratmap.records import Evidence, Language, Tag, TaggedDocument
from stratmap.reporting.characters import utf8_safe

RESERVED = RESERVED_GROUPS
_DIGITS = 6  # of probabilities; float32 carries no more


def as_dict(tagged: TaggedDocument, crosswalks: Sequence[Crosswalk] = ()) -> dict[str, Any]:
    """One document in the stable shape.

    Args:
        tagged: The tags of a document.
        crosswalks: Further frameworks; each tag then says which of their entries it relates to.

    Returns:
        `document`, `language` (the code), `pages`, one key a group with its tags, `needs_review`, `warnings`,
        and beside these `doc_id`, `language_name` and `review_reasons`.

    Raises:
        ExportError: A group of the framework has the name of one of the other keys.
    """
    clash = sorted(RESERVED & set(tagged.tags))
    if clash:
        raise ExportError(f"expected other names of groups, found {', '.join(clash)}: results use them already.")
    return {
        "document": utf8_safe(tagged.document),
        "language": tagged.language.code,
        "pages": tagged.pages,
        **{group: [_tag(tag, crosswalks) for tag in tags] for group, tags in tagged.tags.items()},
        "needs_review": tagged.needs_review,
        "warnings": [utf8_safe(warning) for warning in tagged.warnings],
        "review_reasons": list(tagged.review_reasons),
        "doc_id": tagged.doc_id,
        "language_name": tagged.language.name,
    }


def from_dict(value: dict[str, Any]) -> TaggedDocument:
    """The document of a dictionary in the stable shape; keys beside it may lack.

    Raises:
        ExportError: A stable key lacks or has another type.
    """
    groups = {key: item for key, item in value.items() if key not in RESERVED and isinstance(item, list)}
    try:
        code = str(value["language"])
        return TaggedDocument(
            document=str(value["document"]),
            doc_id=str(value.get("doc_id", "")),
            language=Language(code, str(value.get("language_name", code))),
            pages=int(value["pages"]),
            tags={group: tuple(_read_tag(tag) for tag in tags) for group, tags in groups.items()},
            needs_review=bool(value["needs_review"]),
            review_reasons=tuple(map(str, value.get("review_reasons", ()))),
            warnings=tuple(map(str, value.get("warnings", ()))),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExportError(f"expected a result of `stratmap tag`, found {str(value)[:80]} ({error}).") from error


def as_line(value: dict[str, Any]) -> str:
    """One line of JSON, without its end of line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def jsonl_text(documents: Iterable[TaggedDocument], crosswalks: Sequence[Crosswalk] = ()) -> str:
    """All documents, one line each, in the order given."""
    return "".join(as_line(as_dict(tagged, crosswalks)) + "\n" for tagged in documents)


def write_jsonl(path: Path, documents: Iterable[TaggedDocument], crosswalks: Sequence[Crosswalk] = ()) -> None:
    """Write all documents, one line each; an older file stays until the new one is whole."""
    atomic_write_text(path, jsonl_text(documents, crosswalks))


def _tag(tag: Tag, crosswalks: Sequence[Crosswalk]) -> dict[str, Any]:
    value: dict[str, Any] = {
        "code": tag.code,
        "name": tag.name,
        "probability": round(float(tag.probability), _DIGITS),
        "applied": tag.applied,
        "evidence": [_evidence(item) for item in tag.evidence],
        "review": tag.review,
        "calibrated": tag.calibrated,
        "threshold": round(float(tag.threshold), _DIGITS),
    }
    if crosswalks:
        value["crosswalks"] = {
            walk.target: [
                {"code": link.target, "title": link.title, "strength": link.strength} for link in walk.of(tag.code)
            ]
            for walk in crosswalks
        }
    return value


def _evidence(item: Evidence) -> dict[str, Any]:
    return {
        "page": item.page,
        "start": item.start,
        "end": item.end,
        "text": utf8_safe(item.text),
        "probability": round(float(item.probability), _DIGITS),
        "page_index": item.page_index,
    }


def _read_tag(value: dict[str, Any]) -> Tag:
    return Tag(
        code=str(value["code"]),
        name=str(value["name"]),
        probability=float(value["probability"]),
        applied=bool(value["applied"]),
        evidence=tuple(_read_evidence(item) for item in value.get("evidence", ())),
        review=bool(value.get("review", False)),
        calibrated=bool(value.get("calibrated", True)),
        threshold=float(value.get("threshold", 0.5)),
    )


def _read_evidence(value: dict[str, Any]) -> Evidence:
    return Evidence(
        page=value["page"],
        start=int(value["start"]),
        end=int(value["end"]),
        text=str(value["text"]),
        probability=float(value["probability"]),
        page_index=int(value.get("page_index", 0)),
    )
