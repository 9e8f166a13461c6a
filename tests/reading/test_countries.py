import pytest

from stratmap.reading.countries import country_name, mentions


@pytest.mark.parametrize(
    ("spelt", "country"),
    [
        ("Turkey", "Türkiye"), ("turkiye", "Türkiye"), ("Турция", "Türkiye"), ("Turska", "Türkiye"), ("TUR", "Türkiye"),
        ("Молдова", "Moldova"), ("Moldavie", "Moldova"), ("Республика Молдова", "Moldova"), ("Moldova, Republic of", "Moldova"),
        ("Kyrgyz Republic", "Kyrgyzstan"), ("Киргизия", "Kyrgyzstan"), ("Kosovo*", "Kosovo"), ("Kosovë", "Kosovo"),
        ("Bosna i Hercegovina", "Bosnia and Herzegovina"), ("BiH", "Bosnia and Herzegovina"), ("FYROM", "North Macedonia"),
        ("Gürcistan", "Georgia"), ("საქართველო", "Georgia"), ("Հայաստան", "Armenia"), ("Россия", "Russian Federation"),
        ("Czech Republic", "Czechia"), ("Congo", "Congo"), ("Korea", ""), ("Atlantis", ""), ("", ""),
    ],
)  # fmt: skip
def test_names_in_many_spellings_and_languages(spelt, country):
    assert country_name(spelt) == country


def test_names_are_counted_in_all_cases_and_nothing_else_is():
    russian = mentions(
        "В Молдове и Украине. Молдову поддержала Украина. Молдавский театр. Правительство Молдовы.", "ru"
    )
    assert russian == {"Moldova": 3, "Ukraine": 2}
    turkish = mentions("Türkiye'deki merkez, Türkiye'nin güneyinde, Gürcistan'da.", "tr")
    assert turkish == {"Türkiye": 2, "Georgia": 1}
    assert mentions("U Srbiji i Crnoj Gori, iz Srbije.", "sr")["Serbia"] == 2


def test_words_that_only_look_like_countries_do_not_count():
    assert mentions("A turkey and a jersey. Georgian, Serbian and Chadian colleagues.", "en") == {}
    assert mentions("Papua New Guinea and Equatorial Guinea.", "en") == {"Papua New Guinea": 1, "Equatorial Guinea": 1}
