"""A run in a process of its own is killed without warning, again and again, and must end the same."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "archive_fakes.py"


def start(source, out, log, delay):
    return subprocess.Popen([sys.executable, str(SCRIPT), str(source), str(out), str(log), str(delay)])


def calls(log):
    return log.read_text("utf-8").split() if log.exists() else []


@pytest.mark.skipif(os.name == "nt", reason="needs kill -9")
def test_killed_runs_end_byte_identical_and_repeat_only_what_was_in_progress(folder, tmp_path):
    for number in range(30):
        (folder / f"more{number:02}.txt").write_text(f"More of {number}: training for officials at the border.")
    assert start(folder, tmp_path / "whole", tmp_path / "whole.log", 0).wait(timeout=60) == 3
    log, out = tmp_path / "log", tmp_path / "out"
    for kill in range(3):
        before = len(calls(log))
        process = start(folder, out, log, 0.05)
        deadline = time.monotonic() + 60
        while len(calls(log)) < before + 5 + kill and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=60) == -signal.SIGKILL
        assert not (out / "tags.jsonl").exists()
    assert start(folder, out, log, 0).wait(timeout=60) == 3
    for name in ("tags.jsonl", "failed.jsonl"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert len(calls(log)) <= len(calls(tmp_path / "whole.log")) + 3
