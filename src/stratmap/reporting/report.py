"""What a coverage report says, whatever it is written in.

Comes in: documents and their coverage. Goes out: one record with summaries and quotations, which the HTML and
the DOCX report lay out. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stratmap.framework import Framework
from stratmap.reporting.coverage_records import Coverage, CoveredDocument

_QUOTATION = 400  # characters
_ORIGIN = (
    "Labels were suggested by a classifier or given by people; the quotations show what they rest on. A document may "
    "carry several labels or none."
)


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of a document with their place; `text` may be cut, which an ellipsis shows."""

    document: str
    page: int | None
    text: str

    @property
    def place(self) -> str:
        """Document and page."""
        return f"{self.document}, page {self.page}" if self.page is not None else self.document


@dataclass(frozen=True, slots=True)
class LabelSummary:
    """A label, what it covers, and its best quotations."""

    code: str
    name: str
    statement: str
    sentence: str
    quotations: tuple[Quotation, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A coverage report: a title, a summary in sentences, the counts, and the labels one by one."""

    title: str
    summary: tuple[str, ...]
    coverage: Coverage
    labels: tuple[LabelSummary, ...]

    @property
    def copies(self) -> dict[str, tuple[tuple[str, ...], ...]]:
        """Groups of documents that repeat each other, by heading; a heading without any is left out."""
        found = {
            "Documents with the same text": self.coverage.duplicates,
            "Documents that say nearly the same": self.coverage.near_duplicates,
        }
        return {heading: groups for heading, groups in found.items() if groups}


def build_report(
    documents: Sequence[CoveredDocument],
    coverage: Coverage,
    framework: Framework,
    title: str = "",
    quotations: int = 3,
) -> Report:
    """Put the report together; the quotations of a label are its most probable ones, one a document."""
    summaries = []
    for label, counted in zip(framework.labels, coverage.labels, strict=True):
        sentence = f"{counted.documents:,} of {_number(coverage.documents, 'document')} ({counted.share:.0%})."
        found = _quotations(documents, label.code, quotations)
        summaries.append(LabelSummary(label.code, label.name, label.statement, sentence, found))
    name = title or f"Coverage: {framework.name}"
    return Report(name, _summary(coverage), coverage, tuple(summaries))


def _summary(coverage: Coverage) -> tuple[str, ...]:
    lines = [f"{_number(coverage.documents, 'document')}. {_ORIGIN}"]
    if coverage.years:
        first, last = coverage.years[0][0], coverage.years[-1][0]
        span = f"Years {first} to {last}" if first != last else f"Year {first}"
        lines.append(f"{span}; {coverage.undated:,} without a year.")
    alike = f"{_number(len(coverage.duplicates), 'group')} of documents with the same text"
    near = f"{_number(len(coverage.near_duplicates), 'group')} of documents that say nearly the same"
    lines.append(f"{_number(len(coverage.gaps), 'gap')}; {alike}; {near}.")
    return tuple(lines)


def _number(count: int, noun: str) -> str:
    """A count with its noun.

    >>> _number(1, "gap"), _number(1_200, "gap")
    ('1 gap', '1,200 gaps')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _quotations(documents: Sequence[CoveredDocument], code: str, most: int) -> tuple[Quotation, ...]:
    best = [(one.evidence[code][0], one) for one in documents if one.evidence.get(code)]
    best.sort(key=lambda pair: (-pair[0].probability, pair[1].name, pair[0].start))
    kept: dict[str, Quotation] = {}
    for evidence, one in best:
        text = " ".join(evidence.text.split())
        short = text if len(text) <= _QUOTATION else text[: _QUOTATION - 1].rstrip() + "…"
        kept.setdefault(text, Quotation(one.name, evidence.page, short))
        if len(kept) >= most:
            break
    return tuple(kept.values())
