"""Countries by any of their names: "Turkey", "Молдавия" and "Moldavie" lead to one English name each.

Comes in: a name, or a text. Goes out: English names, as short as ISO 3166 has them. Names and translations are those
of the library pycountry; `_MORE` adds what ISO does not list and texts of the region use. It decides nothing about
borders or status.
"""

from __future__ import annotations

import gettext
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

# English first, so that an English name is never taken for another country's name elsewhere; then the languages of
# the region, then those in which its donors write.
LANGUAGES = (
    "en", "ru", "uk", "be", "ro", "sr", "sr@latin", "bs", "hr", "mk", "bg", "sq", "tr", "az", "hy", "ka", "kk", "ky",
    "tg", "uz", "tk", "sl", "hu", "el", "pl", "cs", "sk", "fr", "de", "es", "it", "pt", "nl", "sv", "da", "nb", "fi",
    "et", "lv", "lt", "ar", "fa", "zh_CN", "ja",
)  # fmt: skip
_RELATED = {"sr": ("sr", "sr@latin", "bs", "hr"), "bs": ("bs", "hr", "sr@latin"), "hr": ("hr", "bs", "sr@latin")}
_UNINFLECTED = frozenset({"en", "fr", "es", "it", "pt", "de", "nl", "ar", "fa", "zh_CN", "ja"})
_MORE = {
    "TR": {
        "en": "Turkey;Turkiye", "sr": "Турска", "sr@latin": "Turska", "bs": "Turska", "mk": "Турција", "el": "Τουρκία",
    },
    "RU": {
        "en": "Russia", "ru": "Россия;РФ", "uk": "Росія", "be": "Расія", "ro": "Rusia", "sr": "Русија",
        "sr@latin": "Rusija", "bs": "Rusija", "hr": "Rusija", "mk": "Русија", "bg": "Русия", "tr": "Rusya",
        "sq": "Rusia", "az": "Rusiya", "fr": "Russie", "de": "Russland;Rußland", "es": "Rusia", "pl": "Rosja",
        "hu": "Oroszország", "el": "Ρωσία", "ka": "რუსეთი", "hy": "Ռուսաստան",
    },
    "MD": {"en": "Moldavia", "ru": "Молдова", "de": "Moldawien;Republik Moldau", "sr@latin": "Moldavija"},
    "MK": {
        "en": "Macedonia;FYROM;the former Yugoslav Republic of Macedonia", "ru": "Македония",
        "mk": "Северна Македонија", "bs": "Sjeverna Makedonija;Makedonija", "tr": "Makedonya", "sq": "Maqedonia",
        "sr@latin": "Makedonija",
    },
    "BA": {
        "en": "Bosnia;Bosnia & Herzegovina;Bosnia-Herzegovina;BiH", "sr": "БиХ", "sr@latin": "BiH", "bs": "BiH;Bosna",
        "hr": "BiH", "ru": "Босния;БиГ",
    },
    "CZ": {"en": "Czech Republic", "mk": "Чешка", "bs": "Češka"},
    "KG": {"en": "Kyrgyz Republic;Kirghizstan;Kirgizstan", "ru": "Кыргызстан;Киргизстан", "fr": "Kirghizstan"},
    "BY": {"en": "Byelorussia", "ru": "Белоруссия", "fr": "Biélorussie;Bélarus", "de": "Weißrussland"},
    "XK": {
        "en": "Kosovo;Kosova", "ru": "Косово", "uk": "Косово", "sr": "Косово", "mk": "Косово", "bg": "Косово",
        "sq": "Kosovë;Kosova", "tr": "Kosova", "az": "Kosovo",
    },
    "GB": {"en": "UK;Great Britain"}, "US": {"en": "USA;United States of America"}, "CD": {"en": "DRC;DR Congo"},
    "CI": {"en": "Ivory Coast"}, "CV": {"en": "Cape Verde"}, "MM": {"en": "Burma"}, "SZ": {"en": "Swaziland"},
    "PS": {"en": "Palestine;occupied Palestinian territory"},
}  # fmt: skip
_OWN_NAMES = {"XK": "Kosovo", "PS": "Palestine", "CD": "Democratic Republic of the Congo"}
_WORD = re.compile(r"[^\W\d_]+")
_KEY = 4  # letters of a first word by which names are looked up
_ENDING = 3  # letters that a case may add to a stem


@dataclass(frozen=True, slots=True)
class _Name:
    """A name as words; `stems` says whether a word of a text may go on after it."""

    words: tuple[str, ...]
    stems: bool
    country: str


