"""The nouns of stratmap as frozen data classes: what every room takes and returns.

Standard library only. Nothing here reads, computes or writes; invariants are stated, and kept by the
rooms that build the records.

Offsets are in Unicode code points. Scores: higher is better. Probabilities: 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a text.

    `code` is ISO 639-1 (`und` where undetermined), `name` is English, `script` is ISO 15924
    (`Latn`, `Cyrl`, ...), `confidence` is 0 to 1.
    """

    code: str
    name: str
    script: str = "Latn"
    confidence: float = 1.0


UNDETERMINED = Language("und", "undetermined", "Zyyy", 0.0)


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `number` is 1-based, None where the format has no pages; `start` is its offset in
    `Document.text`.
    """

    number: int | None
    text: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its pages.

    Invariants: `doc_id` depends on the text alone (same text, same id); pages are in order and
    `text[p.start : p.start + len(p.text)] == p.text` for every page, with one form feed between pages.

    Attributes:
        name: The file's name, or the item's id in a list.
        source: Where it came from, as the user named it (a path, or `list.xlsx#7`).
        title: A title found in the document, or "".
        metadata: Facts found in or beside the document: `country` and `year` (several values joined
            by "; "), and whatever front matter holds, as strings.
        warnings: What a reader of the results has to know (pages without text, a cut, a guess).
        empty_pages: Numbers of the pages on which no text was found.
    """

    doc_id: str
    name: str
    source: str
    pages: tuple[Page, ...]
    language: Language = UNDETERMINED
    title: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    empty_pages: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """The whole text: pages joined by a form feed."""
        return "\f".join(page.text for page in self.pages)


@dataclass(frozen=True, slots=True)
class Passage:
    """A contiguous span of one page.

    Invariants: `page_text[start:end] == text`; `offset` is the span's start in `Document.text`;
    `page_index` counts the document's pages from 0 and `page` is the number to show (None where the
    format has none).
    """

    doc_id: str
    page_index: int
    page: int | None
    start: int
    end: int
    offset: int
    text: str
    heading: str = ""

    @property
    def passage_id(self) -> str:
        """`<doc_id>#<start>-<end>` in offsets of the document's text."""
        return f"{self.doc_id}#{self.offset}-{self.offset + len(self.text)}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An input that could not be read, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span that carries a tag. `start` and `end` are offsets in the text of its page;
    `probability` is that of the tag for the passage that holds the span.
    """

    page: int | None
    start: int
    end: int
    text: str
    probability: float
    page_index: int = 0


@dataclass(frozen=True, slots=True)
class Tag:
    """A label given to a document, with its probability and the spans behind it, best first.

    `applied` says whether the probability reached the label's threshold; `review` whether a person
    should look at it; `calibrated` whether the probability was calibrated on held-out data; `corrected`
    whether a person decided `applied`, in which case the probability is still the model's.
    """

    code: str
    name: str
    probability: float
    applied: bool
    evidence: tuple[Evidence, ...] = ()
    review: bool = False
    calibrated: bool = True
    threshold: float = 0.5
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class TaggedDocument:
    """The tags of one document, by the framework's groups, highest probability first.

    `tags` maps a group id (`objectives`, `principles`) to all labels of that group.
    """

    document: str
    doc_id: str
    language: Language
    pages: int
    tags: dict[str, tuple[Tag, ...]]
    needs_review: bool
    review_reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def applied(self, group: str) -> tuple[str, ...]:
        """Codes of the applied tags of one group, highest probability first."""
        return tuple(tag.code for tag in self.tags[group] if tag.applied)


@dataclass(frozen=True, slots=True)
class Filters:
    """Restrictions of a search. Values within a field are alternatives, fields combine; empty means
    no restriction. Labels are framework codes, countries English names, years inclusive.
    """

    labels: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    documents: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Filters()


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """What the index knows about one document without its text.

    `labels` maps a label code to the probability with which the document carries it (1.0 where a
    person or the document itself says so); only applied labels are listed.
    """

    doc_id: str
    name: str
    source: str
    title: str
    language: str
    pages: int
    countries: tuple[str, ...]
    year: int | None
    labels: dict[str, float]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found by a search, with the name of its document.

    `score` is what the list is ordered by; `dense` is the cosine (-1 to 1) and `lexical` the BM25
    score (0 and up), where that half of the search has seen the passage.
    """

    passage: Passage
    document: str
    score: float
    dense: float = 0.0
    lexical: float = 0.0


@dataclass(frozen=True, slots=True)
class Citation:
    """A quotation with its place. `quote` is an exact substring of the page:
    `page_text[start:end] == quote`.
    """

    marker: int
    doc_id: str
    document: str
    page: int | None
    page_index: int
    start: int
    end: int
    quote: str
    score: float


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer with the markers it cites. `supported` is False for a sentence of a
    language model that its citations do not carry.
    """

    text: str
    markers: tuple[int, ...]
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    `answered` is False where the archive does not hold the answer; then `citations` is empty and
    `passages` are pointers only. `confidence` is the calibrated probability that the archive answers.
    """

    question: str
    answered: bool
    answer: str
    citations: tuple[Citation, ...]
    passages: tuple[Hit, ...]
    confidence: float = 0.0
    statements: tuple[Statement, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's verdict, as it was given; none is ever changed, only undone.

    Attributes:
        doc_id: The text that it is about.
        document: What people call that text.
        code: The label; "" for a note on the whole document.
        kind: `tag` (the label applies or does not), `evidence` (a passage does not carry the label) or `note`.
        applies: The verdict; of no meaning for a note.
        author: Who gave it.
        note: Why, in the author's words.
        at: When, ISO 8601 in UTC.
        id: Its number in the index; 0 before it is kept.
        undone: Whether it was taken back.
        place: Page index, start and end of the evidence it is about.
        probability: What the tagger had said, and
        applied: whether it had applied the label; None where that is not known.
    """

    doc_id: str
    document: str
    code: str
    kind: str
    applies: bool
    author: str
    note: str = ""
    at: str = ""
    id: int = 0
    undone: bool = False
    place: tuple[int, int, int] | None = None
    probability: float | None = None
    applied: bool | None = None
