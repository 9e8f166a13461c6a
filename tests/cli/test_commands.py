"""The commands as others' scripts call them: shapes, order, exit codes, and text that may not steer a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("stratmap")
TAG = {"code", "name", "probability", "applied", "evidence"}
EVIDENCE = {"page", "start", "end", "text", "probability"}
BORDER = "Border police in Armenia were trained to examine travel documents at the Bagratashen crossing point."
RETURN = "Returnees to Georgia received reintegration grants and counselling after assisted voluntary return."


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A working folder without settings."""
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(scope="module")
def stratmap(place):
    def run(*words, text="", **variables):
        done = subprocess.run(
            [PROGRAM, *map(str, words)], cwd=place, input=text.encode("utf-8", "surrogateescape"),
            capture_output=True, env=os.environ | {"http_proxy": "http://127.0.0.1:9", **variables}, timeout=120,
        )  # fmt: skip
        done.out, done.err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        assert "Traceback" not in done.err, done.err[-2000:]
        return done

    return run


@pytest.fixture(scope="module")
def archive(place, root, stratmap):
    """An index of five project documents."""
    source = place / "projects"
    source.mkdir()
    files = sorted((root / "corpora/projects").glob("a0[1-5]*.md"))
    for path in files:
        shutil.copy(path, source)
    done = stratmap("index", source, "--index", "archive", "--json")
    assert done.returncode == 0, done.err
    assert json.loads(done.out) == {"added": 5, "unchanged": 0, "failed": [], "documents": 5}
    return place / "archive"


def lines(done):
    return [json.loads(line) for line in done.out.splitlines()]


def test_tag_prints_every_label_with_evidence_that_stands_in_the_text(place, stratmap):
    text = f"{BORDER} {RETURN}"
    (place / "отчёт one.txt").write_text(text, encoding="utf-8")
    done = stratmap("tag", "отчёт one.txt", "--format", "jsonl")
    assert (done.returncode, done.err) == (0, "")
    [found] = lines(done)
    assert {"document", "language", "pages", "objectives", "principles", "needs_review", "warnings"} <= set(found)
    assert (found["document"], found["language"], found["pages"]) == ("отчёт one.txt", "en", 1)
    assert type(found["needs_review"]) is bool
    assert sorted(tag["code"] for tag in found["objectives"]) == [f"O{n}" for n in range(1, 10)]
    assert sorted(tag["code"] for tag in found["principles"]) == [f"P{n}" for n in range(1, 7)]
    for group in ("objectives", "principles"):
        probabilities = [tag["probability"] for tag in found[group]]
        assert probabilities == sorted(probabilities, reverse=True)
        for tag in found[group]:
            assert set(tag) >= TAG
            assert not tag["applied"] or tag["evidence"]
            for one in tag["evidence"]:
                assert set(one) >= EVIDENCE
                assert one["page"] is None
                assert text[one["start"] : one["end"]] == one["text"]
    assert {tag["code"] for tag in found["objectives"] if tag["applied"]} >= {"O8", "O3"}


def test_standard_input_and_a_list_give_one_line_a_document_in_order(place, stratmap):
    rows = [{"id": f"item {n}", "text": text} for n, text in enumerate([RETURN, BORDER, RETURN + " Again."])]
    (place / "items.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    done = stratmap("tag", "items.jsonl", "-", "--format", "jsonl", text=BORDER)
    assert done.returncode == 0
    found = lines(done)
    assert [line["document"] for line in found[:3]] == ["item 0", "item 1", "item 2"]
    assert [line["objectives"][0]["code"] for line in found] == ["O3", "O8", "O3", "O8"]


def test_what_fails_is_told_in_one_line_and_the_rest_goes_on(place, stratmap):
    (place / "good.txt").write_text(BORDER, encoding="utf-8")
    (place / "bad.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    done = stratmap("tag", "bad.pdf", "good.txt", "nowhere.txt", "x" * 3000, "--format", "jsonl")
    assert done.returncode == 3
    assert [line["document"] for line in lines(done)] == ["good.txt"]
    told = done.err.splitlines()
    assert len(told) == 3
    assert all(line.startswith("stratmap: ") for line in told)
    assert "bad.pdf" in told[0]
    assert "nowhere.txt" in told[1]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["tag", "nowhere.txt"], 1, "nowhere.txt"),
        (["tag", "x.txt", "--format", "xml"], 2, "text, jsonl, csv"),
        (["tag", "x.txt", "--framework", "mars"], 1, "iom-seeeca, sdg"),
        (["tag", "x.txt", "--settings", "nowhere.toml"], 2, "nowhere.toml"),
        (["tag", "x.txt", "--settings", "x" * 3000], 2, "expected a settings file"),
        (["ask", "Who?", "--index", "nowhere"], 1, "stratmap index PATHS --index DIR"),
        (["ask", "--index", "nowhere"], 2, "expected a question"),
        (["ask", "--queries", "nowhere.jsonl"], 1, "nowhere.jsonl"),
        (["framework", "O77"], 2, "O1, O2"),
        (["evaluate", "tagging", "--items", "nowhere.jsonl"], 2, "nowhere.jsonl"),
    ],
)  # fmt: skip
def test_a_failure_is_one_line_on_standard_error_and_an_exit_code(stratmap, words, code, message):
    done = stratmap(*words)
    assert (done.returncode, done.out) == (code, "")
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("stratmap: ")
    assert message in done.err


