"""What is covered in exports, what is not, and that offsets stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratmap.records import (
    Answer,
    Citation,
    Evidence,
    Hit,
    Language,
    Passage,
    Statement,
    Tag,
    TaggedDocument,
)
from stratmap.reporting.coverage_records import CoveredDocument
from stratmap.reporting.masking import COVER, mask, mask_name, masked_answer, masked_covered, masked_tags


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Mr Petrov said so.", "Petrov"),
        ("met Dr. Ana-Maria Popescu there", "Ana-Maria Popescu"),
        ("interviewed Gulnara Abdullaeva in Osh", "Gulnara Abdullaeva"),
        ("г-н Иванов сообщил", "Иванов"),
        ("Пришла Ольга Сергеева вчера", "Ольга Сергеева"),
        ("call +381 (64) 123-45-67 now", "+381 (64) 123-45-67"),
        ("call 0601234567", "0601234567"),
        ("tel. 23 45 67 89", "23 45 67 89"),
        ("ana.petrova@example.org wrote", "ana.petrova@example.org"),
        ("passport no. AB1234567 was lost", "AB1234567"),
        ("card AN 0123456", "AN 0123456"),
        ("JMBG 0101990710006", "0101990710006"),
        ("to RS35 2600 0560 1001 6113 79 today", "RS35 2600 0560 1001 6113 79"),
    ],
)
def test_personal_data_is_covered(text, secret):
    found = mask(text)
    assert len(found) == len(text)
    assert secret not in found
    assert COVER * 4 in found
    before, _, after = text.partition(secret)
    assert found.startswith(before)
    assert found.endswith(after)


@pytest.mark.parametrize(
    "text",
    [
        "Between 2014 and 2016 some 12,500 people, 1 200 000 in all, crossed.",
        "On 01.02.2020 and 12/11/2021 the Border Police of North Macedonia met the Ministry of Labour.",
        "Objective 4 of the Global Compact; resolution 73/195; budget USD 2,345,678.90; page 12.",
        "The Georgia office, Bosnia and Herzegovina, Republic of Moldova.",
        "Паспорт № 4510 was",
        "",
    ],
)
def test_figures_dates_places_and_offices_stay(text):
    assert mask(text) == text


@given(st.text(max_size=200))
def test_the_length_never_changes(text):
    assert len(mask(text)) == len(text)


def test_a_million_characters_take_no_time():
    assert len(mask("0 " * 250_000 + "Mr " * 100_000 + "a.b@" * 50_000)) == 1_000_000


@pytest.mark.parametrize(
    "name",
    [
        "Ms Ana Petrova.md",
        "talks/Ana_Petrova.2019.docx",
        "Ana-Petrova",
        "pack.zip!in/Dr Ana Petrova.xml#12",
        "list.xlsx of Ms Petrova#3",
        "Ms Petrova \ud800.txt",
    ],
)
def test_a_name_is_covered_keeps_its_kind_and_stays_one(name):
    found = mask_name(name)
    assert "Petrova" not in found
    assert found.rpartition("#")[2] == name.rpartition("#")[2] or "#" not in name
    assert found.endswith((".md", ".docx", "#12", "#3", ".txt")) == name.endswith((".md", ".docx", "#12", "#3", ".txt"))
    assert mask_name(found) == found
    assert mask_name(name.replace("Petrova", "Ivanova")) != found


@pytest.mark.parametrize(
    "name",
    ["", "a03-belarus-2016.md", "Report_01_02_2020 Georgia.pdf", "list.xlsx#7", "corpora/projects/x.md", "7.10.txt"],
)
def test_other_names_stay(name):
    assert mask_name(name) == name


def test_evidence_is_covered_and_its_place_stays():
    evidence = Evidence(3, 10, 27, "Mr Petrov is here", 0.9)
    tag = Tag("O1", "First", 0.9, True, (evidence,))
    language = Language("en", "English")
    tagged = TaggedDocument("Mr Petrov.pdf", "d", language, 4, {"objectives": (tag,)}, False, (), ("Mr Petrov?",))
    found = masked_tags(tagged)
    [one] = found.tags["objectives"][0].evidence
    assert (one.text, one.start, one.end, one.page) == ("Mr ██████ is here", 10, 27, 3)
    assert "Petrov" not in repr(found)


def test_names_of_files_in_warnings_are_covered():
    told = "attachments are not read: Ana_Petrova_passport.pdf, map.png"
    tagged = TaggedDocument("a.eml", "d", Language("en", "English"), 1, {}, False, (), (told,))
    assert masked_tags(tagged).warnings == ("attachments are not read: ███████████_passport.pdf, map.png",)


def test_every_text_of_an_answer_is_covered():
    said = "Mr Petrov was here."
    passage = Passage("d", 0, 1, 0, len(said), 0, said, said)
    answer = Answer(
        said, True, said, (Citation(1, "d", "Mr Petrov.pdf", 1, 0, 0, len(said), said, 0.9),),
        (Hit(passage, "Mr Petrov.pdf", 0.9),), 0.9, (Statement(said, (1,)),), (said,),
    )  # fmt: skip
    found = masked_answer(answer)
    assert "Petrov" not in repr(found)
    assert found.citations[0].document == found.passages[0].document != "Mr Petrov.pdf"


def test_names_of_files_in_the_sentences_of_an_answer_are_covered():
    said = "Ana_Petrova_2019.docx: Border police were trained."
    answer = Answer(said, True, said, (), (), 0.9, (Statement(said, ()),), (said,))
    assert masked_answer(answer).answer == "███████████_2019.docx: Border police were trained."
    assert "Petrova" not in repr(masked_answer(answer))


def test_every_text_of_a_covered_document_is_covered():
    said = (Evidence(1, 0, 5, "Mr Petrov", 0.9),)
    one = CoveredDocument(
        "Mr Petrov.pdf", "d", {"O1": 0.9}, ("Serbia",), 2019, {"O1": said}, "Mr Petrov.pdf", "Mr Petrov.pdf"
    )
    found = masked_covered(one)
    assert "Petrov" not in repr(found)
    assert found.near == found.source


def test_the_command_covers_only_where_it_is_asked_to(tmp_path, capsys):
    from stratmap.cli import tagging
    from stratmap.settings import PrivacySettings, Settings

    path = tmp_path / "note.txt"
    path.write_text("Ms Ana Petrova, tel. +381 64 123 45 67, was assisted as a victim of trafficking.", "utf-8")
    assert tagging.tag_files([str(path)], "jsonl", [], Settings()) == 0
    assert "Ana Petrova" in capsys.readouterr().out
    assert tagging.tag_files([str(path)], "jsonl", [], Settings(privacy=PrivacySettings(mask_exports=True))) == 0
    told = capsys.readouterr().out
    assert "Petrova" not in told
    assert "victim of trafficking" in told
