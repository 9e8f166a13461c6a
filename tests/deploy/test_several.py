"""Several people on one index: the app and the command line at once, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request

import pytest

from stratmap.errors import IndexLocked

WRITER = """
import sys, time
from pathlib import Path
from stratmap.index.schema import writing
with writing(Path(sys.argv[1]), 5.0) as connection:
    connection.execute("UPDATE documents SET title = 'half done'")
    print("holding", flush=True)
    time.sleep(float(sys.argv[2]))
    raise SystemExit(0)
"""


def command(*words, **more):
    return subprocess.Popen([sys.executable, "-m", "stratmap.cli.commands", *words], text=True, **more)


@pytest.fixture
def folder(tmp_path):
    """Twenty texts."""
    root = tmp_path / "in"
    root.mkdir()
    for n in range(20):
        (root / f"r{n:02}.txt").write_text(
            f"Report {n}. The centre in town {n} trained {100 + n} returnees as welders."
        )
    return root


def test_the_app_answers_while_the_command_line_adds_and_finds_what_it_added(folder, tmp_path):
    index = tmp_path / "index"
    assert command("index", str(folder), "--index", str(index), stdout=subprocess.DEVNULL).wait(timeout=200) == 0
    code = (
        "import sys; from pathlib import Path; from stratmap.app.serve import launch; from stratmap.assembly import Desk;"
        "from stratmap.settings import Settings; s = Settings(); desk = Desk(s, Path(sys.argv[1]));"
        "app = launch(desk, s, port=0, block=False); print(app.server_port, flush=True);\n"
        "for line in sys.stdin:\n"
        "    import time, json; t = time.monotonic(); hits = desk.index.search(line, desk.encoder.encode([line])[0], 3);"
        " print(json.dumps([time.monotonic() - t, [h.document for h in hits], desk.index.generation]), flush=True)"
    )
    app = subprocess.Popen(
        [sys.executable, "-c", code, str(index)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(app.stdout.readline().split()[-1])

        def ask(question):
            app.stdin.write(question + "\n")
            app.stdin.flush()
            return json.loads(app.stdout.readline())

        assert ask("returnees welders")[2] == 20
        more = tmp_path / "more"
        more.mkdir()
        for n in range(30):
            (more / f"m{n:02}.txt").write_text(f"Memo {n}. Beekeepers of valley {n} sold honey to {n + 7} traders.")
        adding = command("index", str(more), "--index", str(index), stdout=subprocess.DEVNULL)
        waits, generations = [], []
        while adding.poll() is None:
            waited, _, generation = ask("honey of beekeepers")
            waits.append(waited)
            generations.append(generation)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=10) as answer:
                assert answer.status == 200
        assert adding.returncode == 0
        assert len(waits) > 5
        assert max(waits) < 5.0, max(waits)
        assert sorted(waits)[len(waits) // 2] < 1.0
        assert generations == sorted(generations)
        waited, documents, generation = ask("Beekeepers of valley 29 sold honey")
        assert documents[0] == "m29.txt"
        assert generation == 50
    finally:
        app.kill()
        app.wait()


def test_readers_see_the_state_before_while_a_writer_holds_the_index_and_a_second_writer_is_told(
    folder, tmp_path, indexable, hashing_encoder
):
    from stratmap.index import Index
    from stratmap.settings import IndexSettings

    e = hashing_encoder
    index = Index.open(tmp_path / "index", e.name, e.fingerprint, e.dim, IndexSettings(lock_timeout_s=0.5), make=True)
    index.add([indexable(f"r{n}.md", f"Report {n} on border camps.") for n in range(5)])
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(index.folder), "6"], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert writer.stdout.readline() == "holding\n"
    held = time.monotonic()
    for _ in range(20):
        reader = Index(index.folder)
        assert [d.title for d in reader.documents()] == [""] * 5
        assert len(reader.search("border", e.encode(["border"])[0], 3)) == 3
    assert time.monotonic() - held < 5.0
    with pytest.raises(IndexLocked, match="another process"):
        index.add([indexable("late.md", "Too late.")])
    assert writer.poll() is None, "the writer still held the index when the second one gave up"
    assert writer.wait(timeout=30) == 0
    assert [d.title for d in Index(index.folder).documents()] == [""] * 5
    assert index.add([indexable("late.md", "In time.")]) == 1