def commands_with_settings(command, words=()):
    """Every command that takes a settings file, with a word for each argument that it needs."""
    for name, one in getattr(command, "commands", {}).items():
        yield from commands_with_settings(one, (*words, name))
    if any("--settings" in option.opts for option in command.params):
        needed = [option for option in command.params if option.required]
        named = [[option.opts[0]] if option.opts[0].startswith("-") else [] for option in needed]
        yield [*words, *(word for name in named for word in (*name, "1"))]


def test_a_settings_file_that_is_not_there_is_wrong_usage_everywhere(monkeypatch, capsys):
    from typer.main import get_command

    from stratmap.cli import main
    from stratmap.cli.commands import app

    listed = list(commands_with_settings(get_command(app)))
    assert {"tag", "index", "ask", "portfolio", "app", "doctor", "retrain", "corrections", "versions"} <= {
        words[0] for words in listed
    }
    for words in listed:
        monkeypatch.setattr(sys, "argv", ["stratmap", *words, "--settings", "nowhere.toml"])
        with pytest.raises(SystemExit) as left:
            main()
        assert (words, left.value.code) == (words, 2)
        told = capsys.readouterr().err
        assert "nowhere.toml: expected a settings file, found none" in told or words == ["evaluate", "retrieval"]


@pytest.mark.parametrize("words", [["tag"], ["nonsense"], ["ask", "--nonsense"], ["evaluate", "retrieval"]])
def test_wrong_usage_is_exit_code_two(stratmap, words):
    done = stratmap(*words)
    assert (done.returncode, done.out) == (2, "")
    assert done.err != ""


