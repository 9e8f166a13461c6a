"""Countries, names, numbers and years that a text mentions. Comes in: text. Goes out: sets of them.

Countries are recognised by their English names, a few other spellings and the adjectives of the region; other
names by their capitals only. It knows no documents.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pycountry

from stratmap.answering.words import STOP_WORDS

# Spellings and adjectives = the name that documents carry.
_ALSO = {
    "moldova": "Moldova", "republic of moldova": "Moldova", "moldovan": "Moldova",
    "turkey": "Turkey", "türkiye": "Turkey", "turkiye": "Turkey", "turkish": "Turkey",
    "kosovo": "Kosovo", "russia": "Russia", "russian federation": "Russia", "russian": "Russia",
    "bosnia": "Bosnia and Herzegovina", "bosnia and herzegovina": "Bosnia and Herzegovina",
    "bosnian": "Bosnia and Herzegovina", "bih": "Bosnia and Herzegovina",
    "macedonia": "North Macedonia", "czech republic": "Czechia", "iran": "Iran", "syria": "Syria",
    "syrian": "Syria", "serbian": "Serbia", "georgian": "Georgia", "armenian": "Armenia",
    "ukrainian": "Ukraine", "belarusian": "Belarus", "albanian": "Albania", "kyrgyz": "Kyrgyzstan",
    "kyrgyz republic": "Kyrgyzstan", "tajik": "Tajikistan", "uzbek": "Uzbekistan", "kazakh": "Kazakhstan",
    "turkmen": "Turkmenistan", "azerbaijani": "Azerbaijan", "montenegrin": "Montenegro",
    "romanian": "Romania", "bulgarian": "Bulgaria", "afghan": "Afghanistan", "greek": "Greece",
    "vietnam": "Viet Nam", "uk": "United Kingdom", "usa": "United States", "tanzania": "Tanzania",
    "haitian": "Haiti", "dominican": "Dominican Republic", "ethiopian": "Ethiopia", "somali": "Somalia",
    "sudanese": "Sudan", "libyan": "Libya", "iraqi": "Iraq", "iranian": "Iran", "italian": "Italy",
    "german": "Germany", "polish": "Poland", "hungarian": "Hungary", "croatian": "Croatia",
    "moroccan": "Morocco", "egyptian": "Egypt", "pakistani": "Pakistan", "indian": "India",
    "chinese": "China", "israeli": "Israel", "spanish": "Spain", "french": "France",
    "south korea": "South Korea", "laos": "Laos", "bolivia": "Bolivia", "venezuela": "Venezuela",
    "palestine": "Palestine", "palestine, state of": "Palestine", "state of palestine": "Palestine",
    "palestinian": "Palestine", "drc": "Democratic Republic of the Congo",
    "democratic republic of the congo": "Democratic Republic of the Congo",
    "congo, the democratic republic of the": "Democratic Republic of the Congo",
}  # fmt: skip
_NAME = re.compile(r"[^\W\d_][\w’'-]*")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_OPENER_TEXT = "Give List Name Show Tell Describe Explain Compare Summarise Summarize Is Are"
_OPENERS = frozenset(_OPENER_TEXT.split())


@lru_cache(maxsize=1)
def _countries() -> tuple[dict[str, str], re.Pattern[str]]:
    names = {country.name.lower(): country.name for country in pycountry.countries if "," not in country.name}
    names |= {c.common_name.lower(): c.common_name for c in pycountry.countries if hasattr(c, "common_name")}
    names |= _ALSO
    for country in pycountry.countries:  # "Moldova, Republic of", "Republic of Moldova": one name for all spellings
        short = getattr(country, "common_name", country.name)
        official = getattr(country, "official_name", short).removeprefix("the ")
        names[country.name.lower()] = names[short.lower()] = names.get(short.lower(), short)
        names.setdefault(official.lower(), names[short.lower()])
    ordered = sorted((re.escape(name) for name in names), key=len, reverse=True)
    return names, re.compile(rf"\b({'|'.join(ordered)})(?:s|'s|’s)?\b", re.IGNORECASE)


def country_spans(text: str) -> list[tuple[int, int, str]]:
    """Places where a text names a country: start, end, English name."""
    names, pattern = _countries()
    spans = [(*match.span(), names[match.group(1).lower()]) for match in pattern.finditer(text)]
    # "turkey" and "jordan" written small may be anything, but not in a question written small throughout.
    small = text.islower()
    return [span for span in spans if small or text[span[0]].isupper() or span[2].lower() != text[span[0] : span[1]]]


def countries(text: str) -> set[str]:
    """English names of the countries that a text mentions."""
    return {name for _, _, name in country_spans(text)}


def canonical(country: str) -> str:
    """The one English name of a country, however it is written; what is no known country stays as it is.

    >>> canonical("Türkiye"), canonical("Moldova, Republic of"), canonical("Ruritania")
    ('Turkey', 'Moldova', 'Ruritania')
    """
    known, _ = _countries()
    return known.get(country.lower(), country)


def years(text: str) -> list[int]:
    """Years between 1900 and 2099, in order."""
    return [int(year) for year in _YEAR.findall(text)]


def names(text: str) -> set[str]:
    """Lower-case words that stand with a capital other than at the start of a sentence, and all-capital ones.

    >>> sorted(names("Did the Bureau pay IOM in Orhei?"))
    ['bureau', 'iom', 'orhei']
    """
    found = set()
    for match in _NAME.finditer(text):
        word = match.group()
        before = text[: match.start()].rstrip(" \n\"“‘'([")
        opens = not before or before[-1] in ".!?:;•-–"
        common = word.lower() in STOP_WORDS or word in _OPENERS
        if word[0].isupper() and not common and (not opens or word.isupper()) and len(word) > 1:
            found.add(re.sub(r"[’']s$", "", word.lower()))
    return found
