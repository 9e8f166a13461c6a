"""The buttons and lines with which a tag is corrected: a tag and what stands come in, HTML goes out.

A click on the pressed button takes the verdict back. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence

from stratmap.app.render.text import plural, text
from stratmap.records import Correction, Evidence, Tag


def verdict_buttons(tag: Tag) -> str:
    """Applies and does not apply, side by side; the one that a person chose is pressed."""
    yes = _verdict(tag, "yes", "✓", f"{tag.code} applies", tag.corrected and tag.applied)
    no = _verdict(tag, "no", "✕", f"{tag.code} does not apply", tag.corrected and not tag.applied)
    return f'<span class="sm-verdict" role="group" aria-label="Correct {text(tag.code)}">{yes}{no}</span>'


def _verdict(tag: Tag, word: str, sign: str, said: str, pressed: bool) -> str:
    key = f"tag|{tag.code}|{'back' if pressed else word}"
    title = f"{said}: yours; click to take back" if pressed else said
    return (
        f'<button type="button" class="sm-is-{word}" data-correct="{text(key)}" data-key="{text(tag.code)}-{word}" '
        f'aria-pressed="{str(pressed).lower()}" aria-label="{text(title)}" title="{text(title)}">{sign}</button>'
    )


def wrong_evidence_button(code: str, item: Evidence) -> str:
    """Marks a passage as wrong evidence for a label."""
    key = f"evidence|{code}|{item.page_index}|{item.start}|{item.end}|no"
    return (
        f'<button type="button" class="sm-wrong" data-correct="{text(key)}" title="Wrong evidence: hide it and learn '
        f'from it" aria-label="Wrong evidence for {text(code)}">✕</button>'
    )


def wrong_evidence_line(code: str, places: Sequence[tuple[int, int, int]]) -> str:
    """How many passages were marked, each with a way back."""
    if not places:
        return ""
    buttons = " ".join(
        f'<button type="button" class="sm-link" data-correct="evidence|{text(code)}|{a}|{b}|{c}|back">'
        f"show {number} again</button>"
        for number, (a, b, c) in enumerate(sorted(places), 1)
    )
    return f'<p class="sm-fixed">{plural(len(places), "passage")} marked as wrong evidence. {buttons}</p>'


def note_box(code: str, notes: Sequence[Correction]) -> str:
    """The notes on a tag, and a box for another one."""
    said = "".join(
        f'<p class="sm-fixed" dir="auto">{text(one.note)} <span class="sm-muted">{text(one.author)}, '
        f"{text(one.at[:10])}</span></p>"
        for one in notes
        if one.code == code
    )
    name = f"note-{text(code)}"
    return (
        f'{said}<details class="sm-notebox" id="notebox-{text(code)}"><summary>Write a note</summary>'
        f'<textarea id="{name}" rows="2" maxlength="2000" aria-label="Note on {text(code)}"></textarea>'
        f'<button type="button" class="sm-button" data-correct="note|{text(code)}|" data-text="{name}">Keep the note'
        "</button></details>"
    )
