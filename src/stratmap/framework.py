"""The strategy as data: a YAML file comes in, a `Framework` with its groups of labels goes out.

A crosswalk relates the labels of one framework to the entries of another, with a reason for each link. This
module tags nothing and does not know the encoder. Schema of a framework file:

    schema: 1                  # of this layout
    id: my-framework           # lower case, digits, hyphens
    name: What people call it
    goal: One paragraph        # optional
    groups:                    # at least one; the keys of results
      - id: objectives
        name: Thematic objectives
        labels:                # at least one
          - code: O1           # unique in the file
            name: Short name
            statement: The official sentence
            description: ...   # optional: what a text about it says
            covers: [...]      # optional lists of strings
            excludes: [...]
            keywords: [...]
            examples: [...]
            serves: [S1]       # optional codes of `strategic_objectives`
            colour: "#74b8f3"  # optional
    strategic_objectives:      # optional: code, name, statement
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stratmap.errors import FrameworkError, UsageError

SCHEMA = 1
_FOLDER = Path(__file__).parent / "frameworks"
_MOST_BYTES = 5_000_000
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CODE = re.compile(r"[\w.:-]{1,32}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
# Keys that a line of results has beside the groups.
RESERVED_GROUPS = frozenset(
    {
        "document", "doc_id", "language", "language_name", "pages", "needs_review", "review_reasons", "warnings",
        "source", "title", "countries", "year", "duplicate_of", "near_duplicate_of",
    }
)  # fmt: skip
_TOP = {"schema", "id", "name", "language", "version", "goal", "notes", "groups", "strategic_objectives"}
_LISTS = ("covers", "excludes", "keywords", "examples", "serves", "confusable")
_LABEL = {"code", "name", "statement", "description", "colour", *_LISTS}


@dataclass(frozen=True, slots=True)
class Label:
    """An entry of a framework.

    `serves` holds codes of strategic objectives, `confusable` codes of labels that are easily taken for this one.
    """

    code: str
    name: str
    statement: str
    description: str = ""
    covers: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    confusable: tuple[str, ...] = ()
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Labels that are decided and shown together."""

    id: str
    name: str
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class StrategicObjective:
    """A higher aim that labels serve."""

    code: str
    name: str
    statement: str


@dataclass(frozen=True, slots=True)
class Framework:
    """A strategy: its goal, groups of labels, and the higher aims they serve."""

    id: str
    name: str
    goal: str
    groups: tuple[Group, ...]
    strategic_objectives: tuple[StrategicObjective, ...] = ()
    version: str = ""
    notes: str = ""

    @classmethod
    def load(cls, name_or_path: str | Path = "iom-seeeca") -> Framework:
        """As `load_framework`.

        Raises:
            FrameworkError: The file is missing or does not follow the schema; the message names the place.
        """
        return load_framework(str(name_or_path))

    @property
    def labels(self) -> tuple[Label, ...]:
        """All labels in file order."""
        return tuple(label for group in self.groups for label in group.labels)

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes in file order."""
        return tuple(label.code for label in self.labels)

    def label(self, code: str) -> Label:
        """The label of a code.

        Raises:
            UsageError: The framework has no such label.
        """
        for label in self.labels:
            if label.code == code:
                return label
        raise UsageError(f"expected a label of {self.id}, found {code!r}. Known: {', '.join(self.codes)}.")

    def group_of(self, code: str) -> Group:
        """The group of a code.

        Raises:
            UsageError: The framework has no such label.
        """
        self.label(code)
        return next(group for group in self.groups if any(label.code == code for label in group.labels))


@dataclass(frozen=True, slots=True)
class Link:
    """A relation of a label to an entry of another framework; `strength` is `strong` or `partial`."""

    label: str
    target: str
    title: str
    strength: str
    reason: str


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """All links of a framework to another one."""

    framework: str
    target: str
    name: str
    source: str
    links: tuple[Link, ...]

    def of(self, code: str) -> tuple[Link, ...]:
        """The links of one label, in file order."""
        return tuple(link for link in self.links if link.label == code)


def shipped_frameworks() -> tuple[str, ...]:
    """Names of the shipped frameworks."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def load_framework(name_or_path: str = "iom-seeeca") -> Framework:
    """Load a shipped framework by name, or any framework from a YAML file.

    Raises:
        FrameworkError: The file is missing or does not follow the schema; the message names the place.
    """
    shipped = _FOLDER / f"{name_or_path}.yaml"
    if _IDENTIFIER.fullmatch(name_or_path) and shipped.is_file():
        return _framework(_yaml(shipped), str(shipped.name))
    path = Path(name_or_path)
    if not os.path.isfile(name_or_path):  # unlike Path.is_file it takes names of any length
        known = ", ".join(shipped_frameworks())
        raise FrameworkError(
            f"{name_or_path}: expected a framework file or one of the shipped frameworks ({known}), found neither."
        )
    return _framework(_yaml(path), str(path))


