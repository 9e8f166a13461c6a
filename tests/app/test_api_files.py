"""Endpoints whose input or output is a file: nothing of it stays on the disk, and a name may be as long as it likes."""

from __future__ import annotations

import base64
import tempfile

import pytest

from stratmap.app.api_files import about_files
from stratmap.app.downloads import fresh
from stratmap.errors import LimitExceeded, StratmapError, UsageError
from stratmap.settings import AppSettings, Settings

NOTE = "Mobile clinics treated migrants for tuberculosis."
SENT = base64.b64encode(NOTE.encode()).decode("ascii")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where this process keeps files for a while."""
    found = tmp_path / "for a while"
    found.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(found))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    return found


def test_nothing_of_what_programs_send_and_get_stays(kept_desk, folder):
    offered = about_files(kept_desk, Settings())
    assert "O7" in [one["code"] for one in offered["tag_file"]("visit.txt", SENT)["tags"]["objectives"]]
    assert offered["add_file"]("visit.txt", SENT)
    made = [offered["tag_export"](NOTE, form) for form in ("docx", "xlsx", "json", "iati")]
    made += [offered["ask_export"](["What did clinics treat?"]), offered["portfolio_file"]("svg")]
    made += [offered["framework_picture"](), offered["corrections_export"]()]
    assert all(base64.b64decode(one["base64"]) for one in made)
    assert offered["corrections_take"](None, made[-1]["base64"])["changes"] == ()
    with pytest.raises(StratmapError):
        offered["corrections_take"](None, SENT)
    assert list(folder.iterdir()) == []


def test_a_name_may_be_longer_than_a_disk_takes(desk, folder):
    tagged = about_files(desk, Settings())["tag_file"]("/отчёты/" + "ж" * 180 + ".txt", SENT)
    assert tagged["document"] == "ж" * 180 + ".txt"


@pytest.mark.parametrize("name", ["", " ", "..", "folder/", "a\x00.txt"])
def test_a_file_needs_a_name(desk, name):
    with pytest.raises(UsageError, match="expected the name of a file"):
        about_files(desk, Settings())["tag_file"](name, SENT)


def test_a_file_may_be_as_large_as_an_upload(desk):
    offered = about_files(desk, Settings(app=AppSettings(max_upload_bytes=len(NOTE))))
    assert offered["tag_file"]("a.txt", SENT)["document"] == "a.txt"
    with pytest.raises(LimitExceeded):
        offered["tag_file"]("a.txt", base64.b64encode(NOTE.encode() + b"!").decode("ascii"))


def test_a_file_to_download_lies_in_the_folder_that_the_app_empties(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    assert fresh("tags.json").parent.parent == tmp_path
