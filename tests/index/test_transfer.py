"""An index carried elsewhere and back: everything arrives, nothing that was changed on the way does."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from stratmap import files
from stratmap.errors import IndexFolderError, StratmapError, UsageError
from stratmap.index import carrier as carriers
from stratmap.index import transfer
from stratmap.index.carrier import NAME
from stratmap.index.corrections import CorrectionStore
from stratmap.index.features import Features, FeatureStore
from stratmap.index.schema import FILE
from stratmap.index.transfer import carried, export_index, import_index
from stratmap.records import Correction


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of one or two documents, so that there are several."""
    monkeypatch.setattr(carriers, "_PART_PASSAGES", 4)


def corrected(index):
    """Corrections, and features of a corrected text that is not in the archive."""
    doc_id = index.documents()[0].doc_id
    note = Correction(doc_id, "r0.md", "O7", "tag", True, "Ana Ș.", "seen on page 1", "2026-01-02T03:04:05")
    CorrectionStore(index.folder).add([note])
    ones = np.ones((2, 32), np.float32)
    spans = np.array([[0, 0, 5], [0, 5, 9]])
    FeatureStore(index.folder, "tagger-1").keep_example(Features("x1", "x.md", ones, ones[:, :15], spans[:, 2], spans))


def test_everything_arrives_and_can_be_rolled_back_there(twelve, tmp_path, open_at, whole, small_parts):
    corrected(twelve)
    done = export_index(twelve.folder, tmp_path / "carrier")
    assert (done.documents, done.complete, len(done.parts) > 3) == (13, True, True)
    import_index(tmp_path / "carrier", tmp_path / "there")
    there = open_at(tmp_path / "there")
    assert whole(there) == whole(twelve)
    assert there.verify() == []
    assert there.documents()[0].labels["O7"] == 1.0
    assert CorrectionStore(there.folder).all() == CorrectionStore(twelve.folder).all()
    [example] = FeatureStore(there.folder, "tagger-1").examples()
    assert example.spans.tolist() == [[0, 0, 5], [0, 5, 9]]
    for each in (there, twelve):
        each.rollback(1)
    assert whole(there) == whole(twelve)
    assert sorted(path.name for path in there.folder.iterdir()) == ["head.json", FILE, "writer"]


def test_a_disk_that_refuses_at_the_very_end_leaves_an_index_and_nothing_beside_it(
    twelve, tmp_path, open_at, monkeypatch
):
    """The move stands, only its flush failed: the import cannot be done again, so nothing of it may stay."""
    export_index(twelve.folder, tmp_path / "carrier")

    def refuses(source, target):
        source.replace(target)
        raise OSError(5, "Input/output error", str(target))

    monkeypatch.setattr(transfer, "move_into_place", refuses)
    with pytest.raises(IndexFolderError, match="cannot be written"):
        import_index(tmp_path / "carrier", tmp_path / "there")
    assert not (tmp_path / "there" / transfer.STAGING).exists()
    assert open_at(tmp_path / "there").verify() == []


def test_a_carrier_of_a_carrier_is_the_same_to_the_byte(twelve, tmp_path, small_parts):
    export_index(twelve.folder, tmp_path / "one")
    import_index(tmp_path / "one", tmp_path / "there")
    export_index(tmp_path / "there", tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_an_empty_index_is_carried(tmp_path, open_at):
    open_at(tmp_path / "empty", make=True)
    export_index(tmp_path / "empty", tmp_path / "carrier")
    import_index(tmp_path / "carrier", tmp_path / "there")
    assert open_at(tmp_path / "there").documents() == []


@pytest.mark.parametrize("stop", [3, 9, 15, 20])
def test_an_export_that_was_cut_off_goes_on_and_ends_the_same(twelve, tmp_path, monkeypatch, small_parts, stop):
    export_index(twelve.folder, tmp_path / "whole")
    steps = []

    def fail(name, path):
        steps.append(name)
        if len(steps) == stop * 5:
            raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(files, "_step", fail)
        with pytest.raises(IndexFolderError, match="No space left"):
            export_index(twelve.folder, tmp_path / "cut")
    assert not json.loads((tmp_path / "cut" / NAME).read_text())["complete"]
    with pytest.raises(UsageError, match="cut off"):
        import_index(tmp_path / "cut", tmp_path / "there")
    written = []
    monkeypatch.setattr(files, "_step", lambda name, path: written.append(path.name) if name == "rename" else None)
    export_index(twelve.folder, tmp_path / "cut")
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "cut" / path.name).read_bytes(), path.name
    assert stop < 9 or "part-00001.jsonl" not in written


