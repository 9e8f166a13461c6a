"""Atomic writing: whatever fails, the old or the new content is there, and nothing is left lying about."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys

import pytest

from stratmap import files
from stratmap.files import atomic_write, atomic_write_text, sha256_of

STEPS = ("open", "write", "fsync", "rename", "sync_folder")


@pytest.fixture
def steps(monkeypatch):
    seen = []
    monkeypatch.setattr(files, "_step", lambda name, path: seen.append(name))
    return seen


def test_every_step_is_announced_in_order(tmp_path, steps):
    atomic_write(tmp_path / "a.json", b"new")
    assert tuple(steps) == STEPS


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_fault_before_the_rename_leaves_the_old_content_and_after_it_the_new(tmp_path, monkeypatch, step, fault):
    path = tmp_path / "a.json"
    atomic_write(path, b"old")

    def fail(name, where):
        if name == step:
            raise fault

    monkeypatch.setattr(files, "_step", fail)
    with pytest.raises(type(fault)):
        atomic_write(path, b"new content")
    assert path.read_bytes() == (b"new content" if step == "sync_folder" else b"old")
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_at_a_step_leaves_whole_content(tmp_path, step):
    path = tmp_path / "a.json"
    atomic_write(path, b"old")
    code = (
        "import os, signal, sys; from pathlib import Path; from stratmap import files\n"
        f"files._step = lambda name, path: os.kill(os.getpid(), {int(signal.SIGKILL)}) if name == {step!r} else 0\n"
        "files.atomic_write(Path(sys.argv[1]), b'new' * 100_000)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == (b"new" * 100_000 if step == "sync_folder" else b"old")


@pytest.mark.parametrize("name", ["x" * 255, "ქ" * 85, "😀" * 63, "отчёт.json"])
def test_any_name_that_the_disk_takes_can_be_written(tmp_path, name):
    atomic_write(tmp_path / name, b"content")
    assert os.listdir(tmp_path) == [name]


def test_missing_folders_are_made_and_text_is_utf8(tmp_path):
    atomic_write_text(tmp_path / "a" / "b" / "c.txt", "Chișinău\n")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == "Chișinău\n".encode()


def test_the_hash_is_that_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 1_000_000)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"abc" * 1_000_000).hexdigest()
