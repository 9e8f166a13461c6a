"""Whatever leaves the program under `--mask`: every file and every line is searched for the people of the input."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pandas
import pytest

from stratmap.api import Archive
from stratmap.cli import asking, portfolio, reviewing, tagging
from stratmap.records import Correction, Filters
from stratmap.settings import PrivacySettings, Settings

PEOPLE = ("Petrova", "Karimov", "Sorokin", "64 123 45 67", "AB1234567")
OPEN = Settings()
COVERED = Settings(privacy=PrivacySettings(mask_exports=True))
ALL = "csv,hxl,xlsx,parquet,html,docx,iati,fragments,codelist"
BORDER = "Border police in Armenia were trained to examine travel documents at the Bagratashen crossing point."
VICTIM = (
    "---\ntitle: Talk with Ms Ana Petrova\ncountry: Serbia\nyear: 2019\n---\n"
    "Ms Ana Petrova, passport no. AB1234567, tel. +381 64 123 45 67, a victim of human trafficking identified in "
    "Belgrade in 2019, received shelter, legal aid and counselling for victims of trafficking."
)
MAIL = (
    "From: a@example.org\nTo: b@example.org\nSubject: Course\nMIME-Version: 1.0\n"
    "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\n" + BORDER + "\n--x\n"
    "Content-Type: application/pdf\nContent-Disposition: attachment; filename=Ivan_Sorokin_visa.pdf\n\n%PDF\n--x--\n"
)
IATI = (
    '<?xml version="1.0"?>\n<iati-activities version="{version}">\n  <iati-activity>\n'
    "    <iati-identifier>XX-1</iati-identifier>\n    <title><narrative>" + BORDER + "</narrative></title>\n"
    "  </iati-activity>\n</iati-activities>\n"
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Two documents that name people, in text, title and name; copies; what fails; IATI files under people's names."""
    folder = tmp_path_factory.mktemp("mask") / "in"
    folder.mkdir()
    (folder / "Ms Ana Petrova.md").write_text(VICTIM, encoding="utf-8")
    (folder / "Ms Ana Karimov.md").write_text(f"{BORDER} Mr Ivan Sorokin led the course.", encoding="utf-8")
    (folder / "Rustam_Karimov_copy.md").write_text(VICTIM, encoding="utf-8")
    (folder / "Rustam_Karimov_near.md").write_text(VICTIM + " She thanked the staff of the shelter.", encoding="utf-8")
    (folder / "visit.eml").write_bytes(MAIL.encode())
    (folder / "Mr Sorokin.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (folder / "Mr Sorokin.xml").write_text(IATI.format(version="2.03"), encoding="utf-8")
    (folder / "Mr Sorokin old.xml").write_text(IATI.format(version="2.01"), encoding="utf-8")
    return folder


def held(folder):
    """Every text in the files of a folder and in their names, packed formats unpacked; the journal is no export."""
    parts = []
    for path in sorted(folder.rglob("*")):
        parts.append(path.name)
        if path.suffix == ".parquet":
            parts.append(pandas.read_parquet(path).to_csv())
        elif path.suffix in {".xlsx", ".docx"}:
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
                parts += [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
        elif path.is_file() and not path.name.startswith("journal"):
            parts.append(path.read_text("utf-8", "replace"))
    return "\n".join(parts)


def people_in(text):
    return [one for one in PEOPLE if one in text]


@pytest.fixture(scope="module")
def runs(source):
    """The same archive tagged openly and covered."""
    found = {}
    for name, settings in (("open", OPEN), ("covered", COVERED)):
        found[name] = source.parent / name
        assert tagging.tag_archive([str(source)], found[name], settings, tagging.ArchiveOptions(forms=ALL)) == 3
    return found


def test_no_form_of_an_archive_names_anybody(runs):
    assert people_in(held(runs["open"])) == list(PEOPLE)  # else the next line would say nothing
    assert people_in(held(runs["covered"])) == []
    lines = [json.loads(line) for line in (runs["covered"] / "tags.jsonl").read_text("utf-8").splitlines()]
    assert len({line["source"] for line in lines}) == len(lines) == 7
    assert len([line for line in lines if line.get("duplicate_of") or line.get("near_duplicate_of")]) >= 2
    assert {line.get("duplicate_of") for line in lines} <= {line["source"] for line in lines} | {None}
    assert {line.get("near_duplicate_of") for line in lines} <= {line["source"] for line in lines} | {None}
    for line, plain in zip(lines, (runs["open"] / "tags.jsonl").read_text("utf-8").splitlines(), strict=True):
        other = json.loads(plain)
        assert [(t["code"], t["applied"]) for t in line["objectives"]] == [
            (t["code"], t["applied"]) for t in other["objectives"]
        ]


def test_the_journal_beside_them_holds_no_quotation(runs):
    held_there = b"".join(path.read_bytes() for path in runs["covered"].glob("journal*"))
    assert b"AB1234567" not in held_there
    assert b"64 123 45 67" not in held_there


def test_iati_files_come_back_under_covered_names_with_their_tags(runs):
    folder = runs["covered"] / "iati"
    [one] = [path for path in folder.glob("*.xml") if path.name != "codelist.xml"]
    assert one.read_text("utf-8").count("<tag ") > 0
    [line] = (folder / "refused.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["reason"].startswith("expected IATI version 2.03, found 2.01")


def test_a_portfolio_and_a_comparison_of_open_results_name_nobody(runs, source, capsys):
    out = source.parent / "portfolio"
    facts = source.parent / "facts.csv"
    facts.write_text("document,country,year\nMs Ana Petrova.md,Kosovo,2011\n", encoding="utf-8")
    for results in (runs["open"], runs["covered"]):
        assert portfolio.run(source, results, out, COVERED, True, facts) == 0
        told = capsys.readouterr().out
        assert people_in(told + held(out)) == []
        assert [2011, 1] in json.loads(told)["years"]  # a person states it under the name that the file has
    changed = source.parent / "changed"
    for path in (runs["open"] / "tags.jsonl", runs["covered"] / "tags.jsonl"):
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for line in lines:
            for tag in line["objectives"]:
                tag["applied"] = not tag["applied"]
        changed.mkdir(exist_ok=True)
        (changed / "tags.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        for as_json in (False, True):
            portfolio.compare_results(runs["open"], changed, as_json, changed / "changes.csv", covered=True)
            told = capsys.readouterr().out
            assert people_in(told + (changed / "changes.csv").read_text("utf-8-sig")) == []
        assert json.loads(told)["shared"] == 7


@pytest.fixture(scope="module")
def index(source):
    from stratmap.assembly import Desk

    folder = source.parent / "index"
    Desk(OPEN, folder).add([source / "Ms Ana Petrova.md", source / "Ms Ana Karimov.md"])
    return folder


def test_answers_name_nobody(index, capsys, tmp_path):
    question = "Who was assisted as a victim of trafficking in Belgrade, was it Ms Ana Petrova?"
    queries = tmp_path / "q.jsonl"
    queries.write_text(json.dumps({"id": "1", "question": question}) + "\n", encoding="utf-8")

    def told(settings):
        for stream in (False, True):
            for as_json in (False, True):
                asking.run(asking.Asked(question, Filters()), None, index, settings, as_json=as_json, stream=stream)
        asking.run(asking.Asked("", Filters()), queries, index, settings, as_json=True)
        return capsys.readouterr().out

    assert {"Petrova", "AB1234567"} <= set(people_in(told(OPEN)))
    assert people_in(told(COVERED)) == []


def test_a_workbook_of_corrections_names_nobody_and_is_taken_back(index, tmp_path, capsys):
    from stratmap.assembly import Desk
    from stratmap.reviewing.exchange import import_sheet

    path = tmp_path / "c.xlsx"
    reviews = Desk(OPEN, index).reviews
    one = next(document for document in reviews.index.documents() if "Petrova" in document.name)
    said = Correction(one.doc_id, one.name, "O4", "tag", True, "Ms Ana Petrova", "Mr Sorokin said so")
    reviews.correct([said])
    for settings, expected in ((OPEN, ["Petrova", "Karimov", "Sorokin"]), (COVERED, [])):
        assert reviewing.export(path, index, settings) == 0
        capsys.readouterr()
        assert people_in(held(tmp_path)) == expected
    found = import_sheet(reviews, path, "nobody", dry=True)
    assert (found.changes, found.refused) == ((), ())


def test_the_python_archive_covers_too(source, tmp_path):
    archive = Archive(tmp_path / "out", settings=replace(OPEN, privacy=PrivacySettings(mask_exports=True)))
    done = archive.tag(source / "Ms Ana Petrova.md", source / "Mr Sorokin old.xml", forms=["csv", "iati"])
    assert people_in(held(tmp_path / "out")) == []
    assert ["2.01" in one.reason for one in done.refused] == [True]
    assert done.exit_code == 3


def test_several_jobs_cover_the_same(source, tmp_path):
    """Worker processes get the settings; nothing is left to a tagger of the command."""
    paths = [str(source / "Ms Ana Petrova.md"), str(source / "Ms Ana Karimov.md")]
    for jobs in (1, 2):
        options = tagging.ArchiveOptions(jobs=jobs, forms="csv")
        assert tagging.tag_archive(paths, tmp_path / str(jobs), COVERED, options) == 0
    assert (tmp_path / "1" / "tags.jsonl").read_bytes() == (tmp_path / "2" / "tags.jsonl").read_bytes()
