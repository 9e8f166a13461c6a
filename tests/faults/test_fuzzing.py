"""Whatever bytes come in, each door gives a result or its own error, and the process lives.

Inputs that once broke something stand there as `@example`s and are tried first; `FUZZ=5000` tries more.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import fuzzed
import pytest
from fuzzed import damaged
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stratmap.artefacts import MANIFEST, load_manifest, write_manifest
from stratmap.errors import ArtefactError, FrameworkError, IndexFolderError, ReadingError, StratmapError
from stratmap.framework import load_framework
from stratmap.index import Index
from stratmap.index.carrier import NAME, read_contents, read_part
from stratmap.index.schema import FILE
from stratmap.index.transfer import export_index, import_index
from stratmap.reading import apart, read_bytes, read_items
from stratmap.records import Document, Unreadable
from stratmap.reporting.iati import read_activities
from stratmap.reviewing.sheet import read_sheet
from stratmap.settings import ReadingSettings

EXAMPLES = int(os.environ.get("FUZZ", "40"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
)
LIMITS = ReadingSettings(timeout_s=20.0)
WHOLE = {
    "a.pdf": fuzzed.PDF,
    "a.docx": fuzzed.docx(),
    "a.xlsx": fuzzed.xlsx(),
    "a.html": fuzzed.HTML.encode(),
    "a.eml": fuzzed.MAIL.encode(),
    "a.md": b"---\ntitle: x\n---\n# A\n\n| a | b |\n|---|---|\n| c | d |\n\n* Border police.\n",
    "a.txt": "Граница, meja, border.\n".encode(),
    "a.csv": fuzzed.CSV.encode(),
    "a.jsonl": fuzzed.JSONL.encode(),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_read(name):
    """Else the damaged ones would say nothing."""
    assert read_bytes(WHOLE[name], name, LIMITS).text.strip()


@pytest.mark.parametrize("name", WHOLE)
def test_readers_give_a_document_or_the_error_of_the_file(name, tmp_path):
    child = []

    @fuzz
    @given(damaged(WHOLE[name]))
    def tried(data):
        try:
            document = read_bytes(data, name, LIMITS)
            document.text.encode("utf-8")
            for page in document.pages:
                assert document.text[page.start : page.start + len(page.text)] == page.text
        except ReadingError as error:
            assert str(error).startswith(name)  # noqa: PT017
        (tmp_path / name).write_bytes(data)
        for item in read_items(tmp_path / name, LIMITS):
            assert isinstance(item, Document | Unreadable)
        child.append(apart._child)

    tried()
    if name in {"a.pdf", "a.docx", "a.xlsx", "a.html", "a.eml"}:
        assert len(set(child)) <= 2  # no input crashed the parser


@pytest.fixture
def model(tmp_path):
    (tmp_path / "weights.bin").write_bytes(b"one two three")
    write_manifest(tmp_path, "encoder", "tiny", "1", ["weights.bin"], {"dim": 4})
    return tmp_path


def test_a_manifest_is_loaded_or_refused(model):
    whole = (model / MANIFEST).read_bytes()

    @fuzz
    @example(b'{"schema": 1, "kind": "encoder", "name": "a", "version": "1", "files": {"\\u0000": "x"}}')
    @example(b'{"schema": 1, "kind": "encoder", "name": "a", "version": "1", "files": {"\\ud800": "x"}}')
    @given(damaged(whole))
    def tried(data):
        (model / MANIFEST).write_bytes(data)
        with contextlib.suppress(ArtefactError):
            assert load_manifest(model, "encoder").kind == "encoder"

    tried()


def test_a_framework_is_loaded_or_refused(root, tmp_path):
    whole = next((root / "src/stratmap/frameworks").glob("sdg*.yaml")).read_bytes()[:6_000]

    @fuzz
    @example(b"a: &a [*a]\n")
    @example(b"a: &a {b: *a}\ngroups: *a\n")
    @example(b"!!python/object/apply:os.system ['true']\n")
    @example(b"? [a]\n: 1\n")
    @example(b"2020-99-99\n")
    @given(damaged(whole))
    def tried(data):
        path = tmp_path / "f.yaml"
        path.write_bytes(data)
        with contextlib.suppress(FrameworkError):
            assert load_framework(str(path)).codes

    tried()


def test_iati_is_read_or_refused_and_what_is_written_is_xml():
    @fuzz
    @given(damaged(fuzzed.IATI.encode()))
    def tried(data):
        try:
            found = list(read_activities(data, "a.xml"))
        except ReadingError:
            return
        assert all(isinstance(one.title, str) for one in found)
        assert b"ENTITY" not in data or not any("haha" in one.title for one in found)

    tried()


def test_corrections_from_a_spreadsheet_are_read_or_refused(tmp_path):
    @fuzz
    @given(damaged(fuzzed.xlsx()))
    def tried(data):
        path = tmp_path / "c.xlsx"
        path.write_bytes(data)
        with contextlib.suppress(StratmapError):
            read_sheet(path, load_framework("iom-seeeca"), "nobody")

    tried()


@pytest.fixture
def small(tmp_path, indexable):
    made = Index.open(tmp_path / "index", "hashing", "hashing-1", 32, make=True)
    made.add([indexable("a.md", "Border police were trained in Armenia."), indexable("b.md", "Returnees were helped.")])
    return made


def test_an_index_file_is_opened_or_refused(small, tmp_path, hashing_encoder):
    whole = (small.folder / FILE).read_bytes()
    question = hashing_encoder.encode(["border"])[0]

    @fuzz
    @given(damaged(whole))
    def tried(data):
        folder = tmp_path / "fuzzed"
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        (folder / FILE).write_bytes(data)
        try:
            index = Index.open(folder, "hashing", "hashing-1", 32)
            index.verify()
            index.search("border", question, 3)
            index.documents()
        except IndexFolderError:
            pass

    tried()


def test_a_carrier_is_imported_or_refused_and_never_by_halves(small, tmp_path):
    export_index(small.folder, tmp_path / "carrier")
    contents = read_contents(tmp_path / "carrier")
    files = [NAME, contents.parts[0].texts.name]
    wholes = {name: (tmp_path / "carrier" / name).read_bytes() for name in files}

    @fuzz
    @given(st.sampled_from(files).flatmap(lambda name: st.tuples(st.just(name), damaged(wholes[name]))))
    def tried(change):
        name, data = change
        for each, whole in wholes.items():
            (tmp_path / "carrier" / each).write_bytes(data if each == name else whole)
        target = tmp_path / "there"
        try:
            import_index(tmp_path / "carrier", target)
            assert Index(target).verify() == []
        except StratmapError:
            assert not (target / FILE).exists()
        (target / FILE).unlink(missing_ok=True)

    tried()


def test_lines_of_a_carrier_with_the_right_hash_are_still_not_trusted(small, tmp_path):
    """Whoever makes a carrier can hash it: types, spans, numbers and generations are looked at one by one."""
    export_index(small.folder, tmp_path / "carrier")
    whole = [json.loads(line) for line in (tmp_path / "carrier" / "part-00001.jsonl").read_text("utf-8").splitlines()]
    part = read_contents(tmp_path / "carrier").parts[0]
    values = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.floats(), st.lists(st.integers(), max_size=3))

    @fuzz
    @given(st.sampled_from(sorted(whole[0])), values)
    def tried(key, value):
        from hashlib import sha256

        data = b"".join(json.dumps(one | {key: value}).encode() + b"\n" for one in whole)
        (tmp_path / "carrier" / "part-00001.jsonl").write_bytes(data)
        manifest = json.loads((tmp_path / "carrier" / NAME).read_text("utf-8"))
        manifest["parts"][0]["texts"] = asdict(part.texts) | {"sha256": sha256(data).hexdigest(), "bytes": len(data)}
        (tmp_path / "carrier" / NAME).write_text(json.dumps(manifest), encoding="utf-8")
        contents = read_contents(tmp_path / "carrier")
        try:
            for one in read_part(tmp_path / "carrier", contents.parts[0], contents):
                assert isinstance(one.doc_id, str)
        except IndexFolderError:
            pass

    tried()


@pytest.mark.parametrize("cut", range(0, 4096, 512))
def test_random_bytes_are_nobodys_format(cut, tmp_path):
    data = Path(__file__).read_bytes()[cut : cut + 64] + os.urandom(256)
    for name in WHOLE:
        try:
            read_bytes(data, name, LIMITS)
        except ReadingError:
            continue


def test_a_zip_that_is_no_office_file_is_refused():
    for name in ("a.docx", "a.pptx", "a.xlsx"):
        with pytest.raises(ReadingError):
            read_bytes(fuzzed.zipped({"word/x.txt": "x", "../../evil": "y"}), name, LIMITS)
