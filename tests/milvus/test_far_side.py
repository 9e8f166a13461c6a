"""Milvus gone, slow, full, restarted in mid-batch: a clear error in bounded time, nothing twice, nothing lost.

The server is Milvus Lite in a process of its own, killed and stopped for real. What only a large server can say (it is
full) is said by a door in between that answers as such a server does.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from stratmap.errors import IndexFolderError, ServiceError

pytest.importorskip("pymilvus", reason="the extra `milvus` is not installed; `make test-engines` installs it")
QUICK = {"service_timeout_s": 3.0, "service_retries": 1}


def items(indexable, prefix, count):
    return [
        indexable(f"{prefix}{n}.md", f"{prefix} number {n} on border camps. Section two of {n}.") for n in range(count)
    ]


def far_count(index):
    return index._mirror().far.count()


def sound(index, documents):
    """All documents are there, once, here and there."""
    assert index.verify() == []
    assert len(index.documents()) == documents
    assert far_count(index) == len(index)


@pytest.fixture
def index(server, tmp_path, open_at, indexable):
    server.start()
    made = open_at(tmp_path / "index", "milvus", make=True, uri=server.uri, **QUICK)
    made.add(items(indexable, "first", 6))
    return made


def test_gone_is_told_in_bounded_time_and_what_is_here_stays_readable(index, server, indexable, hashing_encoder):
    server.kill()
    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"Milvus at http://127\.0\.0\.1.*Nothing is lost"):
        index.search("border", hashing_encoder.encode(["border"])[0], 3)
    with pytest.raises(ServiceError, match="Nothing is lost"):
        index.add(items(indexable, "second", 2))
    assert time.monotonic() - started < 30
    assert len(index.documents()) == 6
    assert index.page_text(index.documents()[0].doc_id, 0).startswith("first number 0")
    server.start()
    assert index.add(items(indexable, "second", 2)) == 2
    sound(index, 8)
    assert index.search("second number", hashing_encoder.encode(["second number"])[0], 1)[0].document.startswith(
        "second"
    )


def test_too_slow_is_told_as_such_and_passes(index, server, indexable, hashing_encoder):
    server.pause()
    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"did not answer in time|nothing answers"):
        index.add(items(indexable, "slow", 2))
    assert time.monotonic() - started < 40
    server.resume()
    assert index.add(items(indexable, "slow", 2)) == 2
    sound(index, 8)


def test_restarted_in_mid_batch_the_batch_goes_through_once(server, tmp_path, open_at, indexable, monkeypatch):
    from stratmap.milvus import far

    monkeypatch.setattr(far, "BATCH", 5)
    server.start()
    patient = {"uri": server.uri, "service_timeout_s": 10.0, "service_retries": 8}
    index = open_at(tmp_path / "index", "milvus", make=True, **patient)
    index.add(items(indexable, "first", 3))
    upsert, calls = far.Far._upsert, []

    def restart_at_third(self, data, client, timeout):
        calls.append(len(data))
        if len(calls) == 3:
            server.kill()
            threading.Timer(0.5, server.start).start()
        return upsert(self, data, client, timeout)

    monkeypatch.setattr(far.Far, "_upsert", restart_at_third)
    assert index.add(items(indexable, "second", 15)) == 15
    assert len(calls) > 3
    sound(index, 18)


WRITER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.conftest import HashingEncoder
from stratmap.index import Indexable
from stratmap.milvus import MilvusIndex, far
from stratmap.reading import read_text, split_passages
from stratmap.settings import IndexSettings
far.BATCH = 5
e = HashingEncoder()
index = MilvusIndex.open(Path({folder!r}), e.name, e.fingerprint, e.dim, IndexSettings(uri={uri!r}), make=True)
print("ready", flush=True)
for batch in range(100):
    made = []
    for n in range(10):
        document = read_text(f"Batch {{batch}} number {{n}} on border camps. Section two of {{n}}.", f"b{{batch}}-{{n}}.md")
        passages = split_passages(document, e.count_tokens, 20)
        made.append(Indexable(document, passages, e.encode([p.text for p in passages])))
    index.add(made)
    print(batch, flush=True)
"""