def shipped_crosswalks(framework: str) -> tuple[str, ...]:
    """Names of the crosswalks from a framework (today all shipped ones start at `iom-seeeca`)."""
    folder = _FOLDER / "crosswalks"
    return tuple(sorted(p.stem for p in folder.glob("*.yaml"))) if framework == "iom-seeeca" else ()


def load_crosswalk(framework: Framework, target: str) -> Crosswalk:
    """Load a shipped crosswalk.

    Raises:
        UsageError: There is none from this framework to that target.
        FrameworkError: The file does not follow its schema.
    """
    known = shipped_crosswalks(framework.id)
    if target not in known:
        listed = ", ".join(known) or "none"
        raise UsageError(f"expected a crosswalk of {framework.id}, found {target!r}. Known: {listed}.")
    where = f"crosswalks/{target}.yaml"
    table = _yaml(_FOLDER / where)
    links = tuple(_link(item, f"{where} links[{i}]") for i, item in enumerate(_items(table, "links", where)))
    for link in links:
        if link.label not in framework.codes:
            raise FrameworkError(f"{where}: expected codes of {framework.id}, found {link.label!r}.")
    return Crosswalk(framework.id, target, _text(table, "name", where), _text(table, "source", where), links)


def _yaml(path: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FrameworkError(f"{path}: expected at most {_MOST_BYTES:,} bytes, found {path.stat().st_size:,}.")
        source = path.read_text(encoding="utf-8-sig")
        _refuse_aliases(source, path)
        table = yaml.load(source, Loader=loader)  # noqa: S506  (both are the safe loaders)
    except OSError as error:
        raise FrameworkError(f"{path}: expected a readable file ({error.strerror}).") from error
    except (yaml.YAMLError, RecursionError, ValueError, AttributeError, KeyError, TypeError) as error:
        # the last three: PyYAML's own, on a tag that does not fit its value (`!!bool maybe`)
        detail = " ".join(str(error).split())[:200]
        raise FrameworkError(f"{path}: expected YAML in UTF-8: {detail}") from error
    if not isinstance(table, dict):
        raise FrameworkError(f"{path}: expected a table with id, name and groups, found {type(table).__name__}.")
    return table


def _refuse_aliases(source: str, path: Path) -> None:
    """Aliases can make a small file unfold without end; no framework needs them."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for token in yaml.scan(source, Loader=loader):
        if isinstance(token, yaml.AliasToken):
            line = token.start_mark.line + 1
            raise FrameworkError(f"{path} line {line}: expected plain values, found an alias (*{token.value}).")


def _framework(table: dict[str, Any], where: str) -> Framework:
    if table.get("schema") != SCHEMA:
        raise FrameworkError(f"{where}: expected schema: {SCHEMA}, found {table.get('schema')!r}.")
    _known_keys(table, _TOP, where)
    identifier = _text(table, "id", where)
    if not _IDENTIFIER.fullmatch(identifier):
        raise FrameworkError(f"{where} id: expected lower-case letters, digits and hyphens, found {identifier!r}.")
    aims = tuple(_aim(item, w) for item, w in _numbered(table, "strategic_objectives", where, required=False))
    groups = tuple(_group(item, w) for item, w in _numbered(table, "groups", where))
    framework = Framework(
        id=identifier,
        name=_text(table, "name", where),
        goal=_text(table, "goal", where, required=False),
        groups=groups,
        strategic_objectives=aims,
        version=_text(table, "version", where, required=False),
        notes=_text(table, "notes", where, required=False),
    )
    _check_codes(framework, where)
    return framework


def _check_codes(framework: Framework, where: str) -> None:
    for kind, values in (("code", framework.codes), ("group id", tuple(g.id for g in framework.groups))):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise FrameworkError(f"{where}: expected every {kind} once, found {', '.join(twice)} again.")
    aims = {aim.code for aim in framework.strategic_objectives}
    for label in framework.labels:
        strangers = [*sorted(set(label.serves) - aims), *sorted(set(label.confusable) - set(framework.codes))]
        if strangers:
            raise FrameworkError(f"{where} {label.code}: names {', '.join(strangers)}, which the file lacks.")


def _group(table: dict[str, Any], where: str) -> Group:
    _known_keys(table, {"id", "name", "labels"}, where)
    identifier = _text(table, "id", where)
    if not _IDENTIFIER.fullmatch(identifier):
        raise FrameworkError(f"{where} id: expected lower-case letters, digits and hyphens, found {identifier!r}.")
    if identifier in RESERVED_GROUPS:
        raise FrameworkError(
            f"{where} id: expected a name that results do not use for something else, found {identifier!r}. "
            f"Taken: {', '.join(sorted(RESERVED_GROUPS))}."
        )
    labels = tuple(_label(item, w) for item, w in _numbered(table, "labels", where))
    return Group(identifier, _text(table, "name", where, required=False) or identifier, labels)


def _label(table: dict[str, Any], where: str) -> Label:
    _known_keys(table, _LABEL, where)
    code, colour = _text(table, "code", where), _text(table, "colour", where, required=False)
    if not _CODE.fullmatch(code):
        raise FrameworkError(f"{where} code: expected letters, digits and . : - _ , found {code!r}.")
    if colour and not _COLOUR.fullmatch(colour):
        raise FrameworkError(f"{where} colour: expected a value like #74b8f3, found {colour!r}.")
    statement = _text(table, "statement", where, required=False) or _text(table, "description", where)
    lists = {key: _strings(table, key, where) for key in _LISTS}
    return Label(
        code=code,
        name=_text(table, "name", where),
        statement=statement,
        description=_text(table, "description", where, required=False),
        colour=colour,
        **lists,
    )


def _aim(table: dict[str, Any], where: str) -> StrategicObjective:
    _known_keys(table, {"code", "name", "statement"}, where)
    return StrategicObjective(*(_text(table, key, where) for key in ("code", "name", "statement")))


def _link(table: dict[str, Any], where: str) -> Link:
    values = [_text(table, key, where) for key in ("from", "to", "title", "strength", "reason")]
    if values[3] not in {"strong", "partial"}:
        raise FrameworkError(f"{where} strength: expected strong or partial, found {values[3]!r}.")
    return Link(*values)


def _known_keys(table: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(str(key) for key in table if key not in known)
    if unknown:
        raise FrameworkError(f"{where}: {', '.join(unknown)} is not known. Known: {', '.join(sorted(known))}.")


def _text(table: dict[str, Any], key: str, where: str, *, required: bool = True) -> str:
    value = table.get(key)
    if value is None or value == "":
        if required:
            raise FrameworkError(f"{where} {key}: expected a text, found none.")
        return ""
    if isinstance(value, dict | list):
        raise FrameworkError(f"{where} {key}: expected a text, found {type(value).__name__}.")
    return " ".join(str(value).split())


def _strings(table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = table.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str | int | float) for value in values):
        raise FrameworkError(f"{where} {key}: expected a list of texts, found {values!r:.80}.")
    return tuple(" ".join(str(value).split()) for value in values)


def _items(table: dict[str, Any], key: str, where: str, *, required: bool = True) -> list[dict[str, Any]]:
    values = table.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise FrameworkError(f"{where} {key}: expected a list of tables, found {type(values).__name__}.")
    if required and not values:
        raise FrameworkError(f"{where} {key}: expected at least one entry, found none.")
    return values


def _numbered(
    table: dict[str, Any], key: str, where: str, *, required: bool = True
) -> Iterator[tuple[dict[str, Any], str]]:
    for index, item in enumerate(_items(table, key, where, required=required)):
        yield item, f"{where} {key}[{index}]"