def country_name(text: str) -> str:
    """The English name of a country that is named in any language or by its ISO code, or "".

    >>> country_name("Turkey"), country_name("Молдова"), country_name("Moldavie"), country_name("Atlantis")
    ('Türkiye', 'Moldova', 'Moldova', '')
    """
    return _names().get(_plain(text.strip(" .*\t\n")), "")


def country_of_code(code: str) -> str:
    """The English name of an ISO 3166-1 code of two letters, or "".

    >>> country_of_code("MD")
    'Moldova'
    """
    import pycountry

    if code in _OWN_NAMES:
        return _OWN_NAMES[code]
    found = pycountry.countries.get(alpha_2=code)
    fields = dict(found) if found is not None else {}
    return str(fields.get("common_name") or fields.get("name") or "")


def mentions(text: str, language: str) -> Counter[str]:
    """How often a text names each country, in its language or in English, case endings included.

    A word counts only with a capital letter where its script has them: `turkey` is a bird.
    """
    lookup = _lookup(language if language in LANGUAGES else "en")
    words = [match.group() for match in _WORD.finditer(text)]
    counts: Counter[str] = Counter()
    position = 0
    while position < len(words):
        name = None if words[position][0].islower() else _at(words, position, lookup)
        if name is not None:
            counts[name.country] += 1
        position += len(name.words) if name else 1
    return counts


def _at(words: list[str], position: int, lookup: dict[str, list[_Name]]) -> _Name | None:
    """The longest name that begins at a word."""
    for name in lookup.get(_plain(words[position])[:_KEY], ()):
        part = words[position : position + len(name.words)]
        if len(part) == len(name.words) and all(map(_fits, part, name.words, [name.stems] * len(part))):
            return name
    return None


def _fits(word: str, wanted: str, stems: bool) -> bool:
    found = _plain(word)
    if not stems or len(wanted) < _KEY:
        return found == wanted
    return found.startswith(wanted) and len(found) - len(wanted) <= _ENDING


def _plain(text: str) -> str:
    """Without case, accents and marks, words apart by one space."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join(re.findall(r"[\w&]+", bare.replace("ı", "i")))


def _spellings(language: str) -> Iterator[tuple[str, str]]:
    """(name, country) of one language."""
    import pycountry

    translate = _translation(language, pycountry.LOCALES_DIR)
    for entry in pycountry.countries:
        fields = dict(entry)
        country = country_of_code(fields["alpha_2"])
        for key in ("common_name", "name", "official_name"):
            original = fields.get(key, "")
            spelt = translate(original) if original else ""
            if spelt and (language == "en" or spelt != original):
                yield spelt, country
    for code, more in _MORE.items():
        for spelt in filter(None, more.get(language, "").split(";")):
            yield spelt, country_of_code(code)


def _translation(language: str, folder: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  (a bound method)
    return gettext.translation("iso3166-1", folder, languages=[language], fallback=True).gettext


@cache
def _names() -> dict[str, str]:
    """Country by plain name; where two languages disagree, the earlier one of `LANGUAGES` counts."""
    import pycountry

    found: dict[str, str] = {}
    short: dict[str, set[str]] = defaultdict(set)
    for language in LANGUAGES:
        for spelt, country in _spellings(language):
            found.setdefault(_plain(spelt), country)
            short[_plain(spelt.partition(",")[0])].add(country)
    for plain, countries in short.items():  # "Korea" of "Korea, Republic of" would name two countries, so it names none
        if len(countries) == 1:
            found.setdefault(plain, next(iter(countries)))
    for entry in pycountry.countries:
        for code in (entry.alpha_2, entry.alpha_3):
            found.setdefault(code.casefold(), country_of_code(entry.alpha_2))
    return found


@cache
def _lookup(language: str) -> dict[str, list[_Name]]:
    """Names to look for in a text of a language, by the first letters, longest first."""
    names: dict[str, list[_Name]] = defaultdict(list)
    for one in dict.fromkeys((*_RELATED.get(language, (language,)), "en")):
        for spelt, country in _spellings(one):
            plain = _plain(spelt)
            if "," in spelt or _names().get(plain) != country:
                continue
            stems = one not in _UNINFLECTED
            words = tuple(_stem(word) if stems else word for word in plain.replace("&", "").split())
            names[words[0][:_KEY]].append(_Name(words, stems, country))
    return {
        key: sorted(found, key=lambda name: (-len(name.words), -len(name.words[0]))) for key, found in names.items()
    }


def _stem(word: str) -> str:
    """A word without the ending that its cases replace: молдова, молдове, молдову."""
    cut = word.rstrip("аяоеиіыуюьйaeiouyëјη")
    return cut if len(word) - len(cut) <= 2 and len(cut) >= _KEY else word
