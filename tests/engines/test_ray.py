"""Ray Data on this machine: the same results as without it, whoever dies meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra `ray` is not installed; `make test-engines` installs it")
HERE = Path(__file__).parent
pytestmark = pytest.mark.timeout(600)


def start(source, out, log, delay, engine):
    paths = os.pathsep.join([str(HERE), str(HERE.parent / "archive")])
    return subprocess.Popen(
        [sys.executable, str(HERE / "ray_run.py"), str(source), str(out), str(log), str(delay), engine],
        env=os.environ | {"PYTHONPATH": paths}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def lines(path):
    return path.read_text("utf-8").split() if path.exists() else []


def until(condition, seconds=240.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def source(tmp_path):
    """Forty texts, two of them the same, one that two processes cannot read, a list, and one that ends its worker."""
    root = tmp_path / "in"
    root.mkdir()
    for n in range(40):
        words = " ".join(
            f"{word}{n}" for word in ["return", "border", "clinic", "labour", "visa", "court", "river", "farm"]
        )
        (root / f"r{n:02}.txt").write_text(f"Report on {words}." if n != 39 else (root / "r00.txt").read_text())
    (root / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (root / "boom.txt").write_text("BOOM goes the tagger on this text.")
    (root / "list.jsonl").write_text(
        "".join(f'{{"id": "x{n}", "text": "Row {n} on camps {n}{n}."}}\n' for n in range(4))
    )
    return root


@pytest.fixture
def local(source, tmp_path):
    """What the local engine makes of it."""
    assert start(source, tmp_path / "local", tmp_path / "local.log", 0, "local").wait(timeout=240) == 3
    return tmp_path / "local"


def same(one: Path, other: Path) -> None:
    for name in ("tags.jsonl", "failed.jsonl"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_two_workers_load_once_each_and_a_killed_one_changes_nothing(source, local, tmp_path):
    out, log = tmp_path / "ray", tmp_path / "ray.log"
    process = start(source, out, log, 0.15, "ray")
    until(lambda: len(lines(log)) >= 12)
    loads = [int(pid) for pid in lines(tmp_path / "ray.log.loads")]
    assert len(set(loads)) == len(loads) == 2
    os.kill(loads[0], signal.SIGKILL)
    assert process.wait(timeout=400) == 3, process.stderr.read()[-3000:]
    same(out, local)
    tagged = lines(log)
    once = [name for name in set(tagged) if name != "boom.txt"]
    assert sum(tagged.count(name) for name in once) <= len(once) + 1


def test_a_text_that_ends_its_workers_is_set_aside_and_the_rest_is_done(source, tmp_path):
    (source / "zdie.txt").write_text("DIE at once, whoever reads this.")
    process = start(source, tmp_path / "ray", tmp_path / "ray.log", 0, "ray")
    assert process.wait(timeout=500) == 3, process.stderr.read()[-3000:]
    failed = (tmp_path / "ray" / "failed.jsonl").read_text()
    assert failed.count("\n") == 3
    assert "the process that worked on it ended" in failed
    assert (tmp_path / "ray" / "tags.jsonl").read_text().count("\n") == 44
    assert lines(tmp_path / "ray.log").count("zdie.txt") == 3


def test_ray_gone_in_mid_run_is_told_and_the_next_run_goes_on(source, local, tmp_path):
    out, log = tmp_path / "ray", tmp_path / "ray.log"
    process = start(source, out, log, 0.15, "ray")
    until(lambda: len(lines(log)) >= 10)
    for pid in children(process.pid):
        if Path(f"/proc/{pid}/comm").read_text().strip() in {"raylet", "gcs_server"}:
            os.kill(pid, signal.SIGKILL)
    code = process.wait(timeout=400)
    assert code != 0
    assert not (out / "tags.jsonl").exists()
    before = len(lines(log))
    assert start(source, out, tmp_path / "again.log", 0, "local").wait(timeout=240) == 3
    same(out, local)
    assert before + len(lines(tmp_path / "again.log")) <= len(lines(tmp_path / "local.log")) + 4


def children(pid: int) -> list[int]:
    """Processes that a process has started, and those that they have."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += [int(child), *children(int(child))]
    return found
