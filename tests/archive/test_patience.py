"""One item that hangs costs its own time, with one job too."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from dataclasses import replace

import pytest
from archive_fakes import FakeTagger

from stratmap.archive import run
from stratmap.archive.patience import within
from stratmap.archive.work import Outcome

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs interval timers")


def test_a_document_that_hangs_is_set_aside_and_the_rest_is_tagged(tmp_path, settings, monkeypatch):
    monkeypatch.setattr("stratmap.archive.session.TRIES", 1)
    taken = []
    for name in ("warm", "timed"):  # what two ordinary documents take here and now
        (tmp_path / name).mkdir()
        for n in range(2):
            (tmp_path / name / f"{n}.txt").write_text(f"A {name} report {n}.", encoding="utf-8")
        started = time.monotonic()
        run([tmp_path / name], tmp_path / f"{name}-out", FakeTagger(settings).tag, settings)
        taken.append(time.monotonic() - started)
    before = signal.getsignal(signal.SIGALRM)
    source = tmp_path / "in"
    source.mkdir()
    for name, text in (("a", "A report."), ("b", "HANG here"), ("c", "Another report.")):
        (source / f"{name}.txt").write_text(text, encoding="utf-8")
    quick = replace(settings, reading=replace(settings.reading, timeout_s=max(0.2, taken[1])))
    result = run([source], tmp_path / "out", FakeTagger(quick).tag, quick)
    assert (result.done, result.failed) == (2, 1)
    [failed] = [json.loads(line) for line in result.failures.read_text("utf-8").splitlines()]
    assert failed["source"].endswith("b.txt")
    assert failed["reason"].startswith("took longer than")
    assert signal.getsignal(signal.SIGALRM) == before


def test_what_is_in_time_is_not_touched_and_threads_have_no_limit():
    assert within(5.0, lambda: Outcome("line")) == Outcome("line")

    def slow() -> Outcome:
        time.sleep(0.05)
        return Outcome("line")

    found = []
    thread = threading.Thread(target=lambda: found.append(within(0.01, slow)))
    thread.start()
    thread.join()
    assert found == [Outcome("line")]
    assert within(0.01, slow).reason.startswith("took longer")


def test_an_alarm_of_somebody_else_still_rings():
    rung = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        assert within(5.0, lambda: Outcome("line")).result == "line"
        deadline = time.monotonic() + 10
        while not rung and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, handler)
    assert rung == [True]
