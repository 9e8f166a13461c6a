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


def test_a_document_that_hangs_is_set_aside_and_the_rest_is_tagged(tmp_path, settings):
    source = tmp_path / "in"
    source.mkdir()
    for name, text in (("a", "A report."), ("b", "HANG here"), ("c", "Another report.")):
        (source / f"{name}.txt").write_text(text, encoding="utf-8")
    quick = replace(settings, reading=replace(settings.reading, timeout_s=0.4))
    result = run([source], tmp_path / "out", FakeTagger(quick).tag, quick)
    assert (result.done, result.failed) == (2, 1)
    [failed] = [json.loads(line) for line in result.failures.read_text("utf-8").splitlines()]
    assert failed["source"].endswith("b.txt")
    assert failed["reason"].startswith("took longer than")
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


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
