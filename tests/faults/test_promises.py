"""Promises that concern the whole program: nothing loaded runs, nothing leaves, deleted is deleted, memory is bounded."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tokenize
from pathlib import Path

import numpy as np
import pytest

from stratmap.assembly import Desk
from stratmap.cli.portfolio import run as portfolio
from stratmap.errors import EncodingError
from stratmap.index import Index
from stratmap.settings import AnsweringSettings, EncodingSettings, Settings

SETTINGS = Settings(encoding=EncodingSettings(encoder="hashing"), answering=AnsweringSettings(rerank=0))
_UNSAFE = re.compile(
    r"^(?:import|from)(?:pickle|cPickle|dill|cloudpickle|joblib|marshal|shelve)(?=$|\.|import|as|,)"
    r"|(?:pickle|joblib|marshal)\.loads?\(|allow_pickle=True|torch\.load\(|np\.load\((?!.*allow_pickle=False)"
    r"|yaml\.(?:load|unsafe_load|full_load)\(|(?<![\w.])(?:eval|exec)\(|shell=True|os\.system"
)


@pytest.fixture
def desk(tmp_path, hashing_encoder):
    made = Desk(SETTINGS, tmp_path / "index")
    made.__dict__["encoder"] = hashing_encoder
    return made


@pytest.fixture
def files(tmp_path):
    """Three files with a word of their own each."""
    folder = tmp_path / "in"
    folder.mkdir()
    for word in ("zanzibarine", "quetzalish", "ouagadougan"):
        text = f"The {word} project trained border police. It opened a {word} office. It helped forty returnees."
        (folder / f"{word}.txt").write_text(text, encoding="utf-8")
    return folder


def code_of(path: Path) -> list[tuple[int, str]]:
    """Lines without strings and comments."""
    lines: dict[int, str] = {}
    with open(path, "rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in {tokenize.NAME, tokenize.OP, tokenize.NUMBER}:
                lines[token.start[0]] = lines.get(token.start[0], "") + token.string
    return list(lines.items())


def test_no_module_loads_what_could_run():
    found = []
    for path in sorted((Path(__file__).parents[2] / "src").rglob("*.py")):
        for number, line in code_of(path):
            if _UNSAFE.search(line) and "yaml.load(source,Loader=loader)" not in line:  # one of the two safe loaders
                found.append(f"{path.name}:{number}: {line}")
    assert found == []


def test_a_pickle_in_a_folder_that_is_read_is_never_opened(desk, files, tmp_path):
    """One that would leave a mark lies wherever stratmap looks."""
    mark = tmp_path / "mark"
    evil = b"cposix\nsystem\n(S'touch " + str(mark).encode() + b"'\ntR."
    desk.add([files])
    for name in ("index.pkl", "docstore.pkl", "vectors.npy", "model.joblib", "index.faiss", "base.bin"):
        (tmp_path / "index" / name).write_bytes(evil)
        (files / name).write_bytes(evil)
    again = Desk(SETTINGS, tmp_path / "index")
    again.__dict__["encoder"] = desk.encoder
    again.add([files])
    assert again.ask("Who trained border police?").passages
    assert again.index.verify() == []
    assert not mark.exists()


def test_what_is_deleted_is_no_answer_no_neighbour_and_no_number(desk, files, tmp_path, capsys):
    desk.add([files])
    path = files / "quetzalish.txt"
    document = desk.read(path)
    assert any("quetzalish" in hit.passage.text for hit in desk.ask("quetzalish office").passages)
    assert desk.index.delete(["quetzalish.txt"]) == 1
    for question in ("quetzalish office", "Who trained border police?"):
        answer = desk.ask(question)
        told = [c.quote for c in answer.citations] + [h.passage.text for h in answer.passages] + [answer.answer]
        assert "quetzalish office" not in " ".join(told)
    assert all(hit.passage.doc_id != document.doc_id for hit in desk.similar(document, 9))
    assert sorted(d.name for d in desk.documents()) == ["ouagadougan.txt", "zanzibarine.txt"]
    desk.index.compact()
    left = b"".join(path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file())
    assert b"quetzalish" not in left
    assert b"zanzibarine" in left
    assert portfolio is not None


def test_an_encoder_that_fails_in_mid_batch_costs_its_document(desk, files, hashing_encoder):
    class Failing:
        def __getattr__(self, name):
            return getattr(hashing_encoder, name)

        def encode_full(self, texts):
            if any("quetzalish" in text for text in texts):
                raise EncodingError("expected finite values, found NaN.")
            return hashing_encoder.encode_full(texts)

    assert "encoder" in desk.__dict__
    desk.tagger  # noqa: B018  (its labels are encoded by the sound encoder)
    desk.__dict__["encoder"] = failing = Failing()
    desk.tagger.encoder = failing
    done = desk.add([files])
    assert done.added == 2
    [failed] = done.failed
    assert failed.source.endswith("quetzalish.txt")
    assert "NaN" in failed.reason
    assert desk.index.verify() == []
    assert isinstance(desk.index, Index)
    assert np.isfinite(desk.index.search("border", hashing_encoder.encode(["border"])[0], 1)[0].score)


NO_NETWORK = """
import socket, sys
def refuse(event, args):
    if event == "socket.getaddrinfo" and str(args[0]) not in {"localhost", "127.0.0.1", "::1", "None", "0.0.0.0"}:
        print("OUTBOUND", event, args, file=sys.stderr); raise OSError("no network")
    if event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in {"127.0.0.1", "::1", "localhost"}:
        print("OUTBOUND", event, args[1], file=sys.stderr); raise OSError("no network")
