"""The shipped frameworks as they must be, and files that are refused with the place of the fault."""

from __future__ import annotations

import copy
import time

import pytest
import yaml

from stratmap.errors import FrameworkError, UsageError
from stratmap.framework import load_crosswalk, load_framework, shipped_crosswalks, shipped_frameworks

SMALL = {
    "schema": 1,
    "id": "small",
    "name": "Small",
    "groups": [
        {"id": "themes", "name": "Themes", "labels": [
            {"code": "A1", "name": "Roads", "statement": "Build roads.", "serves": ["S1"], "confusable": ["A2"]},
            {"code": "A2", "name": "Rails", "description": "Rails and stations.", "colour": "#74b8f3"},
        ]},
    ],
    "strategic_objectives": [{"code": "S1", "name": "Move", "statement": "Let people move."}],
}  # fmt: skip


@pytest.fixture
def small(tmp_path):
    """Writes SMALL after a change to it, and gives the path."""

    def write(change=lambda table: None) -> str:
        table = copy.deepcopy(SMALL)
        change(table)
        path = tmp_path / "small.yaml"
        path.write_text(yaml.safe_dump(table, allow_unicode=True), encoding="utf-8")
        return str(path)

    return write


def test_the_strategy_has_nine_objectives_and_six_principles():
    framework = load_framework()
    sizes = {group.id: [label.code for label in group.labels] for group in framework.groups}
    assert sizes == {"objectives": [f"O{n}" for n in range(1, 10)], "principles": [f"P{n}" for n in range(1, 7)]}
    assert [aim.code for aim in framework.strategic_objectives] == ["S1", "S2", "S3"]


def test_the_goals_of_the_united_nations_are_one_group_of_seventeen():
    framework = load_framework("sdg")
    assert [(group.id, len(group.labels)) for group in framework.groups] == [("objectives", 17)]


def test_both_frameworks_are_shipped_and_have_texts_to_tag_from():
    assert shipped_frameworks() == ("iom-seeeca", "sdg")
    for name in shipped_frameworks():
        framework = load_framework(name)
        assert framework.id == name
        assert all(label.description and label.keywords for label in framework.labels)


def folded(text: str) -> str:
    return " ".join(text.split())


def test_statements_are_the_words_of_the_strategy(root):
    source = folded((root / "corpora/strategy/iom-seeeca-strategic-framework.txt").read_text(encoding="utf-8"))
    framework = load_framework()
    missing = [label.code for label in framework.labels if label.statement.rstrip(".;") not in source]
    assert missing == []
    assert [aim.code for aim in framework.strategic_objectives if aim.statement.rstrip(".;") not in source] == []
    assert framework.goal.rstrip(".") in source


def test_every_crosswalk_names_known_labels_and_reasons():
    framework = load_framework()
    assert set(shipped_crosswalks("iom-seeeca")) == {"gcm", "sdg", "srf"}
    for target in shipped_crosswalks("iom-seeeca"):
        crosswalk = load_crosswalk(framework, target)
        assert {link.label for link in crosswalk.links} <= set(framework.codes)
        assert all(len(link.reason) > 10 for link in crosswalk.links)
        pairs = [(link.label, link.target) for link in crosswalk.links]
        assert len(pairs) == len(set(pairs))
        assert all(crosswalk.of(code) for code in framework.codes if code.startswith("O"))


def test_the_crosswalk_to_the_goals_names_goals_that_exist():
    goals = {str(n) for n in range(1, 18)}
    links = load_crosswalk(load_framework(), "sdg").links
    assert {"".join(c for c in link.target.split(".")[0] if c.isdigit()) for link in links} <= goals


def test_an_unknown_crosswalk_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match=r"'mars'.*gcm, sdg, srf"):
        load_crosswalk(load_framework(), "mars")
    with pytest.raises(UsageError, match="none"):
        load_crosswalk(load_framework("sdg"), "gcm")


def test_a_small_file_is_read_as_it_stands(small):
    framework = load_framework(small())
    assert framework.codes == ("A1", "A2")
    assert framework.label("A1").serves == ("S1",)
    assert framework.label("A2").statement == "Rails and stations."
    assert framework.group_of("A2").id == "themes"
    with pytest.raises(UsageError, match=r"'A9'.*A1, A2"):
        framework.label("A9")


