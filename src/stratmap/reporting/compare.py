"""Two sets of results side by side: two runs, two models, or two archives.

Comes in: the tags of both. Goes out: what changed, with the reason as far as the results tell it. It does not say
which of the two is right; that takes annotated documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stratmap.records import Tag, TaggedDocument
from stratmap.reporting.tables import Column, Table


@dataclass(frozen=True, slots=True)
class Change:
    """A tag that one side applies and the other does not; `before` and `after` are probabilities.

    `why` is a sentence: another text, another threshold, another probability, or a label that one side lacks. The
    quotation is the best one for the label, on the side that applies it.
    """

    document: str
    code: str
    name: str
    before: float | None
    after: float | None
    applied: bool
    why: str
    page: int | None = None
    quotation: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from the first to the second side.

    Attributes:
        shared: Documents that both have, matched by name.
        changed: How many of these have another set of applied tags.
        changes: The tags in question, largest difference first.
        only_first: Names of documents that the second lacks.
        only_second: Names of documents that the first lacks.
        totals: Documents with each label, (first, second), over all documents of each side.
        mean_shift: Mean absolute difference of probability over shared documents and labels.
    """

    shared: int
    changed: int
    changes: tuple[Change, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    totals: dict[str, tuple[int, int]]
    mean_shift: float


def compare(first: Iterable[tuple[str, TaggedDocument]], second: Iterable[tuple[str, TaggedDocument]]) -> Comparison:
    """Compare two sides.

    Args:
        first: (name, tags) of each document; the name is what matches, e.g. the path below the archive.
        second: The same of the other side. Of equal names within a side the last one counts.
    """
    left, right = dict(first), dict(second)
    shared = [name for name in left if name in right]
    changes: list[Change] = []
    shifts: list[float] = []
    for name in shared:
        before, after = _tags(left[name]), _tags(right[name])
        same_text = left[name].doc_id == right[name].doc_id
        both = before.keys() & after.keys()
        shifts += [abs(before[code].probability - after[code].probability) for code in sorted(both)]
        changes += _changes(name, before, after, same_text)
    changes.sort(key=lambda one: (-abs((one.after or 0.0) - (one.before or 0.0)), one.document, one.code))
    counts = (_totals(left), _totals(right))
    return Comparison(
        shared=len(shared),
        changed=len({one.document for one in changes}),
        changes=tuple(changes),
        only_first=tuple(name for name in left if name not in right),
        only_second=tuple(name for name in right if name not in left),
        totals={code: (counts[0][code], counts[1][code]) for code in sorted(counts[0] | counts[1])},
        mean_shift=sum(shifts) / len(shifts) if shifts else 0.0,
    )


def changes_table(comparison: Comparison) -> Table:
    """One row a change."""
    columns = (
        Column("document", "#meta+document"),
        Column("code", "#sector+code"),
        Column("name", "#sector+name"),
        Column("before", "#sector+before+probability+num"),
        Column("after", "#sector+after+probability+num"),
        Column("applied", "#sector+applied"),
        Column("why", "#meta+reason"),
        Column("page", "#meta+page+num"),
        Column("quotation", "#meta+quotation"),
    )
    rows = tuple(
        (one.document, one.code, one.name, one.before, one.after, one.applied, one.why, one.page, one.quotation)
        for one in comparison.changes
    )
    return Table(columns, rows)


def _tags(tagged: TaggedDocument) -> dict[str, Tag]:
    return {tag.code: tag for tags in tagged.tags.values() for tag in tags}


def _totals(side: Mapping[str, TaggedDocument]) -> Counter[str]:
    return Counter(tag.code for one in side.values() for tag in _tags(one).values() if tag.applied)


def _changes(name: str, before: Mapping[str, Tag], after: Mapping[str, Tag], same_text: bool) -> Iterable[Change]:
    for code in sorted(before.keys() | after.keys()):
        old, new = before.get(code), after.get(code)
        was, now = bool(old and old.applied), bool(new and new.applied)
        if was == now:
            continue
        known = new or old
        if known is not None:
            why = _why(old, new) if same_text else "The text of the document is another one."
            probabilities = (old.probability if old else None, new.probability if new else None)
            side = new if now else old
            best = side.evidence[0] if side and side.evidence else None
            place = (best.page, " ".join(best.text.split())) if best else (None, "")
            yield Change(name, code, known.name, *probabilities, now, why, *place)


def _why(old: Tag | None, new: Tag | None) -> str:
    if old is None or new is None:
        return f"The {'first' if old is None else 'second'} side does not know this label."
    if abs(old.probability - new.probability) < 0.005:
        return f"The threshold moved from {old.threshold:.2f} to {new.threshold:.2f}."
    if (new.probability >= old.threshold) == old.applied:
        return f"The probability is {new.probability:.2f}, and the threshold moved to {new.threshold:.2f}."
    return f"The probability went from {old.probability:.2f} to {new.probability:.2f}."
