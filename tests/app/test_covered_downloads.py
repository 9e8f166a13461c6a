"""Files downloaded from the app where the settings cover personal data: nobody of the input is named in one."""

from __future__ import annotations

import zipfile
from copy import copy
from pathlib import Path

import pytest

from stratmap.app import ask_tab, portfolio, tag_tab
from stratmap.app.protocol import Turn
from stratmap.records import Answer, Citation, IndexedDocument, Statement
from stratmap.settings import Settings

TEXT = "Ms Ana Petrova, tel. +381 64 123 45 67, works in border management in Armenia and examines travel documents."
PEOPLE = ("Petrova", "123 45 67")


def held(paths):
    parts = []
    for path in map(Path, paths):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
        else:
            parts.append(path.read_bytes().decode("utf-8", "replace"))
    return "".join(parts)


def named(paths):
    return [one for one in PEOPLE if one in held(paths)]


@pytest.mark.parametrize(("covered", "expected"), [(False, list(PEOPLE)), (True, [])])
def test_tags_of_a_report(desk, covered, expected, tmp_path):
    path = tmp_path / "Talk with Ms Ana Petrova.txt"
    path.write_text(TEXT, encoding="utf-8")
    reports, problems = tag_tab.tag_reports(desk, Settings(), "", [str(path)], lambda *_: None)
    assert not problems
    assert named(tag_tab.write_files(desk, reports, covered=covered)) == expected


@pytest.mark.parametrize(("covered", "expected"), [(False, list(PEOPLE)), (True, [])])
def test_a_conversation(covered, expected):
    citation = Citation(1, "d", "Ms Petrova.pdf", 1, 0, 0, len(TEXT), TEXT, 0.9)
    answer = Answer("Who is Ms Petrova?", True, TEXT, (citation,), (), 0.9, (Statement(TEXT, (1,)),))
    turns = [Turn("Who is Ms Petrova?", answer), Turn("Ms Petrova?", None, "Ms Petrova is too much.")]
    assert named(ask_tab.write_conversation(turns, covered=covered)) == expected


def test_a_question_may_name_a_file():
    asked = "What does Ana_Petrova-interview.docx say?"
    turns = [
        Turn(asked, Answer(asked, False, "Nothing answers this.", (), ())),
        Turn(asked, None, f"{asked} Too much."),
    ]
    assert named(ask_tab.write_conversation(turns)) == ["Petrova"]
    assert named(ask_tab.write_conversation(turns, covered=True)) == []


@pytest.mark.parametrize(("covered", "expected"), [(False, ["Petrova"]), (True, [])])
def test_a_portfolio(desk, covered, expected):
    own = copy(desk)
    own.known = [
        IndexedDocument("same", f"Ms Petrova {number}.pdf", "x", "", "en", 1, ("Armenia",), 2020, {"O8": 0.9})
        for number in (1, 2)  # the same text twice: the workbook names both
    ]
    assert named(portfolio.write_portfolio(own, "country", False, covered=covered)) == expected