def label(key, value):
    return lambda table: table["groups"][0]["labels"][1].update({key: value})


def without(key):
    return lambda table: table["groups"][0]["labels"][0].pop(key)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda t: t.update(schema=2), r"expected schema: 1, found 2"),
        (lambda t: t.update(colour="red"), r"small\.yaml: colour is not known"),
        (lambda t: t.pop("name"), r"small\.yaml name: expected a text"),
        (lambda t: t.update(id="Big One"), r"small\.yaml id: .*'Big One'"),
        (lambda t: t.update(name=["a"]), r"small\.yaml name: .*list"),
        (lambda t: t.update(groups=[]), r"small\.yaml groups: expected at least one"),
        (lambda t: t.update(groups="many"), r"small\.yaml groups: expected a list of tables, found str"),
        (lambda t: t["groups"][0].update(labels=[]), r"groups\[0\] labels: expected at least one"),
        (lambda t: t["groups"][0].update(id="A B"), r"groups\[0\] id: .*'A B'"),
        (lambda t: t["groups"].append(copy.deepcopy(t["groups"][0])), r"every code once, found A1, A2 again"),
        (without("code"), r"groups\[0\] labels\[0\] code: expected a text"),
        (without("name"), r"groups\[0\] labels\[0\] name: expected a text"),
        (without("statement"), r"groups\[0\] labels\[0\] description: expected a text"),
        (label("code", "A1"), r"every code once, found A1 again"),
        (label("code", "A 2"), r"labels\[1\] code: .*'A 2'"),
        (label("colour", "blue"), r"labels\[1\] colour: .*'blue'"),
        (label("keywords", "road"), r"labels\[1\] keywords: expected a list of texts, found 'road'"),
        (label("weight", 3), r"labels\[1\]: weight is not known"),
        (label("serves", ["S7"]), r"A2: names S7"),
        (label("confusable", ["A7"]), r"A2: names A7"),
        (lambda t: t["strategic_objectives"][0].pop("code"), r"strategic_objectives\[0\] code"),
    ],
)
def test_a_fault_in_the_schema_names_its_place(small, change, place):
    with pytest.raises(FrameworkError, match=place):
        load_framework(small(change))


@pytest.mark.parametrize(
    "source",
    [b"- a\n- b\n", b"", b"id: [", b"\xff\xfe\x00", b"a: !!python/object/apply:os.system ['true']",
     b"id: !!timestamp foo", b"id: !!bool foo", b"? {a: b}\n: c", b"[" * 50_000],
)  # fmt: skip
def test_what_is_no_framework_is_refused_and_not_run(tmp_path, source):
    path = tmp_path / "other.yaml"
    path.write_bytes(source)
    with pytest.raises(FrameworkError, match=r"other\.yaml"):
        load_framework(str(path))


def test_aliases_that_unfold_without_end_are_refused_at_once(tmp_path):
    lines = ['a0: &a0 ["x", "x", "x", "x", "x", "x", "x", "x", "x"]']
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    started = time.monotonic()
    with pytest.raises(FrameworkError, match=r"bomb\.yaml line 2: .*alias \(\*a0\)"):
        load_framework(str(path))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("name", ["mars", "../frameworks/sdg", "x" * 5000, "nul\0byte", "", "/dev/null"])
def test_a_name_that_is_nothing_is_refused_with_the_shipped_ones(name):
    with pytest.raises(FrameworkError, match="iom-seeeca, sdg"):
        load_framework(name)


def test_a_file_of_many_megabytes_is_not_read(tmp_path):
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"# \n" * 2_000_000)
    with pytest.raises(FrameworkError, match="at most 5,000,000 bytes, found 6,000,000"):
        load_framework(str(path))


def test_a_group_named_like_a_key_of_results_is_refused_at_once(tmp_path):
    path = tmp_path / "own.yaml"
    text = (
        "schema: 1\nid: own\nname: Own\ngroups:\n- id: pages\n  labels:\n  - {code: R, name: R, description: Roads.}\n"
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FrameworkError, match=r"'pages'.*Taken: countries, doc_id"):
        load_framework(str(path))
