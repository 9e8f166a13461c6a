"""Real processes: killed without warning, in each other's way, and on disks that are full or may not be written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cuts import item, opened

from stratmap.errors import IndexFolderError, IndexLocked
from stratmap.files import atomic_write

HERE = Path(__file__).parent
pytestmark = [pytest.mark.skipif(os.name == "nt", reason="needs kill -9"), pytest.mark.timeout(900)]


def start(*words) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "worker.py"), *map(str, words)], stdout=subprocess.PIPE, text=True
    )


def lines_until(process, count: int) -> list[str]:
    found = [process.stdout.readline().strip() for _ in range(count)]
    assert all(found), "the process ended early"
    return found


def kill(process) -> list[str]:
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split("\n")[:-1]  # a line that is cut off was not promised
    assert process.wait(timeout=300) == -signal.SIGKILL
    return rest


@pytest.fixture
def folder(tmp_path):
    opened(tmp_path / "index", make=True)
    return tmp_path / "index"


def test_what_a_killed_writer_said_is_there_and_nothing_by_halves(folder):
    told: list[str] = []
    rng = random.Random(4)
    for round_ in range(5):
        process = start("write", folder, round_ * 1000, 1000)
        told += lines_until(process, rng.randrange(2, 6))
        time.sleep(rng.random() * 0.05)
        told += kill(process)
        index = opened(folder)
        names = {document.name for document in index.documents()}
        assert names >= set(told)
        assert names - {n for t in told for n in (t, t.replace("w", "x"))} <= {
            f"{kind}{n}.md" for kind in "wx" for n in range(round_ * 1000 + 1000)
        }
        assert {f"x{name[1:]}" for name in names if name[0] == "w"} == {name for name in names if name[0] == "x"}
        assert index.verify() == []
    process = start("delete", folder)
    gone = lines_until(process, 4)
    gone += kill(process)
    names = {document.name for document in opened(folder).documents()}
    assert names & set(gone) == set()
    assert opened(folder).verify() == []


def test_a_writer_and_eight_readers_in_processes_of_their_own(folder):
    opened(folder).add([item("w.md", 1), item("x.md", 1)])
    readers = [start("read", folder) for _ in range(8)]
    try:
        for reader in readers:
            lines_until(reader, 1)
        writer = start("write", folder, 0, 12)
        assert len(writer.stdout.read().split()) == 12
        assert writer.wait(timeout=300) == 0
        for reader in readers:
            lines_until(reader, 1)
            assert reader.poll() is None
    finally:
        for reader in readers:
            reader.kill()
            reader.stdout.close()
            reader.wait()
    assert len(opened(folder).documents()) == 26


def test_two_writers_take_turns_and_nothing_is_lost(folder):
    writers = [start("write", folder, n * 100, 10) for n in range(2)]
    for writer in writers:
        assert len(writer.stdout.read().split()) == 10
        assert writer.wait(timeout=300) == 0
    index = opened(folder)
    assert len(index.documents()) == 40
    assert (index.generation, index.verify()) == (20, [])


def test_a_lock_lasts_as_long_as_its_owner_and_no_longer(folder):
    owner = start("hold", folder)
    lines_until(owner, 1)
    with pytest.raises(IndexLocked, match=f"process {owner.pid}"):
        opened(folder).add([item("w1.md", 1)])
    assert opened(folder).documents() == []
    kill(owner)
    assert opened(folder).add([item("w1.md", 1)]) == 1


def full(folder, process, told):
    """What has to be true after the disk refused."""
    assert told[-1].startswith("refused ")
    assert str(folder) in told[-1]
    assert process.wait(timeout=300) == 0
    index = opened(folder)
    names = {document.name for document in index.documents()}
    assert names == {n for t in told[:-1] for n in (t, t.replace("w", "x"))}
    assert index.verify() == []


def test_a_file_that_may_not_grow_leaves_the_state_before(folder):
    process = start("fill", folder, 400_000)
    told = process.stdout.read().strip().split("\n")
    full(folder, process, told)
    assert len(told) > 2
    assert opened(folder).add([item("later.md", 1)]) == 1


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a small file system")
def test_a_full_disk_leaves_the_state_before(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=800k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        opened(disk / "index", make=True)
        (disk / "note.json").write_bytes(b"old")
        process = start("fill", disk / "index", 0)
        full(disk / "index", process, process.stdout.read().strip().split("\n"))
        with pytest.raises(OSError, match="No space left") as caught:
            atomic_write(disk / "note.json", b"x" * 900_000)
        assert str(disk) in str(caught.value.filename or disk)
        assert (disk / "note.json").read_bytes() == b"old"
        assert [path.name for path in disk.iterdir() if path.suffix == ".tmp"] == []
        with pytest.raises(IndexFolderError, match=r"nothing is lost|state before"):
            opened(disk / "index").compact()
        assert opened(disk / "index").verify() == []
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_the_clock_may_go_back(folder, monkeypatch):
    """Order is that of the generations: nothing in the index asks the clock."""
    for n, moment in enumerate((4e9, 0.0, -1e9)):
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        opened(folder).add([item(f"w{n}.md", n)])
    assert [document.name for document in opened(folder).documents()] == ["w0.md", "w1.md", "w2.md"]
    opened(folder).rollback(1)
    assert [document.name for document in opened(folder).documents()] == ["w0.md"]
