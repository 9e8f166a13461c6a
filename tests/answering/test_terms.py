"""Abbreviations, typing mistakes, numbers and names."""

import pytest

from stratmap.answering.names import canonical, countries, names
from stratmap.answering.questions import Wanted, wanted
from stratmap.answering.terms import ABBREVIATIONS, corrections, expand, expansions, spelled
from stratmap.answering.words import numbers, terms


@pytest.mark.parametrize("short", sorted(ABBREVIATIONS))
def test_every_abbreviation_is_met_from_both_sides(short):
    assert expansions(f"about {short} only")[0] == ABBREVIATIONS[short][0]
    assert expansions(f"about {ABBREVIATIONS[short][0]} only")


def test_small_words_are_no_abbreviations():
    assert expand("a tip to wash") == "a tip to wash"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("VoT referral", "victim of trafficking referral"),
        ("Did IOM hand out NFIs?", "Did IOM hand out non-food item?"),
        ("a tip to wash", "a tip to wash"),
        ("WASH in camps", "water, sanitation and hygiene in camps"),
        ("victims of trafficking", "victims of trafficking"),
    ],
)
def test_models_read_abbreviations_spelled_out(text, whole):
    assert spelled(text) == whole


def test_corrections_leave_names_and_known_words_alone():
    texts = ["A guardian for every child in Serbia"]
    assert corrections("the gaurdian of Siberia", texts) == {"gaurdian": "guardian"}
    assert corrections("guardians of children", texts) == {}


def test_numbers_have_one_form():
    assert numbers("1,200 people, three villages, 2.5 million") == {"1200", "3", "2.5"}
    assert terms("1,200") == terms("1200")


def test_countries_and_names():
    assert countries("Moldovans in Türkiye and the Kyrgyz Republic") == {"Moldova", "Turkey", "Kyrgyzstan"}
    assert countries("the serbian office in georgia") == {"Serbia", "Georgia"}
    assert countries("roast turkey for Ann") == set()
    assert names("Which board did the Bureau chair?") == {"bureau"}


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Türkiye", "Turkey"),
        ("Republic of Türkiye", "Turkey"),
        ("Moldova, Republic of", "Moldova"),
        ("Iran, Islamic Republic of", "Iran"),
        ("Vietnam", "Viet Nam"),
        ("State of Palestine", "Palestine"),
        ("UNITED STATES OF AMERICA", "United States"),
        ("Ruritania", "Ruritania"),
    ],
)
def test_a_country_has_one_name_however_it_is_spelled(spelling, name):
    assert canonical(spelling) == name
    assert countries(f"Returns to {spelling} in 2014") == ({name} if name != "Ruritania" else set())


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many returned?", Wanted.NUMBER),
        ("What did it cost?", Wanted.MONEY),
        ("When did it end?", Wanted.TIME),
        ("Who paid?", Wanted.NAME),
        ("In which district?", Wanted.PLACE),
        ("Why?", Wanted.TEXT),
    ],
)
def test_what_is_wanted(question, kind):
    assert wanted(question) is kind
