import io
import json
import os
import zipfile

import pytest
from archive_fakes import FakeTagger
from lxml import etree

from stratmap.archive import run, write_iati_files
from stratmap.archive.sources import estimate, find_files, items_of
from stratmap.errors import UsageError
from stratmap.framework import Framework, Group, Label
from stratmap.records import Unreadable

IATI = """<?xml version="1.0"?>
<iati-activities version="{version}">
  <iati-activity>
    <iati-identifier>XX-1</iati-identifier>
    <title><narrative>Cash grants for people who return</narrative></title>
    <activity-date iso-date="2021-03-01" type="1"/>
    <recipient-country code="MD"/>
  </iati-activity>
  <iati-activity><iati-identifier>XX-2</iati-identifier></iati-activity>
</iati-activities>
"""
JSONL = '{"id": "a", "text": "Training for border guards."}\nnot json\n{"id": "b", "text": "Visas for students."}\n'
FRAMEWORK = Framework("f", "F", "", (Group("objectives", "O", (Label("O1", "First", "s"),)),))


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def outcomes(paths, out, settings):
    result = run(paths, out, FakeTagger(settings).tag, settings)
    done = [json.loads(line) for line in result.tags.read_text("utf-8").splitlines()]
    failed = [json.loads(line) for line in result.failures.read_text("utf-8").splitlines()]
    return done, {one["source"]: one["reason"] for one in failed}


def test_a_zip_is_read_member_by_member_and_never_leaves_its_place(tmp_path, settings):
    inner = make_zip(tmp_path / "inner.zip", {"a.txt": "x"}).read_bytes()
    members = {
        "b/report.txt": "A report on visas.", "../evil.txt": "Out.", "/root.txt": "Out.", "C:/x.txt": "Out.",
        "a.jsonl": JSONL, "inner.zip": inner, "bomb.txt": b"\0" * 30_000_000, "folder/": "",
        "__MACOSX/._a": "x", "act.xml": IATI.format(version="2.03"), "other.xml": "<a/>",
    }  # fmt: skip
    path = make_zip(tmp_path / "in.zip", members)
    before = sorted(tmp_path.rglob("*"))
    done, failed = outcomes([path], tmp_path / "out", settings)
    assert [one["source"].partition("!")[2] for one in done] == ["a.jsonl#1", "a.jsonl#3", "act.xml#1", "b/report.txt"]
    assert [one["document"] for one in done] == ["a", "b", "XX-1", "report.txt"]
    reasons = {source.partition("!")[2]: reason for source, reason in failed.items()}
    for name in ("../evil.txt", "/root.txt", "C:/x.txt"):
        assert "leaves the archive" in reasons[name]
    assert "bomb" in reasons["bomb.txt"]
    assert "unpack" in reasons["inner.zip"]
    assert {"a.jsonl#2", "act.xml#2", "other.xml"} <= set(reasons)
    assert [one for one in sorted(tmp_path.rglob("*")) if "out" not in one.parts] == before


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 cut off", b"PK\x05\x06" + b"\xff" * 18])
def test_a_damaged_zip_is_one_failure(tmp_path, settings, data):
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    (item,) = items_of(path, settings.reading)
    assert isinstance(item.ready, Unreadable)
    assert estimate(path) == 1


def test_an_encrypted_member_fails_alone(tmp_path, settings):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "secret")
    data = bytearray(buffer.getvalue())
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    done, failed = outcomes([tmp_path / "a.zip"], tmp_path / "out", settings)
    assert done == []
    assert "password" in failed[f"{tmp_path / 'a.zip'}!a.txt"]


def test_lists_give_a_line_for_each_row(tmp_path, settings):
    (tmp_path / "a.jsonl").write_text(JSONL)
    (tmp_path / "b.csv").write_text("id,text,country,year\nc1,Returns of migrants to Georgia,Georgia,2019\n")
    done, failed = outcomes([tmp_path / "*.jsonl", tmp_path / "b.csv"], tmp_path / "out", settings)
    assert [one["document"] for one in done] == ["a", "b", "c1"]
    assert (done[2]["countries"], done[2]["year"]) == (["Georgia"], 2019)
    assert list(failed) == [f"{tmp_path / 'a.jsonl'}#2"]


def test_an_iati_file_comes_back_with_its_tags(tmp_path, settings):
    (tmp_path / "a.xml").write_text(IATI.format(version="2.03"))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.xml").write_text(IATI.format(version="2.01"))
    (tmp_path / "x.txt").write_text("A text beside.")
    out = tmp_path / "out"
    done, failed = outcomes([tmp_path], out, settings)
    facts = {one["source"]: (one["document"], one["countries"], one["year"], one["title"]) for one in done}
    assert facts[f"{tmp_path / 'a.xml'}#1"] == ("XX-1", ["Moldova"], 2021, "Cash grants for people who return")
    assert f"{tmp_path / 'a.xml'}#2" in failed
    files = write_iati_files([tmp_path], out, FRAMEWORK)
    assert files.written == (out / "iati" / "a.xml",)
    assert "2.01" in files.refused[0].reason
    applied = done[0]["objectives"][0]["applied"]
    tags = etree.fromstring(files.written[0].read_bytes()).findall("iati-activity/tag")
    assert [tag.get("code") for tag in tags] == ["O1"] * applied


def test_files_are_found_once_in_order_and_without_the_results(tmp_path):
    for name in ("b.txt", "a.txt", ".x.txt", "~$a.docx", "out/tags.jsonl", "sub/c.txt", ".git/d.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    found = find_files([tmp_path / "b.txt", tmp_path, tmp_path / "*.txt"], tmp_path / "out")
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["b.txt", "a.txt", "sub/c.txt"]
    with pytest.raises(UsageError, match="fits some file"):
        find_files([tmp_path / "*.pdf"], tmp_path / "out")


def test_names_of_another_encoding_go_through(tmp_path, settings):
    path = os.fsdecode(os.fsencode(tmp_path / "caf") + b"\xe9.txt")
    with open(path, "w") as file:
        file.write("A report on visas.")
    done, failed = outcomes([path], tmp_path / "out", settings)
    assert ([one["document"] for one in done], failed) == (["caf?.txt"], {})


def test_a_folder_that_cannot_be_opened_is_one_failure(tmp_path, settings, monkeypatch):
    (tmp_path / "in" / "closed").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_text("A report on visas.")
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert [path.name for path in find_files([tmp_path / "in"], tmp_path / "out")] == ["a.txt", "closed"]
    (item,) = items_of(tmp_path / "in" / "closed", settings.reading)
    assert "cannot be opened" in item.ready.reason


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(tmp_path):
    (tmp_path / "a[1].txt").write_text("x")
    assert find_files([tmp_path / "a[1].txt"], tmp_path / "out") == [tmp_path / "a[1].txt"]
