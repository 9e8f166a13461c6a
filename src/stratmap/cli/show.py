"""What people see on a terminal. Comes in: records. Goes out: lines; text of documents is made harmless first."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterable

from stratmap.errors import UsageError
from stratmap.framework import Crosswalk, Framework
from stratmap.records import Answer, Statement, Tag, TaggedDocument

# Control characters and those that turn the direction of writing: a document must not steer a terminal.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WIDTH = 100


def plain(text: str) -> str:
    """Text of a document on one line, without characters that steer a terminal."""
    return " ".join(_HARMFUL.sub("", text).split())


def complain(message: str) -> None:
    """One line on standard error."""
    print(f"stratmap: {plain(message)}", file=sys.stderr)


def paint(text: str, code: str) -> str:
    """Text in a colour, on a terminal that wants colours."""
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return f"\x1b[{code}m{text}\x1b[0m" if wanted else text


def tagged_lines(tagged: TaggedDocument, framework: Framework, crosswalks: Iterable[Crosswalk] = ()) -> Iterable[str]:
    """A tagged document for people: bars, and the evidence of what is applied."""
    facts = f"{tagged.language.name}, {tagged.pages} page{'s' if tagged.pages != 1 else ''}"
    yield paint(plain(tagged.document), "1") + f"  ({facts})"
    for warning in tagged.warnings:
        yield paint(f"  ! {plain(warning)}", "33")
    for group in framework.groups:
        tags = tagged.tags[group.id]
        shown = [tag for tag in tags if tag.applied or tag.review]
        yield ""
        yield f"  {group.name}" + ("" if shown else ": none")
        for tag in shown:
            yield from _tag_lines(tag, crosswalks)
    if tagged.needs_review:
        yield ""
        yield paint(f"  Needs your eye: {'; '.join(plain(reason) for reason in tagged.review_reasons)}", "33")


def _tag_lines(tag: Tag, crosswalks: Iterable[Crosswalk]) -> Iterable[str]:
    bar = "█" * round(tag.probability * 20)
    state = "applied" if tag.applied else "not applied"
    if tag.review:
        state += ", needs your eye"
    if not tag.calibrated:
        state += ", uncalibrated"
    line = f"  {tag.code:<6}{tag.name:<32.32} {bar:<20} {tag.probability:4.0%}  {state}"
    yield paint(line, "1" if tag.applied else "2")
    for item in tag.evidence[:2] if tag.applied else []:
        place = f"p. {item.page}: " if item.page is not None else ""
        yield textwrap.fill(
            f"{place}“{plain(item.text)[:400]}”", _WIDTH, initial_indent="        ", subsequent_indent="        "
        )
    for crosswalk in crosswalks if tag.applied else ():
        for link in crosswalk.of(tag.code):
            yield f"        {crosswalk.target} {link.target} {link.title} ({link.strength}): {link.reason}"


def answer_lines(answer: Answer) -> Iterable[str]:
    """An answer for people: quotations with their places, or the pointers of a refusal."""
    yield paint(plain(answer.question), "1")
    yield ""
    for line in answer.answer.splitlines():
        yield (textwrap.fill(plain(line), _WIDTH, initial_indent="  ", subsequent_indent="  ") if line.strip() else "")
    yield from place_lines(answer)


def statement_line(statement: Statement) -> str:
    """One sentence of an answer with its markers, or marked as unsupported."""
    marks = " ".join(f"[{marker}]" for marker in statement.markers)
    text = f"{plain(statement.text)} {marks if statement.supported else '(not supported by the passages)'}".rstrip()
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")


def place_lines(answer: Answer) -> Iterable[str]:
    """Where the quotations of an answer stand, and its notes."""
    yield ""
    for citation in answer.citations:
        page = f", page {citation.page}" if citation.page is not None else ""
        yield paint(f"  [{citation.marker}] {plain(citation.document)}{page}", "36")
    for note in answer.notes:
        yield paint(f"  ! {plain(note)}", "33")


def framework_lines(framework: Framework, code: str = "") -> Iterable[str]:
    """The framework, or one of its labels in full."""
    if code:
        label = framework.label(code)
        yield paint(f"{label.code}  {label.name}", "1")
        yield from _wrapped(label.statement)
        yield from _wrapped(label.description)
        for title, items in (("covers", label.covers), ("does not cover", label.excludes)):
            yield f"  {title}:" if items else ""
            for item in items:
                yield f"    - {item}"
        if label.serves:
            yield f"  serves {', '.join(label.serves)} (our reading)"
        return
    yield paint(framework.name, "1")
    yield from _wrapped(framework.goal)
    for aim in framework.strategic_objectives:
        yield from _wrapped(f"{aim.code}  {aim.statement}")
    for group in framework.groups:
        yield ""
        yield group.name
        for label in group.labels:
            serves = f"  (serves {', '.join(label.serves)}, our reading)" if label.serves else ""
            yield paint(f"  {label.code}  {label.name}", "1") + serves
            yield from _wrapped(label.statement, "      ")


def print_codelist(framework: Framework, form: str, uri: str) -> None:
    """The labels as an IATI codelist on standard output.

    Raises:
        UsageError: A form that there is not.
    """
    from stratmap.reporting.iati import IatiOptions, vocabulary_uri
    from stratmap.reporting.iati_codelist import codelist_csv, codelist_json, codelist_xml

    where = vocabulary_uri(framework, IatiOptions(uri=uri))
    if form == "xml":
        print(codelist_xml(framework, where), end="")
    elif form == "json":
        print(codelist_json(framework, where), end="")
    elif form == "csv":
        sys.stdout.buffer.write(codelist_csv(framework))
        sys.stdout.flush()
    else:
        raise UsageError(f"expected xml, csv or json for --codelist, found {form!r}.")


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return [textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)] if text else []
