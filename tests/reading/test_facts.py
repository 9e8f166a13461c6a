from dataclasses import replace

import pytest

from stratmap.reading import read_bytes, read_text
from stratmap.reading.facts import Facts, facts_of
from stratmap.settings import ReadingSettings


def year_of(text, name="report.txt"):
    return facts_of(read_text(text, name)).year


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("Strategy of the region\nIt runs until 2030 and was agreed in 2019.", 2019),
        ("The 2030 Agenda guides us. By 2027 all posts will be equipped. We began in 2018.", 2018),
        ("Programme document 2020-2024\nChisinau", 2020),
        ("Evaluation of grants\nTbilisi, June 2018\nThe project ran from 2012 to 2017, with plans to 2035.", 2018),
        ("Published on 3 March 2016. The law of 2021 is awaited.", 2016),
        ("A note\n© 2015 The project office. Since 2011 it has helped; in 2014 it moved.", 2015),
        ("Отчёт\nДата: 12.05.2017\nПлан до 2030 года.", 2017),
        ("A budget of 2019 euros? No: EUR 2,019 and 2019.50 lei.", 2019),
        ("No year at all.", None),
        ("Targets for 2030 only.", None),
    ],
)
def test_the_year_is_that_of_writing_not_one_ahead(text, year):
    assert year_of(text) == year


def test_what_a_document_states_comes_first():
    one = read_text("Country: Turkey; Молдова\nYear: 2013\nPublished 2020. Armenia, Armenia, Armenia.", "a.txt")
    assert facts_of(one) == Facts(("Türkiye", "Moldova"), 2013)
    stated = replace(one, metadata={"country": "Bosnia and Herzegovina and Serbia", "year": "2009; 2011"})
    assert facts_of(stated) == Facts(("Bosnia and Herzegovina", "Serbia"), 2011)
    markdown = b"---\ntitle: A\ndate: 2014-06-01\ncountry: Kosovo*\n---\nPlans for 2025 and notes of 2016.\n"
    assert facts_of(read_bytes(markdown, "a.md", ReadingSettings())) == Facts(("Kosovo",), 2014)


def test_the_name_of_the_file_and_its_making_are_the_last_to_be_asked():
    assert year_of("Nothing here.", "armenia-border-2017.txt") == 2017
    made = replace(read_text("Nothing here.", "a.pdf"), metadata={"created": "20120304"})
    assert facts_of(made).year == 2012


def test_countries_are_taken_from_the_text_where_it_is_plain():
    text = "In Armenia and Georgia. Armenia again, Georgia again, Armenia, Georgia, once Ukraine. " * 9
    assert facts_of(read_text(text, "a.txt")).countries == ("Armenia", "Georgia")
    assert facts_of(read_text("A training in Armenia.", "a.txt")).countries == ("Armenia",)
    assert facts_of(read_text("A training in Armenia. " + "The officers took part. " * 60, "a.txt")).countries == ()