def test_text_that_steers_terminals_is_made_harmless(place, stratmap):
    hostile = "\x1b[31mBorder police\x1b]0;owned\x07 were trained \u202eat the crossing\u2066 by \x9b5m experts."
    (place / "a\x1b[2Jb.txt").write_text(hostile, encoding="utf-8")
    done = stratmap("tag", "a\x1b[2Jb.txt", "none\x1b[2J.txt", FORCE_COLOR="1")
    assert done.returncode == 3
    assert "Border police" in done.out
    for stream in (done.out, done.err):
        assert [c for c in stream if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066")] == []


def test_no_color_and_a_pipe_give_no_escapes(stratmap):
    assert "\x1b" not in stratmap("framework", "O4", NO_COLOR="1").out
    assert "\x1b" not in stratmap("framework", "O4").out


def test_another_framework_gives_its_own_groups(place, stratmap):
    (place / "own.yaml").write_text(
        "schema: 1\nid: own\nname: Own\ngroups:\n- id: themes\n  labels:\n"
        "  - {code: R, name: Borders, description: Border police and the control of travel documents.}\n"
        "  - {code: H, name: Harvest, description: Farming and the harvest of hazelnuts.}\n",
        encoding="utf-8",
    )
    done = stratmap("tag", "-", "--framework", "own.yaml", "--format", "jsonl", text=BORDER)
    assert done.returncode == 0
    [found] = lines(done)
    assert [tag["code"] for tag in found["themes"]] == ["R", "H"]
    assert "objectives" not in found
    assert found["needs_review"]


def test_a_question_is_answered_with_quotations_of_the_files(archive, place, stratmap):
    question = "How many people who had been trafficked did the network help in 2013?"
    done = stratmap("ask", question, "--index", archive, "--json")
    assert done.returncode == 0
    found = json.loads(done.out)
    assert {"question", "answered", "answer", "citations", "passages"} <= set(found)
    assert found["answered"] is True
    assert "188" in found["answer"]
    texts = {path.name: path.read_text(encoding="utf-8") for path in (place / "projects").glob("*.md")}
    assert found["citations"][0]["document"].startswith("a03-belarus")
    for citation in found["citations"]:
        assert set(citation) >= {"marker", "document", "page", "quote", "score"}
        assert " ".join(citation["quote"].split())[:60] in " ".join(texts[citation["document"]].split())
    assert len(found["passages"]) >= 5
    assert all(set(hit) >= {"document", "page", "start", "end", "text", "score"} for hit in found["passages"])
    scores = [hit["score"] for hit in found["passages"]]
    assert scores == sorted(scores, reverse=True)


def test_a_question_takes_up_the_one_before(archive, stratmap):
    earlier = "How many documents are there on Serbia?"
    found = json.loads(stratmap("ask", "and on Belarus?", "--history", earlier, "--index", archive, "--json").out)
    assert found["notes"] == ["Understood as: How many documents are there on Belarus?"]
    assert "a03-belarus" in found["answer"]


def test_many_questions_are_answered_in_order_one_line_each(archive, place, stratmap):
    rows = [
        {"id": "b", "question": "What did the matching fund add for each leu?"},
        {"id": "a", "question": "Which football club won the cup in Brazil?"},
    ]
    (place / "questions.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    done = stratmap("ask", "--queries", "questions.jsonl", "--index", archive)
    found = lines(done)
    assert (done.returncode, [line["id"] for line in found]) == (0, ["b", "a"])
    assert found[0]["passages"][0]["document"].startswith("a01-moldova")
    assert (found[1]["answered"], found[1]["citations"]) == (False, [])


def test_indexing_again_adds_nothing_and_a_changed_or_copied_file_is_followed(place, stratmap):
    folder = place / "growing"
    folder.mkdir()
    (folder / "a.txt").write_text(BORDER, encoding="utf-8")
    (folder / "b.txt").write_text(RETURN, encoding="utf-8")
    (folder / "labels.csv").write_bytes("file,country\na.txt,Türkiye\n".encode("cp1254"))
    counts = []

    def index():
        done = stratmap("index", folder, "--index", "small", "--json")
        assert done.returncode == 0, done.err
        counts.append([json.loads(done.out)[key] for key in ("added", "unchanged", "documents")])

    index()
    index()
    (folder / "a.txt").write_text(RETURN, encoding="utf-8")  # b's text: a's own is gone from the archive
    index()
    assert counts == [[2, 0, 2], [0, 2, 2], [0, 2, 1]]
    assert stratmap("index", "delete", "b.txt", "--index", "small").returncode == 0
    assert stratmap("index", "delete", "b.txt", "--index", "small").returncode == 1
    assert stratmap("index", "verify", "--index", "small").out.startswith("sound: ")


def test_evaluation_prints_valid_json_also_for_labels_that_never_occur(place, stratmap):
    rows = [{"text": BORDER, "objectives": ["O8"], "principles": []}, {"text": RETURN, "objectives": ["O3"]}]
    (place / "gold.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    done = stratmap("evaluate", "tagging", "--items", "gold.jsonl", "--json")
    assert done.returncode == 0

    def refuse(constant):
        raise AssertionError(constant)

    found = json.loads(done.out, parse_constant=refuse)
    assert found["objectives"]["labels"]["O8"]["ap"] == 1.0
    assert found["objectives"]["labels"]["O1"]["ap"] is None


def test_retrieval_is_measured_and_its_run_written(place, stratmap):
    (place / "c.jsonl").write_text(
        "\n".join(json.dumps({"_id": i, "text": t}) for i, t in (("d1", BORDER), ("d2", RETURN))), encoding="utf-8"
    )
    (place / "q.jsonl").write_text(json.dumps({"_id": "q1", "text": "grants for returnees"}), encoding="utf-8")
    (place / "r.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\n", encoding="utf-8")
    words = ["evaluate", "retrieval", "--corpus", "c.jsonl", "--queries", "q.jsonl", "--qrels", "r.tsv", "--json"]
    done = stratmap(*words, "--run-out", "run.trec")
    assert done.returncode == 0
    assert json.loads(done.out)["ndcg_10"] == 1.0
    assert (place / "run.trec").read_text(encoding="utf-8").startswith("q1 Q0 d2 1 ")
    refused = stratmap(*words, "--run-out", "/proc/none/run.trec")
    assert (refused.returncode, len(refused.err.splitlines())) == (1, 1)


def test_a_lost_model_is_named_in_one_line(place, stratmap):
    (place / "other.toml").write_text('[encoding]\nencoder = "./nowhere"\n', encoding="utf-8")
    done = stratmap("tag", "-", "--settings", "other.toml", text=BORDER)
    assert (done.returncode, done.out) == (1, "")
    assert "nowhere" in done.err.splitlines()[-1]