sys.addaudithook(refuse)
"""


@pytest.fixture
def watched(tmp_path, root):
    """Runs commands in processes that report any connection but to this machine, children included."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_NETWORK)

    def run(code, *words, text=""):
        env = os.environ | {"PYTHONPATH": str(tmp_path / "site"), "https_proxy": "http://proxy.invalid:9"}
        program = [sys.executable, "-c", code, *map(str, words)]
        done = subprocess.run(program, cwd=tmp_path, env=env, input=text, capture_output=True, text=True, timeout=900)
        assert "OUTBOUND" not in done.stderr, done.stderr
        return done

    return run


CLI = "import sys; from stratmap.cli import main; main()"


def test_the_watch_sees_a_request(tmp_path, watched):
    """Else the next test would prove nothing."""
    with pytest.raises(AssertionError, match="OUTBOUND"):
        watched("import urllib.request; urllib.request.urlopen('http://example.org')")


ALL = """
import sys, runpy
from stratmap.cli import main
def call(*words):
    sys.argv = ["stratmap", *words]
    try:
        main()
    except SystemExit as end:
        print("EXIT", words[0], end.code, file=sys.stderr)
call("tag", "in", "--format", "jsonl")
call("tag", "in", "--out", "results")
call("index", "in", "--index", "i")
call("ask", "Who trained border police?", "--index", "i", "--json")
call("index", "verify", "--index", "i")
call("index", "export", "carrier", "--index", "i")
call("index", "import", "carrier", "--index", "j")
call("index", "delete", "quetzalish.txt", "--index", "i")
call("index", "compact", "--index", "i")
call("portfolio", "--index", "i", "--out", "cover")
call("framework", "O4")
call("doctor", "--index", "i")
import gradio
from pathlib import Path
from stratmap.app.build import build_app
from stratmap.assembly import Desk
from stratmap.settings import Settings
"""


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_no_command_opens_a_connection_or_writes_texts_to_a_log(files, watched):
    (files / "page.html").write_text("<img src='http://example.org/x.png'><p>Ms Ana Zanzibarova was helped.</p>")
    done = watched(ALL if _has_build() else ALL.split("import gradio")[0])
    ended = dict(line.split()[1:] for line in done.stderr.splitlines() if line.startswith("EXIT"))
    assert set(ended.values()) <= {"0", "None"}, done.stderr[-2000:]
    assert {"tag", "index", "ask", "portfolio", "doctor"} <= set(ended)
    for private in ("border police", "Zanzibarova", "returnees", "quetzalish office"):
        assert private not in done.stderr, done.stderr


def _has_build() -> bool:
    from importlib.util import find_spec

    found = find_spec("stratmap.app.build")
    return found is not None and "def build_app" in Path(str(found.origin)).read_text("utf-8")


MANY = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
from archive_fakes import FakeTagger
from stratmap.archive import run
from stratmap.settings import Settings
from pathlib import Path
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
settings = Settings()
run([sys.argv[2]], Path(sys.argv[4]), FakeTagger(settings).tag, settings)
small = peak()
run([sys.argv[3]], Path(sys.argv[5]), FakeTagger(settings).tag, settings)
print(json.dumps([small, peak()]))
"""


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_memory_does_not_grow_with_the_archive(tmp_path):
    """1,500 documents of 4,000 characters take no more than 100 do, give or take a fraction of their own size."""
    for name, count in (("small", 100), ("large", 1_500)):
        with open(tmp_path / f"{name}.jsonl", "w", encoding="utf-8") as file:
            for n in range(count):
                text = f"Report {name} {n}. " + " ".join(f"word{n * 7919 + k}" for k in range(400))
                file.write(json.dumps({"id": f"{name}{n}", "text": text}) + "\n")
    words = [Path(__file__).parents[1] / "archive", *(tmp_path / n for n in ("small.jsonl", "large.jsonl", "s", "l"))]
    done = subprocess.run([sys.executable, "-c", MANY, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    small, large = json.loads(done.stdout)
    unit = 1024 if sys.platform == "linux" else 1
    assert (large - small) * unit < 40_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