@pytest.mark.parametrize("moment", [0.11, 0.23, 0.37])
def test_a_writer_killed_at_any_moment_leaves_whole_batches_only(
    index, server, tmp_path, root, open_at, indexable, hashing_encoder, moment
):
    code = WRITER.format(root=str(root), folder=str(index.folder), uri=server.uri)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    assert process.stdout.readline() == "0\n"
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    process.wait()
    told = 1 + process.stdout.read().count("\n")
    found = index.search("Batch number border", hashing_encoder.encode(["Batch number border"])[0], 5_000)
    names = {document.name for document in index.documents()}
    assert {hit.document for hit in found} == names
    assert (len(names) - 6) % 10 == 0
    assert (len(names) - 6) // 10 in {told, told + 1}
    index.add(items(indexable, "after", 3))
    sound(index, len(names) + 3)


def test_a_server_that_lost_everything_is_sent_all_again(index, server, tmp_path, open_at, indexable, hashing_encoder):
    server.kill()
    os.rename(server.folder, tmp_path / "lost")
    server.start()
    again = open_at(tmp_path / "index", "milvus", uri=server.uri, **QUICK)
    with pytest.raises(IndexFolderError, match=r"holds 0 of 6 documents\. Send the rest: stratmap index sync"):
        again.search("border", hashing_encoder.encode(["border"])[0], 3)
    told = []
    assert again.catch_up(lambda done, total: told.append((done, total))) == 6
    assert told[-1] == (6, 6)
    sound(again, 6)
    assert again.catch_up() == 0


def test_sending_that_was_cut_off_goes_on_where_it_stopped(index, server, tmp_path, open_at, indexable, monkeypatch):
    from stratmap.milvus import far, mirror

    monkeypatch.setattr(mirror, "_GROUP", 2)
    index._mirror().far.remove()
    again = open_at(tmp_path / "index", "milvus", uri=server.uri, **QUICK)
    keep, sent = far.Far.keep, []

    def fail_at_third(self, rows):
        sent.append({row.document for row in rows})
        if len(sent) == 3:
            raise ServiceError("gone")
        keep(self, rows)

    monkeypatch.setattr(far.Far, "keep", fail_at_third)
    with pytest.raises(ServiceError):
        again.catch_up()
    lacking = again.catch_up()
    assert 0 < lacking < 6
    assert sent[3] == sent[2]
    sound(again, 6)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("quota exceeded[reason=disk quota exhausted]", "it is full"),
        ("No space left on device", "it is full"),
        ("memory limit exceeded[predict=..]", "it is full"),
        ("permission deny", "it refuses"),
    ],
)
def test_full_is_told_at_once_and_nothing_of_the_batch_is_in_the_index(index, indexable, monkeypatch, answer, message):
    from stratmap.milvus import far

    upsert, calls = far.Far._upsert, []

    def full(self, data, client, timeout):
        calls.append(1)
        raise RuntimeError(answer)

    monkeypatch.setattr(far.Far, "_upsert", full)
    with pytest.raises(ServiceError, match=message):
        index.add(items(indexable, "second", 3))
    assert len(calls) == 1
    assert len(index.documents()) == 6
    monkeypatch.setattr(far.Far, "_upsert", upsert)
    assert index.add(items(indexable, "second", 3)) == 3
    sound(index, 9)


def test_a_server_whose_disk_takes_no_more_is_told_and_goes_on_when_it_does(index, server, indexable, hashing_encoder):
    """Its files may not grow, as on a full disk: what it took without writing it down may not count as taken."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    with pytest.raises(ServiceError, match=r"Milvus at http.*Nothing is lost"):
        index.add(items(indexable, "second", 3))
    assert len(index.documents()) == 6
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert index.add(items(indexable, "second", 3)) == 3
    sound(index, 9)


def test_a_row_that_differs_there_is_found(index):
    far = index._mirror().far
    [row, *_] = far.rows([1])
    from dataclasses import replace

    far.keep([replace(row, vector=np.roll(row.vector, 1), words="other")])
    assert index.verify() == [f"Milvus: passage {row.number} differs"]


def test_the_file_of_milvus_lite_belongs_to_one_process(tmp_path, open_at, indexable, root):
    index = open_at(tmp_path / "index", "milvus", make=True, **QUICK)
    index.add(items(indexable, "first", 2))
    code = WRITER.format(root=str(root), folder=str(tmp_path / "index"), uri="") + "\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "ServiceError" in done.stderr
    assert "one process" in done.stderr
