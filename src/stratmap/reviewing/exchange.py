"""Corrections out to a workbook and back: the way between `Reviews` and `sheet`.

Comes in: the reviews of an index. Goes out: a workbook with every tag that is applied, near its threshold or corrected;
and from an edited one a preview, or the corrections kept: withdrawals one by one, then all corrections in one
transaction. Rows that are refused change nothing and do not stop the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stratmap.index.corrections import NOTE, TAG
from stratmap.records import Correction, IndexedDocument
from stratmap.reporting.characters import xml_safe
from stratmap.reporting.masking import mask, mask_name
from stratmap.reviewing.corrections import Standing, standing
from stratmap.reviewing.examples import document_probabilities
from stratmap.reviewing.reviews import Reviews
from stratmap.reviewing.sheet import Preview, SheetRow, preview, read_sheet, write_sheet
from stratmap.settings import ReadingSettings

_NEAR = 0.6  # of its threshold: from here on a tag is listed


def export_sheet(reviews: Reviews, path: Path, *, covered: bool = False) -> int:
    """Write the workbook; returns its number of rows.

    Args:
        reviews: Of an index.
        path: The workbook.
        covered: Whether personal data is covered in names of documents, of people and in notes. It can be taken back
            all the same: documents are found by their ids.
    """
    rows = list(sheet_rows(reviews))
    if covered:
        rows = [replace(r, document=mask_name(r.document), by=mask(r.by), note=mask(r.note)) for r in rows]
    write_sheet(path, rows)
    return len(rows)


def sheet_rows(reviews: Reviews) -> Iterator[SheetRow]:
    """The archive's tags worth listing and all corrections, document after document."""
    corrections = reviews.corrections.all()
    stands = standing(corrections)
    last = {(one.doc_id, one.code): one for one in corrections if one.kind == TAG}
    said = _probabilities(reviews)
    documents = reviews.index.documents()
    for document in documents:
        yield from _rows(reviews, document, said.get(document.doc_id), stands.get(document.doc_id, Standing()), last)
    held = {document.doc_id for document in documents}
    for (doc_id, code), one in sorted(last.items()):
        if doc_id not in held:
            name = reviews.framework.label(code).name
            yield SheetRow(
                one.document, doc_id, code, name, one.probability, one.applied, one.applies, one.author, one.note
            )


def _probabilities(reviews: Reviews) -> dict[str, dict[str, float]]:
    adjustment = reviews.active()
    return {
        one.doc_id: dict(zip(reviews.model.labels, map(float, document_probabilities(one, adjustment)), strict=True))
        for one in reviews.features.archive()
    }


def _rows(
    reviews: Reviews,
    document: IndexedDocument,
    said: dict[str, float] | None,
    stands: Standing,
    last: dict[tuple[str, str], Correction],
) -> Iterator[SheetRow]:
    thresholds = dict(zip(reviews.model.labels, reviews.model.thresholds.tolist(), strict=True))
    for code in reviews.framework.codes:
        probability = None if said is None else round(said[code], 4)
        applied = code in document.labels if probability is None else probability >= thresholds[code]
        listed = applied or (probability is not None and probability >= _NEAR * thresholds[code])
        notes = [note.note for note in stands.notes if note.code == code]
        if not listed and code not in stands.verdicts and not notes:
            continue
        one = last.get((document.doc_id, code))
        yield SheetRow(
            document.name,
            document.doc_id,
            code,
            reviews.framework.label(code).name,
            probability,
            applied,
            stands.verdicts.get(code),
            one.author if one and code in stands.verdicts else "",
            notes[-1] if notes else "",
        )


def import_sheet(
    reviews: Reviews, path: Path, author: str, settings: ReadingSettings | None = None, *, dry: bool = False
) -> Preview:
    """What a workbook changes, and unless it is a dry run, the change.

    Raises:
        UsageError: It is no workbook with a sheet of corrections.
        ReadingError: It is made to harm, or larger than a limit.
    """
    asked, refused = read_sheet(path, reviews.framework, author, settings)
    corrections = reviews.corrections.all()
    names = {one.doc_id: one.document for one in corrections}
    names |= {one.doc_id: one.name for one in reviews.index.documents()}
    on_tags: dict[tuple[str, str], list[Correction]] = {}
    for one in corrections:
        on_tags.setdefault((one.doc_id, one.code), []).append(one)
    asked = [(number, _as_kept(row, on_tags) if isinstance(row, Correction) else row) for number, row in asked]
    found = preview(asked, refused, standing(corrections), names)
    if not dry:
        _apply(reviews, found, [one for _, one in asked if isinstance(one, Correction)], names)
    return found


def _as_kept(asked: Correction, on_tags: Mapping[tuple[str, str], Sequence[Correction]]) -> Correction:
    """A row with name and note as they were said, where the workbook shows them otherwise.

    A covered workbook would else bring covers back as what somebody said.
    """
    kept = on_tags.get((asked.doc_id, asked.code), ())
    author = _as_said(asked.author, [one.author for one in kept])
    return replace(asked, author=author, note=_as_said(asked.note, [one.note for one in kept]))


def _as_said(shown: str, said: Sequence[str]) -> str:
    """What was said last that a workbook shows in this way: covered, or without signs that it cannot hold."""
    if not shown or shown in said:
        return shown
    return next((one for one in reversed(said) if shown in (xml_safe(one), xml_safe(mask(one)))), shown)


def _apply(reviews: Reviews, found: Preview, asked: Sequence[Correction], names: dict[str, str]) -> None:
    by_key = {(one.doc_id, one.code): one for one in reversed(asked)}
    said = _probabilities(reviews)
    thresholds = dict(zip(reviews.model.labels, reviews.model.thresholds.tolist(), strict=True))
    given = []
    for change in found.changes:
        if change.adds_note_only:
            name = names[change.doc_id]
            given.append(Correction(change.doc_id, name, change.code, NOTE, False, change.by, change.note))
            continue
        one = by_key.get((change.doc_id, change.code)) if change.after else None
        if one is None:
            reviews.withdraw(change.doc_id, change.code)
            continue
        probability = said.get(change.doc_id, {}).get(change.code)
        applied = None if probability is None else probability >= thresholds[change.code]
        given.append(
            Correction(
                one.doc_id,
                names[one.doc_id],
                one.code,
                TAG,
                one.applies,
                one.author,
                one.note,
                probability=probability,
                applied=applied,
            )
        )
    reviews.correct(given)
