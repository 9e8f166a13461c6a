"""What coverage is made of, as frozen data classes.

Comes in: tagged or indexed documents, one at a time. Goes out: records. They count nothing themselves; `coverage`
and `gaps` fill them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from stratmap.records import Evidence, IndexedDocument, TaggedDocument

UNKNOWN_COUNTRY = "not stated"


@dataclass(frozen=True, slots=True)
class CoveredDocument:
    """A document as coverage counts it; `labels` holds applied labels only, with their probabilities.

    `near` is the source of an earlier document that says nearly the same, or "".
    """

    name: str
    doc_id: str
    labels: dict[str, float]
    countries: tuple[str, ...] = ()
    year: int | None = None
    evidence: dict[str, tuple[Evidence, ...]] = field(default_factory=dict)
    source: str = ""
    near: str = ""

    @classmethod
    def from_tagged(
        cls, tagged: TaggedDocument, countries: Sequence[str] = (), year: int | None = None
    ) -> CoveredDocument:
        """Take the applied tags of a document, with what is known of its place and time."""
        applied = [tag for tags in tagged.tags.values() for tag in tags if tag.applied]
        return cls(
            tagged.document,
            tagged.doc_id,
            {tag.code: tag.probability for tag in applied},
            tuple(countries),
            year,
            {tag.code: tag.evidence for tag in applied},
        )

    @classmethod
    def from_indexed(cls, document: IndexedDocument) -> CoveredDocument:
        """Take what the index knows of a document; it has no quotations."""
        labels = dict(document.labels)
        return cls(document.name, document.doc_id, labels, document.countries, document.year)


@dataclass(frozen=True, slots=True)
class LabelCoverage:
    """How many documents carry a label; `share` is of all documents."""

    code: str
    name: str
    group: str
    documents: int
    share: float


@dataclass(frozen=True, slots=True)
class CellEvidence:
    """Words behind a cell; `page` is None where the document has no pages."""

    document: str
    page: int | None
    text: str


@dataclass(frozen=True, slots=True)
class CoverageCell:
    """Documents with a label in a country and year; `share` is of the documents of that country and year.

    `country` is `not stated` and `year` None where the documents do not say. `names` are the documents, `evidence` the
    best quotation of each of the first few, most probable first; an index has none.
    """

    code: str
    country: str
    year: int | None
    documents: int
    share: float
    names: tuple[str, ...]
    evidence: tuple[CellEvidence, ...] = ()


@dataclass(frozen=True, slots=True)
class PairCell:
    """Documents that carry two labels of different groups, in a country and year."""

    first: str
    second: str
    country: str
    year: int | None
    documents: int
    share: float
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Documents that carry two labels of different groups; `expected` is the count if they were independent."""

    first: str
    second: str
    documents: int
    expected: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the portfolio lacks, in a sentence. `kind` is label, thin, country, faded or pair."""

    kind: str
    text: str
    codes: tuple[str, ...]
    country: str = ""


@dataclass(frozen=True, slots=True)
class GapRules:
    """From when on a lack is worth a sentence.

    Attributes:
        thin_share: A label below this share of all documents is thin.
        enough: So many documents (of a country, a period, a pair as expected) say something by their silence.
        recent_years: The length of the period in which a label may have faded.
    """

    thin_share: float = 0.05
    enough: int = 3
    recent_years: int = 2


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage of a portfolio.

    `countries` and `years` give documents for each value, most first and in time; a document with two countries
    counts for both. `duplicates` are names of documents with the same text, `near_duplicates` of documents that say
    nearly the same. `pair_cells` are labels of two groups by country and year, where there are documents.
    """

    framework: str
    documents: int
    labels: tuple[LabelCoverage, ...]
    countries: tuple[tuple[str, int], ...]
    years: tuple[tuple[int, int], ...]
    undated: int
    cells: tuple[CoverageCell, ...]
    pairs: tuple[Pair, ...]
    gaps: tuple[Gap, ...]
    duplicates: tuple[tuple[str, ...], ...]
    near_duplicates: tuple[tuple[str, ...], ...] = ()
    pair_cells: tuple[PairCell, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def by_country(self) -> dict[tuple[str, str], int]:
        """Documents of each (label, country), whatever the year."""
        counts: Counter[tuple[str, str]] = Counter()
        for cell in self.cells:
            counts[cell.code, cell.country] += cell.documents
        return dict(counts)

    def trend(self, code: str) -> tuple[tuple[int, int], ...]:
        """(year, documents) of a label for every year of the portfolio; a document counts once a year."""
        names: dict[int, set[str]] = {year: set() for year, _ in self.years}
        for cell in self.cells:
            if cell.code == code and cell.year is not None:
                names[cell.year].update(cell.names)
        return tuple((year, len(found)) for year, found in names.items())
