"""Pages with highlights: page texts and spans come in, HTML whose text is exactly the page's goes out.

Spans may overlap; a span outside its page is cut to it. Does not decide what is evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from stratmap.app.render.text import colour, place, text
from stratmap.framework import Framework
from stratmap.records import Document, Hit, TaggedDocument

_MOST_CHARACTERS = 400_000


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a page to highlight. `anchor` is the id that a click jumps to, `code` the label."""

    start: int
    end: int
    code: str = ""
    colour: str = ""
    anchor: str = ""
    title: str = ""


def highlighted(page_text: str, spans: Sequence[Span]) -> str:
    """A page's text with its spans marked; overlaps share a mark that names all their labels."""
    kept = [s for s in spans if 0 <= s.start < min(s.end, len(page_text))]
    edges = sorted({0, len(page_text), *(s.start for s in kept), *(min(s.end, len(page_text)) for s in kept)})
    parts = []
    for start, end in pairwise(edges):
        covering = [s for s in kept if s.start <= start and s.end >= end]
        opening = "".join(_anchor(s) for s in kept if s.start == start)
        piece = text(page_text[start:end])
        parts.append(opening + (_mark(piece, covering) if covering else piece))
    return "".join(parts)


def _anchor(span: Span) -> str:
    here = f'<span class="sm-anchor" id="{text(span.anchor)}"></span>' if span.anchor else ""
    if not span.code:
        return here
    return (
        f'{here}<button type="button" class="sm-code" style="--c:{colour(span.colour)}" '
        f'data-jump="row-{text(span.code)}" data-code="{text(span.code)}" '
        f'aria-label="Back to tag {text(span.code)}"></button>'
    )


def _mark(piece: str, covering: Sequence[Span]) -> str:
    titles = text(" · ".join(dict.fromkeys(s.title for s in covering if s.title)))
    colours = list(dict.fromkeys(colour(s.colour) for s in covering))
    second = f";--c2:{colours[1]}" if len(colours) > 1 else ""
    kind = ' class="sm-two"' if second else ""
    return f'<mark{kind} style="--c:{colours[0]}{second}" title="{titles}">{piece}</mark>'


def anchor(code: str, position: int) -> str:
    """The id of the n-th piece of evidence of a label."""
    return f"ev-{code}-{position}"


def evidence_spans(tagged: TaggedDocument, framework: Framework) -> dict[int, list[Span]]:
    """The spans to highlight by page index: evidence of all tags that are applied or need a look."""
    colours = {label.code: label.colour for label in framework.labels}
    found: dict[int, list[Span]] = {}
    for tags in tagged.tags.values():
        for tag in (t for t in tags if t.applied or t.review):
            for position, item in enumerate(tag.evidence):
                found.setdefault(item.page_index, []).append(
                    Span(
                        item.start,
                        item.end,
                        tag.code,
                        colours.get(tag.code, ""),
                        anchor(tag.code, position),
                        f"{tag.code} {tag.name}",
                    )
                )
    return found


def document_panel(document: Document, spans: dict[int, list[Span]]) -> str:
    """The whole document, page after page; a very long one shows the pages that carry evidence."""
    long = sum(len(page.text) for page in document.pages) > _MOST_CHARACTERS
    pages = []
    for index, page in enumerate(document.pages):
        if long and index not in spans:
            continue
        head = f'<div class="sm-page-head">Page {page.number}</div>' if page.number is not None else ""
        body = highlighted(page.text, spans.get(index, ())) or '<em class="sm-muted">no text on this page</em>'
        pages.append(f'<section class="sm-page">{head}<div class="sm-prose" dir="auto">{body}</div></section>')
    note = '<div class="sm-page-head">A long document: only pages with evidence are shown.</div>' if long else ""
    return (
        '<section class="sm-card sm-document" aria-label="The report with its evidence">'
        f'<h3 class="sm-h">The report <span class="sm-muted" dir="auto">{text(document.name)}</span></h3>'
        f'<div class="sm-scroll" tabindex="0" role="region" aria-label="Text of the report">{note}{"".join(pages)}'
        "</div></section>"
    )


def page_view(title: str, page: int | None, page_text: str, start: int, end: int, printed: str = "") -> str:
    """One page of the archive with a quotation highlighted and scrolled to.

    `printed` is the key under which the page can be seen as it was printed, "" where it cannot.
    """
    where = f'<span class="sm-muted">{text(place(page))}</span>'
    if 0 <= start < min(end, len(page_text)):
        before, quote, after = page_text[:start], page_text[start:end], page_text[end:]
        body = f'{text(before)}<mark class="sm-quote" data-arrive="1">{text(quote)}</mark>{text(after)}'
    else:
        body = text(page_text)
    return (
        '<section class="sm-card sm-reader" data-into-view="1" aria-label="Page of the archive">'
        f'<h3 class="sm-h"><span dir="auto">{text(title)}</span> {where}</h3>'
        '<div class="sm-scroll" tabindex="0" role="region" aria-label="Text of the page">'
        f'<div class="sm-prose" dir="auto">{body}</div></div>{_printed_button(printed)}</section>'
    )


def _printed_button(key: str) -> str:
    if not key:
        return ""
    return f'<button type="button" class="sm-button sm-below" data-printed="{text(key)}">Show the printed page</button>'


def printed_page(name: str, page: int | None, jpeg: str) -> str:
    """A printed page; `jpeg` is the picture in base64."""
    said = f"{name}, {place(page)}, with the quotation marked"
    return (
        '<section class="sm-card sm-printed" data-into-view="1" aria-label="The printed page">'
        f'<img alt="{text(said)}" src="data:image/jpeg;base64,{text(jpeg)}"></section>'
    )


def hit_key(hit: Hit) -> str:
    """The key of a passage for the reader."""
    p = hit.passage
    return place_key(p.doc_id, p.page_index, p.start, p.end, p.page)


def place_key(doc_id: str, page_index: int, start: int, end: int, page: int | None) -> str:
    """`doc|page index|start|end|page`: what a chip hands to the server."""
    return f"{doc_id}|{page_index}|{start}|{end}|{'' if page is None else page}"
