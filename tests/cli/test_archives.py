"""Archives from the command line: what comes out, the drop folder, the log, and comparisons."""

import csv
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lxml import etree
from openpyxl import load_workbook

from stratmap.archive import Progress
from stratmap.cli import portfolio, tagging
from stratmap.errors import ExportError, UsageError
from stratmap.settings import Settings

PROGRAM = Path(sys.executable).with_name("stratmap")
BORDER = "Border police in Armenia were trained to examine travel documents at the Bagratashen crossing point."
RETURN = "Returnees to Georgia received reintegration grants and counselling after assisted voluntary return."
IATI = """<?xml version="1.0"?>
<iati-activities version="2.03">
  <iati-activity>
    <iati-identifier>XX-1</iati-identifier>
    <title><narrative>{text}</narrative></title>
    <recipient-country code="AM"/>
  </iati-activity>
</iati-activities>
"""


@pytest.fixture
def source(tmp_path):
    import zipfile

    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "border.txt").write_text(BORDER, encoding="utf-8")
    (folder / "act.xml").write_text(IATI.format(text=RETURN), encoding="utf-8")
    with zipfile.ZipFile(folder / "pack.zip", "w") as pack:
        pack.writestr("sub/inner.xml", IATI.format(text=BORDER))
    (folder / "photo.png").write_bytes(b"\x89PNG")
    return folder


def test_everything_comes_out_and_a_second_look_compares_it(source, tmp_path, capsys):
    out = tmp_path / "out"
    forms = "csv,hxl,xlsx,parquet,html,docx,iati,fragments,codelist"
    options = tagging.ArchiveOptions(forms=forms, sectors="objectives", uri="https://example.org/codes")
    assert tagging.tag_archive([str(source)], out, Settings(), options) == 0
    told = capsys.readouterr().err
    assert "3 tagged" in told
    assert "1 left out" in told
    rows = list(csv.reader((out / "tags.csv").read_text("utf-8-sig").splitlines()))
    assert rows[1][0] == "#meta+document"
    assert load_workbook(out / "tags.xlsx").sheetnames == ["tags", "evidence", "coverage", "corrections"]
    for name in ("act.xml", "pack/sub/inner.xml"):
        activity = etree.fromstring((out / "iati" / name).read_bytes()).find("iati-activity")
        assert {one.get("vocabulary-uri") for one in activity.iter("tag", "sector")} == {"https://example.org/codes"}
        assert sum(float(one.get("percentage")) for one in activity.iter("sector")) == 100
    assert [path.name for path in (out / "iati" / "fragments").iterdir()] == ["00002-border.txt.xml"]
    assert "O9" in (out / "iati" / "codelist.csv").read_text("utf-8-sig")
    assert {"coverage.html", "coverage.docx", "tags.parquet", "evidence.parquet"} <= {p.name for p in out.iterdir()}
    assert json.loads((out / "about.json").read_text("utf-8"))["framework"] == "iom-seeeca"

    facts = tmp_path / "facts.csv"
    facts.write_text("document,country,year\nborder.txt,Молдавия,2011\n", encoding="utf-8")
    assert portfolio.run(tmp_path, out, tmp_path / "pf", Settings(), True, facts) == 0
    found = json.loads(capsys.readouterr().out)
    assert ["Moldova", 1] in found["countries"]
    assert [2011, 1] in found["years"]
    names = {path.name for path in (tmp_path / "pf").iterdir()}
    assert {"coverage.html", "coverage.docx", "coverage.xlsx", "coverage.json"} <= names
    assert {"coverage-labels.png", "coverage-labels.svg", "coverage-countries.png", "coverage-trends.csv"} <= names

    (source / "border.txt").write_text(RETURN, encoding="utf-8")
    again = tmp_path / "again"
    assert tagging.tag_archive([str(source)], again, Settings(), tagging.ArchiveOptions(forms="csv")) == 0
    capsys.readouterr()
    assert portfolio.compare_results(out, again, False, tmp_path / "changes.csv") == 0
    told = capsys.readouterr().out
    assert "The text of the document is another one." in told
    assert "“Returnees to Georgia" in told
    assert "another tagger" not in told
    assert (tmp_path / "changes.csv").read_text("utf-8-sig").startswith("document,code")
    (again / "about.json").write_text('{"tagger": "another"}', encoding="utf-8")
    portfolio.compare_results(out, again, False)
    assert "another tagger: iom-seeeca" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"forms": "pdf"}, UsageError, "csv, hxl"),
        ({"sectors": "themes"}, ExportError, "objectives, principles"),
        ({"vocabulary": "1"}, ExportError, "99 or 98|98 or 99"),
        ({"facts": Path("nowhere.csv")}, UsageError, "nowhere.csv"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(source, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        tagging.tag_archive([str(source)], tmp_path / "out", Settings(), tagging.ArchiveOptions(**options))
    assert not (tmp_path / "out").exists()


def test_a_log_has_a_line_a_minute(monkeypatch, capsys):
    clock = iter(range(0, 1_000, 10))
    monkeypatch.setattr(tagging.time, "monotonic", lambda: float(next(clock)))
    show = tagging._progress()
    for number in range(25):
        show(Progress(number, 0, 100, number, 1.0, 60.0))
    told = capsys.readouterr().err.splitlines()
    assert 3 <= len(told) <= 5
    assert all("of about 100 documents (0 set aside), 1.0 a second, 0:01:00 to go" in line for line in told)


def test_a_drop_folder_is_minded_until_it_is_stopped(tmp_path):
    drop, out = tmp_path / "drop", tmp_path / "out"
    drop.mkdir()
    words = [PROGRAM, "tag", str(drop), "--out", str(out), "--forms", "csv", "--watch"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, preexec_fn=_hears_ctrl_c)
    try:
        for number, text in enumerate((BORDER, RETURN), 1):
            (drop / f"{number}.txt").write_text(text, encoding="utf-8")
            deadline = time.monotonic() + 130
            while time.monotonic() < deadline and number > _lines(out / "tags.jsonl"):
                time.sleep(0.2)
            assert _lines(out / "tags.jsonl") == number
    finally:
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1].decode()
    assert "watching" in told
    assert "Traceback" not in told


def test_a_run_that_is_told_to_end_releases_what_was_in_progress(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(400):
        (source / f"{number}.txt").write_text(f"{BORDER} {number * 7919} {RETURN}", encoding="utf-8")
    process = subprocess.Popen([PROGRAM, "tag", str(source), "--out", str(out)], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (out / "journal.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130, told
    assert "stopped; what is finished is kept" in told
    with sqlite3.connect(out / "journal.sqlite") as journal:
        assert journal.execute("SELECT count(*) FROM items WHERE state = 'running' OR crashes > 0").fetchone() == (0,)


def _hears_ctrl_c():
    """A job in the background inherits an ignored SIGINT; the program under test is a person's in the foreground."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _lines(path):
    return len(path.read_text("utf-8").splitlines()) if path.exists() else 0
