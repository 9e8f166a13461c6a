"""Where things stand in an IATI activities file: names, texts and byte offsets.

Comes in: the bytes of a file. Goes out: its activities with the bytes at which their children begin and end, so
that a writer can insert without touching anything else. Nothing is expanded or fetched: a document type
declaration, without which there are no entities, is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from stratmap.errors import DamagedDocument

# Children of <iati-activity> in the order of the 2.03 schema; elements of other namespaces come last.
ELEMENT_ORDER = (
    "iati-identifier", "reporting-org", "title", "description", "participating-org", "other-identifier",
    "activity-status", "activity-date", "contact-info", "activity-scope", "recipient-country",
    "recipient-region", "location", "sector", "tag", "country-budget-items", "humanitarian-scope",
    "policy-marker", "collaboration-type", "default-flow-type", "default-finance-type", "default-aid-type",
    "default-tied-status", "budget", "planned-disbursement", "capital-spend", "transaction", "document-link",
    "related-activity", "legacy-data", "conditions", "result", "crs-add", "fss",
)  # fmt: skip
RANK = {name: rank for rank, name in enumerate(ELEMENT_ORDER)}
_LAST = len(ELEMENT_ORDER)
_TEXTS = {"title", "description"}
_ROOT = re.compile(rb"<iati-activit(?:ies|y)[\s>/]")


@dataclass(slots=True)
class Child:
    """A child of an activity: its rank in the schema's order, and its first byte and the one after its last."""

    rank: int
    start: int
    end: int = -1


@dataclass(slots=True)
class ScannedActivity:
    """What a file says of one activity.

    Attributes:
        number: 1-based place in the file.
        texts: (element, language or "", text) of the narratives of title and description.
        classified: (element, vocabulary, vocabulary-uri, code) of its sectors and tags.
        transaction_sectors: Whether a transaction has a sector; then the activity may have none.
    """

    number: int
    language: str
    identifier: str = ""
    texts: list[tuple[str, str, str]] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    dates: dict[str, str] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    classified: set[tuple[str, str, str, str]] = field(default_factory=set)
    transaction_sectors: bool = False


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """All activities of a file; `version` is "" where the file states none, `codec` what its bytes are in."""

    version: str
    codec: str
    activities: tuple[ScannedActivity, ...]


def looks_like_iati(head: bytes) -> bool:
    """Whether the first bytes of a file (some thousand) are those of IATI activities."""
    return bool(_ROOT.search(head.replace(b"\x00", b"")))


def scan(data: bytes, source: str) -> ScannedFile:
    """Scan a file.

    Raises:
        DamagedDocument: Not XML, not IATI activities, or with a document type declaration.
    """
    scanner = _Scanner(data, source)
    try:
        scanner.parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DamagedDocument(source, f"expected an IATI activities file, found no whole XML ({error}).") from error
    if scanner.root not in {"iati-activities", "iati-activity"}:
        raise DamagedDocument(source, f"expected <iati-activities>, found <{scanner.root[:80]}>.")
    return ScannedFile(scanner.version, scanner.codec, tuple(scanner.activities))


class _Scanner:
    """Handlers of expat. The end of an element is where the next event begins, for `<a/>` as for `<a></a>`."""

    def __init__(self, data: bytes, source: str) -> None:
        self.source = source
        self.root, self.version, self.codec = "", "", _codec(data)
        self.activities: list[ScannedActivity] = []
        self._path: list[str] = []
        self._open: ScannedActivity | None = None
        self._level = 0  # length of the path at an activity
        self._pending: Child | None = None
        self._text: list[str] | None = None
        self._language = ""
        self.parser = parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.DefaultHandler = self._other
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise DamagedDocument(self.source, "found a document type declaration; refused. Remove it and try again.")

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and not self.codec.startswith("utf-16"):
            self.codec = encoding

    def _mark(self) -> None:
        if self._pending is not None:
            self._pending.end = self.parser.CurrentByteIndex
            self._pending = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._mark()
        self._path.append(name)
        if len(self._path) == 1:
            self.root, self.version = name, attributes.get("version", "")
        if self._open is None:
            if name == "iati-activity" and len(self._path) <= 2:
                self._open = ScannedActivity(len(self.activities) + 1, attributes.get("xml:lang", ""))
                self._level = len(self._path)
            return
        if len(self._path) == self._level + 1:
            child = Child(RANK.get(name, _LAST), self.parser.CurrentByteIndex)
            self._open.children.append(child)
            self._note(self._open, name, attributes)
        elif name == "sector" and self._path[self._level :] == ["transaction", "sector"]:
            self._open.transaction_sectors = True
        elif name == "narrative" and len(self._path) == self._level + 2 and self._path[self._level] in _TEXTS:
            self._text, self._language = [], attributes.get("xml:lang", "")

    def _note(self, activity: ScannedActivity, name: str, attributes: dict[str, str]) -> None:
        if name in {"sector", "tag"}:
            keys = ("vocabulary", "vocabulary-uri", "code")
            vocabulary, uri, code = (attributes.get(key, "") for key in keys)
            activity.classified.add((name, vocabulary, uri, code))
        elif name == "recipient-country":
            activity.countries.append(attributes.get("code", ""))
        elif name == "activity-date":
            activity.dates[attributes.get("type", "")] = attributes.get("iso-date", "")
        elif name == "iati-identifier":
            self._text = []

    def _end(self, name: str) -> None:
        self._mark()
        activity = self._open
        if activity is not None:
            self._collect(activity, name)
            if len(self._path) == self._level + 1:
                self._pending = activity.children[-1]
            elif len(self._path) == self._level:
                self.activities.append(activity)
                self._open = None
        self._path.pop()

    def _collect(self, activity: ScannedActivity, name: str) -> None:
        if self._text is None or name not in {"narrative", "iati-identifier"}:
            return
        text = "".join(self._text).strip()
        self._text = None
        if name == "iati-identifier":
            activity.identifier = text
        else:
            activity.texts.append((self._path[self._level], self._language, text))

    def _characters(self, text: str) -> None:
        self._mark()
        if self._text is not None:
            self._text.append(text)

    def _other(self, _text: str) -> None:
        self._mark()


def _codec(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"<\x00")):
        return "utf-16-le"
    return "utf-16-be" if data.startswith((b"\xfe\xff", b"\x00<")) else "utf-8"
