"""The shipped tagger over real files: one job, two jobs, and a run that is killed and goes on give the same bytes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("stratmap")


@pytest.fixture(scope="module")
def source(tmp_path_factory, root):
    """Five real files in three formats, one of them nearly twice, and one that is broken."""
    folder = tmp_path_factory.mktemp("real") / "in"
    folder.mkdir()
    for name in ("a01*.md", "a05*.md", "b01*.pdf", "b15*.docx"):
        (found,) = (root / "corpora/projects").glob(name)
        shutil.copy(found, folder)
    (first,) = folder.glob("a01*.md")
    (folder / "a02-nearly.md").write_text(first.read_text("utf-8") + "\nSeen and agreed.\n", encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    return folder


def start(source, out, *words):
    return subprocess.Popen(
        [PROGRAM, "tag", source, "--out", out, "--forms", "csv", *words],
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="needs kill -9")
def test_jobs_and_interruptions_leave_no_trace(source, tmp_path):
    whole = start(source, tmp_path / "one")
    assert (whole.wait(timeout=280), "5 tagged" in whole.communicate()[1].decode()) == (3, True)
    killed = start(source, tmp_path / "two", "--jobs", "2")
    journal = tmp_path / "two" / "journal.sqlite-wal"
    deadline = time.monotonic() + 250
    while time.monotonic() < deadline and not (journal.exists() and b'"objectives"' in journal.read_bytes()):
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not (tmp_path / "two" / "tags.jsonl").exists()
    again = start(source, tmp_path / "two", "--jobs", "2")
    assert (again.wait(timeout=280), again.communicate()[1] != b"") == (3, True)
    for name in ("tags.jsonl", "failed.jsonl", "tags.csv", "about.json"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes(), name
    assert b'"near_duplicate_of"' in (tmp_path / "one" / "tags.jsonl").read_bytes()
