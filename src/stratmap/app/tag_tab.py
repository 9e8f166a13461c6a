"""The tab *Tag*: a pasted text, uploads or a sample come in; tags, evidence and a file go out.

Plain functions first, their wiring to Gradio last. Reports stay in the session of whoever brought them; nothing
is added to the archive here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from stratmap.app.correcting import author_of, correct_report
from stratmap.app.downloads import covered_reports, write_docx, write_iati, write_json, write_workbook
from stratmap.app.protocol import DeskLike, TaggedReport
from stratmap.app.reader import UNLISTED, open_place, wire_reader
from stratmap.app.render import tags as render
from stratmap.app.render.text import empty, notice, plural, shortened
from stratmap.app.samples import SAMPLES
from stratmap.app.theme import caption, panel
from stratmap.errors import LimitExceeded, StratmapError, UsageError
from stratmap.framework import shipped_crosswalks
from stratmap.reading import READABLE_SUFFIXES, read_bytes, read_text
from stratmap.records import Document
from stratmap.reviewing.corrections import Standing
from stratmap.settings import Settings

_NEAREST = 6
_FORMS = ("DOCX", "XLSX", "JSON", "IATI")
_LONG = 60_000  # characters: about twenty pages
_START = ("Nothing tagged yet", "Paste a report, upload files or pick a sample; the tags appear here.")
_NAMES = {
    "sdg": "SDGs",
    "gcm": "Global Compact for Migration",
    "srf": "IOM results framework",
}
Progress = Callable[[float, str], None]


def read_pasted(pasted: str, settings: Settings) -> Document:
    """The pasted text as a document, named after its first line.

    Raises:
        LimitExceeded: It is longer than the setting allows.
    """
    if len(pasted) > settings.app.max_paste_characters:
        most = f"{settings.app.max_paste_characters:,}"
        raise LimitExceeded("pasted text", f"expected at most {most} characters, found {len(pasted):,}.")
    first = next((line for line in pasted.splitlines() if line.strip()), "pasted text")
    return read_text(pasted, shortened(first, 80))


def read_upload(path: Path, settings: Settings) -> Document:
    """An uploaded file as a document; its place on the server is not kept.

    Raises:
        ReadingError: It is too large or cannot be read.
    """
    size = path.stat().st_size
    if size > settings.app.max_upload_bytes:
        most = f"{settings.app.max_upload_bytes:,}"
        raise LimitExceeded(path.name, f"expected at most {most} bytes, found {size:,}.")
    return read_bytes(path.read_bytes(), path.name, settings.reading)


def tag_report(desk: DeskLike, document: Document, progress: Callable[[int, int], None] | None = None) -> TaggedReport:
    """Tag one document and look for its neighbours; an archive that cannot be asked is a note, not an error."""
    tagged = desk.tag(document, progress)
    try:
        return TaggedReport(document, tagged, tuple(desk.similar(document, _NEAREST)))
    except StratmapError as error:
        return TaggedReport(document, tagged, note=str(error))


def tag_reports(
    desk: DeskLike, settings: Settings, pasted: str, paths: Sequence[str], progress: Progress
) -> tuple[list[TaggedReport], list[str]]:
    """Read and tag the pasted text and every file; one that fails becomes a problem, the rest goes on."""
    if len(paths) > settings.app.max_files:
        most = f"expected at most {settings.app.max_files} files at once, found {len(paths)}"
        return [], [f"{most}. `stratmap tag FOLDER --out RESULTS` takes any number."]
    sources: list[Callable[[], Document]] = []
    if pasted.strip():
        sources.append(lambda: read_pasted(pasted, settings))
    sources += [lambda path=Path(path): read_upload(path, settings) for path in paths]  # type: ignore[misc]
    done: list[TaggedReport] = []
    problems: list[str] = []
    for position, read in enumerate(sources):
        counted = f"Report {position + 1} of {len(sources)}"
        progress(position / len(sources), f"{counted}: reading")
        try:
            document = read()
            told = _Within(progress, position, len(sources), len(document.pages))
            told(0, 1)
            done.append(tag_report(desk, document, told))
        except StratmapError as error:
            problems.append(str(error))
    return done, problems


@dataclass(frozen=True, slots=True)
class _Within:
    """Tells how far one report of several is: a third of its share is for reading the file, the rest for tagging."""

    progress: Progress
    position: int
    count: int
    pages: int

    def __call__(self, done: int, total: int) -> None:
        share = done / max(1, total)
        far = f", {share:.0%} of it" if done else ""
        said = f"Report {self.position + 1} of {self.count}: looking for evidence on {plural(self.pages, 'page')}{far}"
        self.progress((self.position + 0.3 + 0.7 * share) / self.count, said)


def show_report(desk: DeskLike, reports: Sequence[TaggedReport], position: int, problems: Sequence[str]) -> str:
    """One report of the session, with what could not be read above it."""
    above = "".join(notice(problem, "Not read:", "problem") for problem in problems)
    if not reports:
        return above or notice("Paste a text or choose a file first.")
    shown = reports[min(position, len(reports) - 1)]
    stands = desk.reviews.standing(shown.document.doc_id) if desk.reviews else Standing()
    return above + render.report(shown, desk.framework, stands)


def correct(
    desk: DeskLike, reports: Sequence[TaggedReport], position: int, author: str, key: str
) -> tuple[str, list[TaggedReport]]:
    """One report as corrected, and all reports of the session; a refusal stands above the report as it was."""
    if not reports:
        return show_report(desk, reports, position, ()), []
    chosen = min(position, len(reports) - 1)
    problem = ""
    try:
        changed = correct_report(desk, reports[chosen], key, author)
        reports = [changed if number == chosen else one for number, one in enumerate(reports)]
    except StratmapError as error:
        problem = notice(str(error), "Not kept:", "problem")
    return problem + show_report(desk, reports, chosen, ()), list(reports)


def show_crosswalk(desk: DeskLike, reports: Sequence[TaggedReport], position: int, target: str) -> str:
    """The applied tags of a report in the words of another framework."""
    if not reports:
        return notice("Tag a report first.")
    codes = render.applied_codes(reports[min(position, len(reports) - 1)].tagged)
    try:
        return render.crosswalk_table(desk.crosswalk(target), codes, desk.framework)
    except StratmapError as error:
        return notice(str(error), kind="problem")


def write_files(desk: DeskLike, reports: Sequence[TaggedReport], *, covered: bool = False) -> tuple[str | None, ...]:
    """DOCX, workbook, JSON and IATI elements of all reports of the session; none without reports.

    Args:
        desk: Has the framework.
        reports: Of the session.
        covered: Whether personal data is covered in them.
    """
    if not reports:
        return (None,) * len(_FORMS)
    reports = covered_reports(reports) if covered else reports
    strategy = desk.framework
    return write_docx(reports, strategy), write_workbook(reports), write_json(reports), write_iati(reports, strategy)


def tag_text(desk: DeskLike, settings: Settings, text: str) -> dict[str, Any]:
    """The tags of one text as data.

    Raises:
        UsageError: The text is empty.
        StratmapError: It cannot be tagged.
    """
    if not text.strip():
        raise UsageError("expected a text, found none.")
    return render.as_data(desk.tag(read_pasted(text, settings)))


@dataclass(frozen=True, slots=True)
class Parts:
    """Components of the tab that corrections change: the report, the session's reports, the picker, the downloads.

    `covered` says whether personal data is covered in the downloads.
    """

    shown: Any
    state: Any
    picker: Any
    files: list[Any]
    covered: bool = False


def build(desk: DeskLike, settings: Settings) -> Parts:
    """Draw the tab and wire its events (inside a `gr.Blocks`); returns what `wire_corrections` takes."""
    state = gr.State([])
    box, inputs, starts = _input_box()
    picker = gr.Radio(label="Reports", choices=[], type="index", visible=False, elem_id="picker")
    with gr.Row(visible=False, elem_classes="sm-actions sm-tools") as tools:
        caption("Download")
        files = [
            gr.DownloadButton(form, size="sm", scale=0, min_width=66, elem_id=f"tag-{form.lower()}", interactive=False)
            for form in _FORMS
        ]
        caption("In the words of")
        targets = [gr.Button(_NAMES.get(t, t), size="sm", scale=0, min_width=120) for t in _targets(desk)]
    related = gr.HTML(apply_default_css=False, elem_id="crosswalk")
    shown = panel("report", empty(*_START))
    reader = panel("tag-reader")
    _wire(desk, settings, inputs, starts, (shown, state, picker, box, tools, related, reader), files)
    picker.input(
        lambda reports, position: (show_report(desk, reports, position or 0, ()), "", ""),
        [state, picker],
        [shown, related, reader],
        api_name="show_report",
    )
    for button, target in zip(targets, _targets(desk), strict=True):
        button.click(
            lambda reports, position, target=target: show_crosswalk(desk, reports, position or 0, target),
            [state, picker],
            related,
            api_name=f"crosswalk_{target}",
        )
    wire_reader(shown, reader, lambda key: open_place(desk, key), "open_neighbour")
    return Parts(shown, state, picker, files, settings.privacy.mask_exports)


def _ready(paths: Sequence[str | None]) -> list[Any]:
    """Buttons that give these files; one without a file cannot be pressed."""
    return [gr.DownloadButton(value=path, interactive=path is not None) for path in paths]


def retagged(desk: DeskLike, reports: Sequence[TaggedReport]) -> list[TaggedReport]:
    """The reports as the version now in use tags them; very long ones stay until they are tagged again."""
    return [one if len(one.document.text) > _LONG else replace(one, tagged=desk.tag(one.document)) for one in reports]


def wire_corrections(desk: DeskLike, parts: Parts, author: Any, learned: Any) -> None:
    """Let the buttons on a tag correct it, and show what another version of the tagger changes.

    Args:
        desk: What keeps corrections.
        parts: Of the tab.
        author: Holds the name of who corrects.
        learned: Changes when another version is in use.
    """
    key = gr.Textbox(visible=False)

    def fix(reports: list[TaggedReport], position: int | None, name: str, chosen: str, request: gr.Request) -> Any:
        return correct(desk, reports, position or 0, author_of(name, request), chosen)

    def again(reports: list[TaggedReport], position: int | None) -> Any:
        if not reports:
            return gr.skip(), gr.skip()
        changed = retagged(desk, reports)
        return show_report(desk, changed, position or 0, ()), changed

    learned.change(
        again,
        [parts.state, parts.picker],
        [parts.shown, parts.state],
        api_name="show_retagged",
        show_progress="hidden",
        **UNLISTED,
    )
    parts.shown.edit(
        fix,
        [parts.state, parts.picker, author, key],
        [parts.shown, parts.state],
        js="(reports, position, author) => [reports, position, author, window.stratmapChosen || '']",
        api_name="correct_tag",
        show_progress="hidden",
        trigger_mode="multiple",  # a click while another one is on its way counts too
        concurrency_limit=1,  # and they come back in order
        **UNLISTED,
    ).then(
        lambda reports: _ready(write_files(desk, reports, covered=parts.covered)),
        parts.state,
        parts.files,
        api_name="write_corrected",
        show_progress="hidden",
        **UNLISTED,
    )


def _input_box() -> tuple[Any, Any, Any]:
    """The box with its inputs (text, files) and the buttons that start (go, samples)."""
    with gr.Accordion("Your report", open=True, elem_id="report-input") as box:
        with gr.Row(equal_height=True):
            pasted = gr.Textbox(
                label="Paste the text",
                lines=9,
                max_lines=14,
                elem_id="paste",
                scale=3,
                placeholder="A project report, a proposal, a news item …",
            )
            files = gr.File(
                label="or upload files",
                file_count="multiple",
                file_types=sorted(READABLE_SUFFIXES),
                scale=2,
                height=210,
                elem_id="upload",
            )
        with gr.Row(elem_classes="sm-actions"):
            go = gr.Button("Tag this report", variant="primary", elem_id="tag-go", scale=0, min_width=180)
            caption("or try")
            tries = [gr.Button(name, size="sm", scale=0, min_width=130) for name in SAMPLES]
    return box, (pasted, files), (go, tries)


def _targets(desk: DeskLike) -> tuple[str, ...]:
    return shipped_crosswalks(desk.framework.id)


def _wire(desk: DeskLike, settings: Settings, inputs: Any, starts: Any, outputs: Any, links: Any) -> None:
    pasted, files = inputs
    go, tries = starts

    def tag(text: str, paths: list[str] | None, progress: Any = gr.Progress()) -> Any:  # noqa: B008
        reports, problems = tag_reports(desk, settings, text or "", paths or [], lambda d, m: progress(d, desc=m))
        names = [f"{i}. {shortened(r.document.name, 50)}" for i, r in enumerate(reports, 1)]
        radio = gr.Radio(choices=names, value=names[0] if names else None, visible=len(names) > 1)
        return (
            show_report(desk, reports, 0, problems),
            reports,
            radio,
            gr.Accordion(open=not reports),
            gr.Row(visible=bool(reports)),
            "",
            "",
            *(gr.DownloadButton(interactive=False) for _ in _FORMS),  # until the files of these reports are written
        )

    def write(reports: list[TaggedReport]) -> Any:
        return _ready(write_files(desk, reports, covered=settings.privacy.mask_exports))

    state = outputs[1]
    filled = [*outputs, *links]
    shown = outputs[0]
    go.click(tag, [pasted, files], filled, api_name="tag_reports", show_progress_on=shown).then(
        write, state, list(links), api_name="write_files", show_progress="hidden"
    )
    for button, name in zip(tries, SAMPLES, strict=True):
        key = name.lower().replace(" ", "_")
        button.click(lambda name=name: (SAMPLES[name], None), None, [pasted, files], api_name=f"sample_{key}").then(
            tag, [pasted, files], filled, api_name=f"tag_{key}", api_visibility="undocumented", show_progress_on=shown
        ).then(
            write, state, list(links), api_name=f"write_{key}", api_visibility="undocumented", show_progress="hidden"
        )
