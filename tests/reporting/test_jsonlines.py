import json
from dataclasses import replace

import pytest

from stratmap.errors import ExportError
from stratmap.framework import load_crosswalk
from stratmap.reporting.jsonlines import as_dict, from_dict, jsonl_text, write_jsonl

from .conftest import make_tagged


def test_the_stable_keys_and_their_types(framework):
    value = as_dict(make_tagged(framework))
    assert list(value)[:7] == [
        "document", "language", "pages", "objectives", "principles", "needs_review", "warnings",
    ]  # fmt: skip
    assert (value["document"], value["language"], value["pages"], value["needs_review"]) == (
        "a.pdf",
        "en",
        3,
        False,
    )
    assert (len(value["objectives"]), len(value["principles"])) == (9, 6)
    best = value["objectives"][0]
    assert {key: best[key] for key in ("code", "probability", "applied")} == {
        "code": "O3", "probability": 0.9, "applied": True,
    }  # fmt: skip
    evidence = best["evidence"][0]
    assert {key: evidence[key] for key in ("page", "start", "end", "text", "probability")} == {
        "page": 2, "start": 0, "end": 29, "text": "We helped returning migrants.", "probability": 0.8,
    }  # fmt: skip


def test_a_line_read_back_is_the_same_document(framework):
    tagged = replace(make_tagged(framework), warnings=("no text on page 3",), review_reasons=("close call",))
    assert from_dict(json.loads(jsonl_text([tagged]))) == tagged


def test_crosswalks_say_which_entries_a_tag_relates_to(framework):
    walk = load_crosswalk(framework, "sdg")
    value = as_dict(make_tagged(framework), [walk])
    by_code = {tag["code"]: tag["crosswalks"]["sdg"] for tag in value["objectives"]}
    code = walk.links[0].label
    assert [entry["code"] for entry in by_code[code]] == [link.target for link in walk.of(code)]


def test_a_group_that_hides_a_stable_key_is_refused(framework):
    tagged = make_tagged(framework)
    with pytest.raises(ExportError, match="pages"):
        as_dict(replace(tagged, tags={"pages": ()}))


def test_a_foreign_line_is_refused():
    with pytest.raises(ExportError, match="stratmap tag"):
        from_dict({"title": "x"})


def test_odd_file_names_and_line_breaks_stay_on_one_line(framework, tmp_path):
    path = tmp_path / "t.jsonl"
    write_jsonl(path, [make_tagged(framework, name="a\udcff\n.pdf")] * 2)
    assert [json.loads(line)["document"] for line in path.read_text("utf-8").splitlines()] == ["a?\n.pdf"] * 2
