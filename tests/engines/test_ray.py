"""Ray Data on this machine: the same results as without it, whoever dies meanwhile."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra `ray` is not installed; `make test-engines` installs it")
HERE = Path(__file__).parent
pytestmark = pytest.mark.timeout(600)


ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent / "archive")]),
    "RAY_gcs_rpc_server_reconnect_timeout_s": "8",  # Ray waits for a lost head for a minute
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,  # of the cluster of these tests alone
}


def start(source, out, log, delay, engine, **more):
    words = [str(HERE / "ray_run.py"), str(source), str(out), str(log), str(delay), engine, json.dumps(more)]
    return subprocess.Popen(
        [sys.executable, *words], env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
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


def named(pid, *names):
    """Processes below one, by name."""
    return [child for child in children(pid) if Path(f"/proc/{child}/comm").read_text().strip() in names]


def told_and_resumed(process, message, source, local, out, log):
    """One error of ours and nothing of Ray's; no item counts as begun; the next run needs only what was not finished."""
    told, printed = process.communicate(timeout=400)[::-1]
    assert (process.returncode, printed) == (1, "")
    assert re.fullmatch(
        rf"ServiceError: expected Ray at \S.* to work on the documents, found .*{message}.* What was finished is kept: "
        r"start the same command again, or take --engine local\. Ray's own messages are in \S+\.\n",
        told,
    ), told
    os.unlink(re.search(r"(\S+)\.\n$", told).group(1))
    assert not (out / "tags.jsonl").exists()
    with closing(sqlite3.connect(out / "journal.sqlite")) as db:
        states = dict(db.execute("SELECT state, count(*) FROM items GROUP BY state"))
        assert db.execute("SELECT max(crashes) FROM items").fetchone() == (0,)
    assert states["done"] >= 3  # of ten that were begun, one of them three times, and four on their way
    assert "running" not in states
    before = len(lines(log))
    assert start(source, out, log.with_name("again.log"), 0, "local").wait(timeout=240) == 3
    same(out, local)
    again = len(lines(log.with_name("again.log")))
    assert before + again <= len(lines(log.with_name("local.log"))) + 4


def test_ray_gone_in_mid_run_is_told_and_the_next_run_goes_on(source, local, tmp_path):
    out, log = tmp_path / "ray", tmp_path / "ray.log"
    process = start(source, out, log, 0.15, "ray")
    until(lambda: len(lines(log)) >= 10)
    for pid in named(process.pid, "raylet", "gcs_server"):
        os.kill(pid, signal.SIGKILL)
    told_and_resumed(process, "when its head is lost", source, local, out, log)


def test_a_ray_that_stands_still_is_told_after_a_while(source, local, tmp_path):
    out, log = tmp_path / "ray", tmp_path / "ray.log"
    process = start(source, out, log, 0.15, "ray", silent_s=20.0)
    until(lambda: len(lines(log)) >= 10)
    [driver] = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                if "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()]  # fmt: skip
    below = named(driver, "raylet", "gcs_server")
    os.kill(driver, signal.SIGSTOP)
    told_and_resumed(process, "no sign of life for 20 s", source, local, out, log)
    until(lambda: not any(alive(pid) for pid in below), 60)


@pytest.fixture
def head():
    """The head of a cluster on this machine, a process of its own."""
    folder = tempfile.mkdtemp(prefix="ray")  # a short name: sockets lie in it
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["start", "--head", "--block", f"--port={port}", "--num-cpus=2", "--include-dashboard=false",
             "--disable-usage-stats", f"--temp-dir={folder}", "--node-ip-address=127.0.0.1"]  # fmt: skip
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("ray")), *words], env=os.environ | ENVIRONMENT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    process.address = f"127.0.0.1:{port}"
    yield process
    for pid in (*children(process.pid), process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_cluster_named_by_address_whose_head_is_lost(source, local, tmp_path, head):
    out, log = tmp_path / "ray", tmp_path / "ray.log"
    until(lambda: named(head.pid, "raylet"))
    process = start(source, out, log, 0.15, "ray", address=head.address)
    until(lambda: len(lines(log)) >= 10)
    for pid in named(head.pid, "raylet", "gcs_server"):
        os.kill(pid, signal.SIGKILL)
    told_and_resumed(process, "", source, local, out, log)


def test_a_cluster_that_is_not_there_and_a_tagger_that_cannot_be_made_are_told(source, tmp_path):
    process = start(source, tmp_path / "ray", tmp_path / "ray.log", 0, "ray", address="127.0.0.1:1")
    told = process.communicate(timeout=400)[1]
    assert process.returncode == 1
    assert told.startswith("ServiceError: expected Ray at 127.0.0.1:1 to work")
    assert told.count("\n") == 1
    process = start(source, tmp_path / "ray", tmp_path / "ray.log", 0, "ray", target="counting:Missing")
    told = process.communicate(timeout=400)[1]
    assert process.returncode == 1
    assert re.fullmatch(r"UsageError: no tagger: .*counting:Missing.*\n", told), told


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be noticed as dead does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(pid: int) -> list[int]:
    """Processes that a process has started, and those that they have."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += [int(child), *children(int(child))]
    return found
