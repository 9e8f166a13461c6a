"""The page of examples runs, and the four names do what they say."""

import re
from pathlib import Path

import pytest

import stratmap
from stratmap import Archive, Assistant, Framework, Tagger, frame, read_text
from stratmap.errors import IndexFolderError, UsageError
from stratmap.records import TaggedDocument

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.S)
BORDER = "Border police in Armenia were trained to examine travel documents at the Bagratashen crossing point."


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_of_the_page_run(number, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code = EXAMPLES[number]
    for folder in ("results", "other-results", "index"):
        code = code.replace(f'"{folder}"', f'"{tmp_path / folder}"')
    names = {}
    exec(compile(code, f"docs/python.md example {number}", "exec"), names)
    assert capsys.readouterr().out.strip()
    if "answer" in names:
        assert names["answer"].answered
        assert not names["nothing"].answered
    if "change" in names or "found" in names:
        assert (names["found"].shared, names["found"].changed) == (2, 0)
    if "coverage" in names:
        assert names["done"].done == names["coverage"].documents == 9
        assert names["coverage"].by_country()


def test_a_text_a_file_and_a_document_are_tagged_alike(tmp_path):
    (tmp_path / "a.txt").write_text(BORDER, encoding="utf-8")
    tagger = Tagger()
    found = [tagger.tag(BORDER), tagger.tag(tmp_path / "a.txt"), tagger.tag(read_text(BORDER, "x"))]
    assert {one.applied("objectives") for one in found} == {("O8",)}
    assert [one.document for one in found] == ["text", "a.txt", "x"]
    assert [one.tags for one in tagger.tag_many([BORDER, tmp_path / "a.txt"])] == [found[0].tags] * 2
    assert isinstance(found[0], TaggedDocument)
    pandas = pytest.importorskip("pandas")
    assert isinstance(frame(found[0]), pandas.DataFrame)
    assert len(frame(found, rows="matrix")) == 3
    with pytest.raises(UsageError, match="tags, evidence, matrix"):
        frame(found, rows="columns")


def test_a_framework_in_hand_is_used(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "schema: 1\nid: own\nname: Own\ngroups:\n- id: themes\n  labels:\n"
        "  - {code: R, name: Borders, description: Border police and the control of travel documents.}\n"
        "  - {code: H, name: Harvest, description: Farming and the harvest of hazelnuts.}\n",
        encoding="utf-8",
    )
    for framework in (path, Framework.load(path)):
        assert [tag.code for tag in Tagger(framework).tag(BORDER).tags["themes"]] == ["R", "H"]


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(IndexFolderError, match="stratmap index"):
        Assistant(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="nothing of this name"):
        Archive(tmp_path / "out").tag(tmp_path / "nowhere")
    assert {"Tagger", "Archive", "Assistant", "Framework"} <= set(stratmap.__all__)
