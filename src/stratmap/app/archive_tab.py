"""The tab *Archive*: documents come in and go; what is indexed, its tags and problems, and the state of all are shown.

Plain functions first, their wiring last. Uploads are read, tagged and indexed; their files are not kept. A file of the
same name replaces its former self.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from stratmap.app.health.watched import behind
from stratmap.app.protocol import DeskLike
from stratmap.app.reader import UNLISTED, held
from stratmap.app.render import archive as render
from stratmap.app.render.text import notice, plural
from stratmap.app.tag_tab import read_upload
from stratmap.app.theme import caption, panel
from stratmap.assembly import Desk
from stratmap.errors import StratmapError
from stratmap.health import examine
from stratmap.index.features import FeatureStore
from stratmap.reading import READABLE_SUFFIXES
from stratmap.records import IndexedDocument
from stratmap.reviewing.duplicates import Pair, near_duplicates
from stratmap.settings import Settings

Progress = Callable[[float, str], None]


def add(desk: DeskLike, settings: Settings, paths: Sequence[str], progress: Progress) -> str:
    """Read, tag and index uploads one after the other; what came of each in sentences.

    Each that is told as added is on the disk; one that fails does not stop the others.
    """
    added: list[str] = []
    held: list[str] = []
    problems: list[str] = []
    for position, path in enumerate(paths):
        name = Path(path).name
        progress(position / max(1, len(paths)), f"{position + 1} of {len(paths)}: {name}")
        try:
            document = read_upload(Path(path), settings)
            (added if desk.add_document(document) else held).append(name)
        except StratmapError as error:
            problems.append(str(error))
    told = "".join(notice(problem, "Not added:", "problem") for problem in problems)
    if held:
        told += notice(f"{', '.join(held)}: the same text is there already.")
    if added:
        told += notice(f"{plural(len(added), 'document')} added or replaced: {', '.join(added)}.", kind="good")
    return told or notice("Choose files first.")


def delete(desk: DeskLike, doc_id: str) -> str:
    """Delete a document by its id; a sentence."""
    try:
        known = held(desk, doc_id)
        if known is None or not desk.remove([doc_id]):
            return notice("The document is not there any more.")
    except StratmapError as error:
        return notice(str(error), kind="problem")
    said = f"{known.name} is deleted: it is cited and counted no more."
    return notice(f"{said} `stratmap index compact` removes its text from the disk.", kind="good")


def show(desk: DeskLike, wanted: str = "") -> str:
    """The documents that hold all the words, in name, title, country, year, tag or warning."""
    try:
        documents = desk.documents()
    except StratmapError:
        documents = []
    names = {one.doc_id: one.name for one in documents}
    alike: dict[str, list[tuple[str, float]]] = {}
    by_hand: Counter[str] = Counter()
    if desk.reviews is not None:
        features = desk.reviews.features
        for pair in _twins(features, (tuple(names), tuple(features.unscored()))):
            alike.setdefault(pair.first, []).append((names.get(pair.second, pair.second), pair.likeness))
            alike.setdefault(pair.second, []).append((names.get(pair.first, pair.first), pair.likeness))
        verdicts = desk.reviews.corrections.verdicts()
        by_hand.update({doc_id: len(codes) for doc_id, codes in verdicts.items()})
    fitting = [one for one in documents if fits(one, wanted)]
    return render.document_list(fitting, desk.framework, alike, by_hand, len(documents))


@lru_cache(maxsize=1)
def _twins(features: FeatureStore, _state: tuple[tuple[str, ...], ...]) -> tuple[Pair, ...]:
    """Near-duplicates; looked for anew when documents or what is known of them change, not at each letter typed."""
    return tuple(near_duplicates(features.archive()))


def fits(one: IndexedDocument, wanted: str) -> bool:
    """Whether a document holds all the words.

    >>> fits(IndexedDocument("i", "a.pdf", "a.pdf", "Border", "en", 1, ("Armenia",), 2019, {"O8": 1.0}), "armenia o8")
    True
    """
    facts = " ".join((one.name, one.title, *one.countries, str(one.year or ""), *one.labels, *one.warnings)).casefold()
    return all(word in facts for word in wanted.casefold().split())


def check(desk: DeskLike) -> str:
    """The state of models, framework and index in words."""
    found = behind(desk)
    if not isinstance(found, Desk):
        return notice("There is nothing to check here.")
    return render.state(examine(found))


def build(desk: DeskLike, settings: Settings) -> tuple[Any, Any]:
    """Draw the tab and wire its events; returns the box to search in and the list, to be filled when it opens."""
    with gr.Accordion("Add or replace documents", open=True, elem_id="archive-input"):
        files = gr.File(
            label="Reports",
            file_count="multiple",
            file_types=sorted(READABLE_SUFFIXES),
            height=150,
            elem_id="archive-files",
        )
        with gr.Row(elem_classes="sm-actions"):
            go = gr.Button("Add to the archive", variant="primary", elem_id="archive-add", scale=0, min_width=190)
            caption("A file of the same name replaces the former one.")
    told = gr.HTML(elem_id="archive-told", apply_default_css=False)
    with gr.Row(elem_classes="sm-actions"):
        wanted = gr.Textbox(
            label="Look for", placeholder="A name, country, year, tag or warning", elem_id="archive-find", scale=3
        )
        examine_now = gr.Button("Check index and models", size="sm", scale=0, min_width=190, elem_id="archive-check")
    state = gr.HTML(elem_id="archive-state", apply_default_css=False)
    shown = panel("archive")
    key = gr.Textbox(visible=False)

    def put(paths: list[str] | None, words: str, progress: Any = gr.Progress()) -> Any:  # noqa: B008
        said = add(desk, settings, paths or [], lambda done, message: progress(done, desc=message))
        return said, show(desk, words), None

    go.click(put, [files, wanted], [told, shown, files], api_name="archive_add", show_progress_on=told, **UNLISTED)
    wanted.change(
        lambda words: show(desk, words), wanted, shown, api_name="show_archive", show_progress="hidden", **UNLISTED
    )
    shown.delete(
        lambda words, doc_id: (delete(desk, doc_id), show(desk, words)),
        [wanted, key],
        [told, shown],
        js="(words) => [words, window.stratmapChosen || '']",
        api_name="archive_delete",
        show_progress="hidden",
        **UNLISTED,
    )
    examine_now.click(lambda: check(desk), None, state, api_name="show_state", **UNLISTED)
    return wanted, shown
