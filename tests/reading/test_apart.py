"""Files are read in a child process: what a hostile one does costs that file, and nothing else."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stratmap.errors import DamagedDocument, LimitExceeded
from stratmap.reading import apart, read_bytes, read_document, read_items
from stratmap.records import Unreadable
from stratmap.settings import ReadingSettings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits of a process are those of POSIX")
SETTINGS = ReadingSettings(timeout_s=200.0, max_memory_mb=2_000)  # on a busy machine
HASTY = replace(SETTINGS, timeout_s=1.0)
HTML = b"<!doctype html><html><body><p>Border police were trained.</p></body></html>"


@pytest.fixture
def bad(monkeypatch):
    """A child whose parser does what the file's name says, already started."""
    apart._end()
    monkeypatch.setattr(apart, "_child", None)
    monkeypatch.setattr(apart, "_PROGRAM", (sys.executable, str(Path(__file__).with_name("bad_child.py"))))

    def read(name, data=HTML, settings=SETTINGS):
        return read_bytes(data, name, settings).text.split()

    read("fine.html")
    yield read
    apart._end()


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("segfault.html", DamagedDocument, r"its parser crashed \(SIGSEGV\).*max_memory_mb"),
        ("kill.html", DamagedDocument, r"its parser crashed \(SIGKILL\)"),
        ("hang.html", LimitExceeded, "longer than 1 s"),
        ("memory.html", LimitExceeded, "takes more memory than there is"),
        ("lie.html", DamagedDocument, "its parser crashed"),
    ],
)
def test_a_bad_file_costs_itself_and_the_next_one_is_read(bad, name, error, reason):
    before = bad("fine.html")[0]
    with pytest.raises(error, match=reason) as caught:
        bad(name, settings=HASTY if name == "hang.html" else SETTINGS)
    assert str(caught.value).startswith(name)
    after = bad("fine.html")
    assert after[1] == str(len(HTML))
    assert (after[0] == before) == (name == "memory.html")


def test_processor_time_is_limited_in_the_child_itself(bad, monkeypatch):
    """Should the parent be killed, nobody waits for the child: it ends by itself."""
    monkeypatch.setattr(apart._Child, "_wait", lambda self, readable, writable, deadline: time.sleep(0.01))
    with pytest.raises(LimitExceeded, match="longer than 1 s"):
        bad("spin.html", settings=HASTY)


def test_one_child_serves_many_files_and_threads(bad):
    found = []
    threads = [threading.Thread(target=lambda n=n: found.append(bad("fine.html", HTML + b" " * n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({pid for pid, *_ in found}) == 1
    assert sorted(int(size) for _, size, *_ in found) == [len(HTML) + n for n in range(8)]


def test_what_a_library_prints_is_not_taken_for_an_answer(bad):
    assert bad("print.html")[1] == str(len(HTML))


def test_large_files_and_texts_pass_both_ways(bad):
    data = HTML + b"x" * 3_000_000
    found = bad("large.html", data)
    assert (int(found[1]), len(found[2])) == (len(data), 1_000_000 - len(f"{found[0]} {found[1]} "))


def test_a_forked_process_starts_a_child_of_its_own(bad):
    mine = bad("fine.html")[0]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, " ".join(bad("fine.html")[:1]).encode())
        apart._end()
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 100).decode() not in {"", mine}
    assert bad("fine.html")[0] == mine


@pytest.fixture
def samples(root):
    return [root / "corpora/samples/sample-report.pdf", *sorted((root / "corpora").rglob("*.docx"))[:2]]


def test_a_document_is_the_same_read_here_or_apart(samples, tmp_path):
    page = tmp_path / "page.html"
    page.write_bytes(HTML)
    for path in [*samples, page]:
        here = read_document(path, ReadingSettings(apart=False))
        assert read_document(path, ReadingSettings()) == here
        assert here.text


def test_a_list_is_the_same_read_here_or_apart_and_a_broken_one_fails_alone(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["id", "text", "year"])
    for n in range(1_200):
        book.active.append([f"i{n}", f"Report {n} on returns.", 2000 + n % 20])
    book.save(tmp_path / "list.xlsx")
    both = [list(read_items(tmp_path / "list.xlsx", ReadingSettings(apart=flag))) for flag in (True, False)]
    assert both[0] == both[1]
    assert len(both[0]) == 1_200
    data = (tmp_path / "list.xlsx").read_bytes()
    (tmp_path / "broken.xlsx").write_bytes(data[:2000] + b"\0" * 500 + data[2500:])
    [failed] = read_items(tmp_path / "broken.xlsx", ReadingSettings())
    assert isinstance(failed, Unreadable)
    assert "broken.xlsx" in failed.source


def test_plain_text_starts_no_child(monkeypatch):
    monkeypatch.setattr(apart, "_Child", None)
    monkeypatch.setattr(apart, "_child", None)
    assert read_bytes(b"A report.", "a.txt", ReadingSettings()).text == "A report."


def test_a_module_among_the_documents_is_not_imported(monkeypatch, tmp_path):
    """The child starts in the working folder, where anything may lie."""
    for name in ("lxml", "bs4", "json", "stratmap"):
        (tmp_path / f"{name}.py").write_text("open('mark', 'w').close()", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    apart._end()
    monkeypatch.setattr(apart, "_child", None)
    assert "Border police" in read_bytes(HTML, "a.html", ReadingSettings()).text
    apart._end()
    assert not (tmp_path / "mark").exists()
