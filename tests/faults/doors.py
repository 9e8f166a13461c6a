"""The doors through which bytes of others come in, each as a function that raises only where the program is at fault.

Comes in: bytes and a folder to work in. Goes out: nothing, or an exception that is a defect. `fuzz_atheris.py` throws
bytes at them with the guidance of coverage, `test_crashes.py` throws those that once broke something.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fuzzed

from stratmap.artefacts import MANIFEST, load_manifest, write_manifest
from stratmap.errors import ArtefactError, FrameworkError, ReadingError, StratmapError
from stratmap.framework import Framework, load_framework
from stratmap.index import Index
from stratmap.index.schema import FILE
from stratmap.reading import read_bytes, read_items, read_text
from stratmap.records import Document, Unreadable
from stratmap.reporting.iati import insert_tags, read_activities
from stratmap.reviewing.sheet import read_sheet
from stratmap.settings import ReadingSettings, Settings

# In this process: a child would hide from the fuzzer what its bytes reach.
LIMITS = ReadingSettings(apart=False, max_pages=50, max_characters=200_000, max_unpacked_bytes=5_000_000)
_FRAMEWORK = """schema: 1
id: small
name: Small
groups:
  - id: themes
    name: Themes
    labels:
      - {code: T1, name: First, statement: Work on the first theme., keywords: [first]}
      - {code: T2, name: Second, statement: Work on the second theme.}
"""


@dataclass(frozen=True, slots=True)
class Door:
    """Where bytes come in.

    Attributes:
        enter: Takes them in a folder of its own; an exception that leaves it is a defect.
        seeds: Whole inputs to start from.
    """

    enter: Callable[[bytes, Path], None]
    seeds: tuple[bytes, ...]


def _reader(name: str) -> Callable[[bytes, Path], None]:
    def enter(data: bytes, folder: Path) -> None:
        try:
            document = read_bytes(data, name, LIMITS)
        except ReadingError as error:
            assert str(error).startswith(name)  # noqa: PT017
            return
        document.text.encode("utf-8")
        for page in document.pages:
            assert document.text[page.start : page.start + len(page.text)] == page.text

    return enter


def _list_reader(name: str) -> Callable[[bytes, Path], None]:
    def enter(data: bytes, folder: Path) -> None:
        path = folder / name
        path.write_bytes(data)
        for item in read_items(path, LIMITS):
            assert isinstance(item, Document | Unreadable)

    return enter


def _inside(make: Callable[[], bytes], member: str, name: str) -> Callable[[bytes, Path], None]:
    """A reader of a zipped format whose member is what is fuzzed, so that changed bytes pass the checksums."""
    enter = _list_reader(name)

    def packed(data: bytes, folder: Path) -> None:
        target = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(make())) as whole, zipfile.ZipFile(target, "w") as archive:
            for info in whole.infolist():
                archive.writestr(info.filename, data if info.filename == member else whole.read(info))
        enter(target.getvalue(), folder)

    return packed


def _member(whole: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return archive.read(name)


def _manifest(data: bytes, folder: Path) -> None:
    (folder / MANIFEST).write_bytes(data)
    with contextlib.suppress(ArtefactError):
        assert load_manifest(folder, "encoder").kind == "encoder"


@cache
def _whole_manifest() -> bytes:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "weights.bin").write_bytes(b"one two three")
        write_manifest(folder, "encoder", "tiny", "1", ["weights.bin"], {"dim": 4})
        return (folder / MANIFEST).read_bytes()


def _framework(data: bytes, folder: Path) -> None:
    path = folder / "f.yaml"
    path.write_bytes(data)
    with contextlib.suppress(FrameworkError):
        assert load_framework(str(path)).codes


@cache
def _strategy() -> Framework:
    return load_framework("iom-seeeca")


def _iati(data: bytes, folder: Path) -> None:
    with contextlib.suppress(StratmapError):
        activities = read_activities(data, "a.xml")
        insert_tags(data, [None] * len(activities), _strategy(), source="a.xml")


def _sheet(data: bytes, folder: Path) -> None:
    path = folder / "c.xlsx"
    path.write_bytes(data)
    with contextlib.suppress(StratmapError):
        read_sheet(path, _strategy(), "nobody", LIMITS)


def _settings(data: bytes, folder: Path) -> None:
    path = folder / "stratmap.toml"
    path.write_bytes(data)
    with contextlib.suppress(StratmapError):
        assert Settings.load(path)


def _index(data: bytes, folder: Path) -> None:
    (folder / FILE).write_bytes(data)
    try:
        with contextlib.suppress(StratmapError):
            index = Index.open(folder, "hashing", "hashing-1", 4)
            index.verify()
            index.documents()
    finally:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@cache
def _whole_index() -> bytes:
    from tempfile import TemporaryDirectory

    import numpy as np

    from stratmap.index import Indexable
    from stratmap.records import Passage

    with TemporaryDirectory() as name:
        made = Index.open(Path(name) / "i", "hashing", "hashing-1", 4, make=True)
        text = "Border police were trained."
        document = read_text(text, "a.md")
        passage = Passage(document.doc_id, 0, None, 0, len(text), 0, text)
        made.add([Indexable(document, [passage], np.full((1, 4), 0.5, np.float32))])
        return (made.folder / FILE).read_bytes()


def doors() -> dict[str, Door]:
    """All doors by name."""
    docx, xlsx = fuzzed.docx(), fuzzed.xlsx()
    part, sheet = "word/document.xml", "xl/worksheets/sheet1.xml"
    return {
        "pdf": Door(_reader("a.pdf"), (fuzzed.PDF,)),
        "docx": Door(_reader("a.docx"), (docx,)),
        "docx-part": Door(_inside(fuzzed.docx, part, "a.docx"), (_member(docx, part),)),
        "xlsx": Door(_list_reader("a.xlsx"), (xlsx,)),
        "xlsx-part": Door(_inside(fuzzed.xlsx, sheet, "a.xlsx"), (_member(xlsx, sheet),)),
        "html": Door(_reader("a.html"), (fuzzed.HTML.encode(),)),
        "mail": Door(_reader("a.eml"), (fuzzed.MAIL.encode(),)),
        "markdown": Door(
            _reader("a.md"), (b"---\ntitle: x\n---\n# A\n\n| a | b |\n|---|---|\n| c | d |\n\n* Border.\n",)
        ),
        "text": Door(_reader("a.txt"), ("Граница, meja, border.\n".encode(), "Граница".encode("utf-16"))),
        "csv": Door(_list_reader("a.csv"), (fuzzed.CSV.encode(),)),
        "jsonl": Door(_list_reader("a.jsonl"), (fuzzed.JSONL.encode(),)),
        "manifest": Door(_manifest, (_whole_manifest(),)),
        "framework": Door(_framework, (_FRAMEWORK.encode(),)),
        "iati": Door(_iati, (fuzzed.IATI.encode(),)),
        "corrections": Door(_sheet, (xlsx,)),
        "settings": Door(_settings, (b"[reading]\nmax_pages = 5\n[app]\nhost = '::1'\n",)),
        "index": Door(_index, (_whole_index(),)),
    }
