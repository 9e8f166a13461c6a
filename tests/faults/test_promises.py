"""Promises that concern the whole program: nothing loaded runs, nothing leaves, deleted is deleted, memory is bounded."""

from __future__ import annotations

import json
import os
import re
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


def test_what_is_deleted_is_no_answer_no_neighbour_and_no_number(desk, files, tmp_path, capsys, monkeypatch):
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
    monkeypatch.setattr("stratmap.cli.portfolio.Desk", lambda *_: desk)
    assert portfolio(tmp_path / "index", None, None, SETTINGS, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["documents"] == 2
    desk.index.compact()
    left = b"".join(path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file())
    assert b"quetzalish" not in left
    assert b"zanzibarine" in left


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


COMMANDS = """
import sys
from stratmap.cli import main
for line in sys.argv[1].splitlines():
    sys.argv = ["stratmap", *line.split("|")]
    try:
        main()
    except SystemExit as end:
        print("EXIT", sys.argv[1], end.code, file=sys.stderr)
"""
LINES = """tag|in|--format|jsonl
tag|in|--out|results
compare|results|results
index|in|--index|i
ask|Who trained border police?|--index|i|--json
index|verify|--index|i
index|export|carrier|--index|i
index|import|carrier|--index|j
index|rollback|1|--index|j
index|delete|quetzalish.txt|--index|i
index|compact|--index|i
portfolio|--index|i|--out|cover
framework|O4
corrections|list|--index|i
versions|list|--index|i
tag|in|--out|forms|--forms|csv,hxl,xlsx,parquet,html,docx,iati,fragments,codelist|--mask
portfolio|--results|results|--out|cover2
ask|Who trained border police?|--index|i|--stream
corrections|export|c.xlsx|--index|i
corrections|import|c.xlsx|--index|i
doctor|--index|i|--repair"""
APP = """
import json, sys, urllib.request
from pathlib import Path
from stratmap.app.serve import launch
from stratmap.assembly import Desk
from stratmap.settings import Settings
desk = Desk(Settings(), Path("i"))
desk.add([Path("in")])
app = launch(desk, Settings(), port=0, block=False)
open_ = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
tabs = {
    "tag": (("tag_text", ["Border police were trained."]), ("similar_passages", ["Border police were trained.", 3]),
            ("tag_export", ["Border police were trained.", "docx"])),
    "review": (("review_questions", [5]), ("corrections_export", [])),
    "ask": (("ask", ["Who trained border police?", [], [], [], 0, 0, []]),),
    "framework": (("framework_picture", []), ("crosswalk", ["sdg"])),
    "portfolio": (("portfolio_coverage", []), ("portfolio_file", ["png", "country", False])),
    "archive": (("list_documents", []), ("list_checks", []), ("add_document", ["visit.txt", "Border police came."])),
}
for action, words in (one for actions in tabs.values() for one in actions):
    request = urllib.request.Request(app.local_url.rstrip("/") + "/gradio_api/run/" + action,
                                     json.dumps({"data": words}).encode(), {"content-type": "application/json"})
    print(action, "data" in json.load(open_(request)))
print("page", b"stratmap" in open_(app.local_url).read())
app.close()
"""
PRIVATE = ("border police", "Zanzibarova", "returnees", "quetzalish office")


@pytest.mark.timeout(900)
def test_no_command_opens_a_connection_or_writes_texts_to_a_log(files, watched):
    (files / "page.html").write_text("<img src='http://example.org/x.png'><p>Ms Ana Zanzibarova was helped.</p>")
    done = watched(COMMANDS, LINES)
    ended = [line.split()[1:] for line in done.stderr.splitlines() if line.startswith("EXIT")]
    assert [name for name, _ in ended] == [line.split("|")[0] for line in LINES.splitlines()]
    assert {code for _, code in ended} <= {"0", "None"}, done.stderr[-2000:]
    for private in PRIVATE:
        assert private not in done.stderr, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_app_is_built_and_works_without_a_connection_and_logs_no_text(files, watched):
    done = watched(APP)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "page True" in done.stdout.splitlines(), done.stdout
    assert done.stdout.count("True") == 14, done.stdout  # every tab has an action among them
    for private in PRIVATE:
        assert private not in done.stderr, done.stderr
