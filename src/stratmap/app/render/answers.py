"""Answers: turns of a conversation come in, HTML with citation chips (or Markdown) goes out.

A chip carries the place of its quotation; the text of the page is fetched when it is clicked. An answer that
the archive does not hold looks different from one that it does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stratmap.app.protocol import Turn
from stratmap.app.render.pages import hit_key, place_key
from stratmap.app.render.text import empty, notice, percent, place, shortened, text
from stratmap.records import Answer, Citation, Hit

_MOST_SHOWN = 600  # characters of a question
_MARKER = re.compile(r"\[(\d{1,3})\]")
_WAITING = '<div class="sm-answer sm-waiting" role="status"><span class="sm-dots"></span>Reading the archive</div>'


def conversation(turns: Sequence[Turn]) -> str:
    """All turns, oldest first."""
    if not turns:
        return empty("Ask the archive", "Answers are quotations, each with its document and page.")
    last = len(turns) - 1
    inside = "".join(_turn(turn, i, newest=i == last) for i, turn in enumerate(turns))
    return f'<div class="sm-chat" role="log" aria-live="polite" aria-label="Conversation">{inside}</div>'


def _turn(turn: Turn, number: int, newest: bool) -> str:
    here = ' data-into-view="1"' if newest else ""
    asked = f'<div class="sm-asked" dir="auto"{here}>{text(shortened(turn.question, _MOST_SHOWN))}</div>'
    if turn.answer is None:
        return asked + (_WAITING if turn.pending else notice(turn.problem, "Not answered:", "problem"))
    verdict = "" if turn.pending else _verdict(number, turn.helpful)
    return asked + (_found(turn.answer, verdict) if turn.answer.answered else _not_found(turn.answer, verdict))


def _verdict(number: int, helpful: bool | None) -> str:
    """The question whether it helped, with the answer given so far."""
    buttons = "".join(
        f'<button type="button" class="sm-vote" data-vote="{word}|{number}" aria-pressed="{str(on).lower()}">'
        f"{name}</button>"
        for word, name, on in (("up", "Yes", helpful is True), ("down", "No", helpful is False))
    )
    said = "Thank you." if helpful is not None else "Did this help?"
    return f'<div class="sm-helped"><span class="sm-muted">{said}</span>{buttons}</div>'


def _found(answer: Answer, verdict: str) -> str:
    if answer.statements:
        body = "".join(_statement(s.text, s.markers, s.supported, answer.citations) for s in answer.statements)
    else:
        body = _statement(answer.answer, (), True, answer.citations)
    said = {statement.text for statement in answer.statements}
    sources = "".join(_source(citation, citation.quote not in said) for citation in answer.citations)
    confidence = f'<span class="sm-muted">confidence {text(percent(answer.confidence))}</span>'
    block = f'<div class="sm-sources"><h4>Sources {confidence}</h4>{sources}</div>' if sources else ""
    return f'<article class="sm-answer">{body}{block}{_notes(answer)}{verdict}</article>'


def _statement(said: str, markers: Sequence[int], supported: bool, citations: Sequence[Citation]) -> str:
    known = {citation.marker: citation for citation in citations}
    inline = {int(found) for found in _MARKER.findall(said)}
    body = _MARKER.sub(lambda m: _chip(known[int(m[1])]) if int(m[1]) in known else m[0], text(said))
    after = "".join(_chip(known[m]) for m in markers if m in known and m not in inline)
    if supported:
        return f'<p class="sm-said" dir="auto">{body} {after}</p>'
    flag = '<span class="sm-flag">not supported by the sources</span>'
    return f'<p class="sm-said sm-unsupported" dir="auto">{body} {after} {flag}</p>'


def _key(citation: Citation) -> str:
    return place_key(citation.doc_id, citation.page_index, citation.start, citation.end, citation.page)


def _chip(citation: Citation) -> str:
    where = " ".join(part for part in (citation.document, place(citation.page)) if part)
    return (
        f'<button type="button" class="sm-chip" data-choose="{text(_key(citation))}" title="{text(where)}" '
        f'aria-label="Source {citation.marker}: {text(where)}">{citation.marker}</button>'
    )


def _source(citation: Citation, quoted: bool) -> str:
    """A line of the list of sources; the quotation is left out where the answer above consists of it."""
    where = " · ".join(part for part in (citation.document, place(citation.page)) if part)
    quote = f'<span class="sm-q" dir="auto">{text(shortened(citation.quote))}</span>' if quoted else ""
    return (
        f'<button type="button" class="sm-evidence sm-source" data-choose="{text(_key(citation))}">'
        f'<span class="sm-number">{citation.marker}</span>{quote}'
        f'<span class="sm-muted" dir="auto">{text(where)}</span></button>'
    )


def _not_found(answer: Answer, verdict: str) -> str:
    said = answer.answer or "No passage of the archive answers this question."
    near = "".join(_pointer(hit) for hit in answer.passages[:4])
    closest = (
        f'<details class="sm-rest"><summary>Closest passages, not an answer</summary>{near}</details>' if near else ""
    )
    return (
        '<article class="sm-answer sm-nothing"><h4>Not found in the archive</h4>'
        f'<p class="sm-said" dir="auto">{text(said)}</p>{closest}{_notes(answer)}{verdict}</article>'
    )


def _pointer(hit: Hit) -> str:
    where = " · ".join(part for part in (hit.document, place(hit.passage.page)) if part)
    return (
        f'<button type="button" class="sm-evidence" data-choose="{text(hit_key(hit))}">'
        f'<span class="sm-q" dir="auto">{text(shortened(hit.passage.text))}</span>'
        f'<span class="sm-muted" dir="auto">{text(where)}</span></button>'
    )


def _notes(answer: Answer) -> str:
    return "".join(f'<p class="sm-muted sm-note-line">{text(note)}</p>' for note in answer.notes)


def as_markdown(turns: Sequence[Turn]) -> str:
    """The conversation with its sources, for a file (Markdown, not HTML)."""
    lines = ["# Questions to the archive"]
    for turn in turns:
        lines += ["", f"## {' '.join(turn.question.split())}", ""]
        if turn.answer is None:
            lines.append(f"_{turn.problem}_")
        elif not turn.answer.answered:
            lines.append("**Not found in the archive.** " + turn.answer.answer)
        else:
            lines.append(turn.answer.answer)
            lines += [""] + [
                f"[{c.marker}] {c.document} {place(c.page)}: “{' '.join(c.quote.split())}”"
                for c in turn.answer.citations
            ]
    return "\n".join(lines) + "\n"