def test_an_export_of_another_state_begins_anew(twelve, tmp_path, monkeypatch, small_parts):
    def fail(name, path):
        if path.name == "part-00003.jsonl":
            raise OSError(5, "Input/output error", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(files, "_step", fail)
        with pytest.raises(IndexFolderError, match="Input/output"):
            export_index(twelve.folder, tmp_path / "carrier")
    twelve.delete(["r5.md"])
    assert export_index(twelve.folder, tmp_path / "carrier").generation == 4


def test_an_import_that_was_cut_off_leaves_no_index_and_goes_on(
    twelve, tmp_path, monkeypatch, open_at, whole, small_parts
):
    export_index(twelve.folder, tmp_path / "carrier")
    read, reads = carriers.read_part, []

    def stop(*args):
        reads.append(args[1].texts.name)
        if len(reads) == 4:
            raise OSError(5, "Input/output error", "disk")
        return read(*args)

    monkeypatch.setattr("stratmap.index.transfer.read_part", stop)
    with pytest.raises(IndexFolderError, match="Input/output"):
        import_index(tmp_path / "carrier", tmp_path / "there")
    with pytest.raises(IndexFolderError, match="found none"):
        open_at(tmp_path / "there")
    reads += ["again"]
    import_index(tmp_path / "carrier", tmp_path / "there")
    assert reads[5] == "part-00004.jsonl"
    assert whole(open_at(tmp_path / "there")) == whole(twelve)


@pytest.mark.parametrize("where", ["part-00001.jsonl", "part-00001.f32", "part-00002.f32", "table-corrections.jsonl"])
@pytest.mark.parametrize("change", ["flip", "cut", "gone", "longer"])
def test_one_changed_byte_is_refused_and_nothing_is_there(twelve, tmp_path, open_at, small_parts, where, change):
    corrected(twelve)
    export_index(twelve.folder, tmp_path / "carrier")
    path = tmp_path / "carrier" / where
    data = path.read_bytes()
    if change == "gone":
        path.unlink()
    else:
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        path.write_bytes({"flip": flipped, "cut": data[:-1], "longer": data + b"\n"}[change])
    with pytest.raises(IndexFolderError, match=where):
        import_index(tmp_path / "carrier", tmp_path / "there")
    with pytest.raises(IndexFolderError, match="found none"):
        open_at(tmp_path / "there")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2}, {"kind": "x"}, {"dim": -1}, {"dim": 31}, {"generation": "3"}, {"generation": 2}, {"parts": None},
        {"parts": [{"texts": {"name": "../index.sqlite", "sha256": "", "bytes": 0}}]}, {"tables": {"x; DROP": []}},
        {"notes": {"a": 1}}, {"tables": {"unknown": [{"name": "t", "sha256": "", "bytes": 0}, ["a"], 0]}},
    ],
)  # fmt: skip
def test_contents_that_are_none_are_refused(twelve, tmp_path, open_at, change):
    export_index(twelve.folder, tmp_path / "carrier")
    path = tmp_path / "carrier" / NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(IndexFolderError):
        import_index(tmp_path / "carrier", tmp_path / "there")
    assert not (tmp_path / "there" / FILE).exists()


def test_the_carrier_of_another_encoder_is_named_before_anything_is_done(twelve, tmp_path):
    export_index(twelve.folder, tmp_path / "carrier")
    assert carried(tmp_path / "carrier", "hashing", "hashing-1").documents == 13
    with pytest.raises(IndexFolderError, match=r"encoder other \(other-1\), found one of hashing"):
        carried(tmp_path / "carrier", "other", "other-1")


def test_what_is_there_is_never_overwritten(twelve, tmp_path):
    export_index(twelve.folder, tmp_path / "carrier")
    with pytest.raises(UsageError, match="finished carrier"):
        export_index(twelve.folder, tmp_path / "carrier")
    with pytest.raises(UsageError, match="without an index"):
        import_index(tmp_path / "carrier", twelve.folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear all")
    with pytest.raises(UsageError, match="other files"):
        export_index(twelve.folder, tmp_path / "mine")


def test_a_damaged_index_is_not_carried(twelve, tmp_path):
    with closing(sqlite3.connect(twelve.folder / FILE)) as connection, connection:
        connection.execute("UPDATE passages SET text = 'never said' WHERE id = 3")
    with pytest.raises(StratmapError, match="doctor --repair"):
        export_index(twelve.folder, tmp_path / "carrier")


def test_an_export_that_was_killed_at_once_can_be_done_again(twelve, tmp_path):
    target = tmp_path / "carrier"
    target.mkdir()
    (target / ".carrier.json.77-00ff.tmp").write_bytes(b"{")
    assert export_index(twelve.folder, target).complete
    assert [path.name for path in target.iterdir() if path.suffix == ".tmp"] == []
