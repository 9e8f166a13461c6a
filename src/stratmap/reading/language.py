"""Which language a text is in, by name.

Comes in: text. Goes out: a `Language`. It does not judge whether the encoder covers the language.

Order: script; then special letters and words for what the language model lacks (Uzbek, Tajik, Kyrgyz,
Turkmen, Serbian in Latin script); obvious English by its small words, so that the usual case needs no model;
else lingua, with the languages of the region and the large languages of the world.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from stratmap.reading.extract import Foreign
from stratmap.records import UNDETERMINED, Language

MIN_LETTERS = 25
_SAMPLE = 3_000
_UNSURE = 0.3  # below, as for one word a thousand times, the model only guesses
_LINGUA_TEXT = """
    ALBANIAN ARABIC ARMENIAN AZERBAIJANI BELARUSIAN BOSNIAN BULGARIAN CHINESE CROATIAN CZECH DUTCH
    ENGLISH FRENCH GEORGIAN GERMAN GREEK HUNGARIAN ITALIAN KAZAKH MACEDONIAN MONGOLIAN PERSIAN POLISH
    PORTUGUESE ROMANIAN RUSSIAN SERBIAN SLOVAK SLOVENE SPANISH TURKISH UKRAINIAN
"""
_LINGUA = _LINGUA_TEXT.split()
_NAMES = {
    "uz": "Uzbek", "tg": "Tajik", "ky": "Kyrgyz", "tk": "Turkmen", "sr": "Serbian", "hr": "Croatian",
    "bs": "Bosnian", "en": "English", "hy": "Armenian", "ka": "Georgian", "el": "Greek", "he": "Hebrew",
    "kk": "Kazakh", "mn": "Mongolian", "uk": "Ukrainian", "be": "Belarusian", "mk": "Macedonian",
    "ja": "Japanese", "ko": "Korean", "hi": "Hindi", "th": "Thai", "ro": "Romanian",
}  # fmt: skip
_SCRIPTS = (
    ("Cyrl", 0x0400, 0x052F), ("Armn", 0x0530, 0x058F), ("Hebr", 0x0590, 0x05FF), ("Arab", 0x0600, 0x06FF),
    ("Deva", 0x0900, 0x097F), ("Thai", 0x0E00, 0x0E7F), ("Geor", 0x10A0, 0x10FF), ("Grek", 0x0370, 0x03FF),
    ("Jpan", 0x3040, 0x30FF), ("Hans", 0x4E00, 0x9FFF), ("Kore", 0xAC00, 0xD7AF),
)  # fmt: skip
_BY_SCRIPT = {
    "Armn": "hy",
    "Geor": "ka",
    "Grek": "el",
    "Hebr": "he",
    "Jpan": "ja",
    "Kore": "ko",
    "Thai": "th",
    "Deva": "hi",
}
_ENGLISH_TEXT = """
    the of and to in is are was were for with that this by from on as at be it an or which their has
    have will not its can they these through should been our who more than
"""
_ENGLISH = frozenset(_ENGLISH_TEXT.split())
_WORDS = re.compile(r"[^\W\d_]+(?:['ʻʼ‘’`][^\W\d_]+)*")
_UZBEK_WORDS = frozenset(
    [
        "va",
        "bilan",
        "uchun",
        "ham",
        "bu",
        "bir",
        "yoki",
        "bo'yicha",
        "hamda",
        "boʻyicha",
        "o'z",
        "kerak",
        "lekin",
        "emas",
        "mumkin",
        "davlat",
        "bo'lgan",
        "qilish",
        "uning",
        "ular",
        "barcha",
        "edi",
        "deb",
        "kabi",
        "orqali",
        "haqida",
        "yil",
        "oid",
    ]
)
_TURKMEN_WORDS = frozenset(
    [
        "we",
        "bilen",
        "üçin",
        "bolan",
        "hem",
        "bu",
        "boýunça",
        "ýa",
        "ýaly",
        "eden",
        "döwlet",
        "bolup",
        "türkmenistanyň",
        "olar",
    ]
)
_EKAVIAN = re.compile(
    r"\b(?:dec[aeiu]|dete|mest[aoeu]|vreme|sve(?:t|tu|ta)|gde|pre|posle|mera|mere|sred\w+|sled\w+|uspe\w+|"
    r"zahtev\w*|bezbedn\w+|promen\w+|primen\w+|razumev\w+|potreb\w+|sprovo\w+|opštin\w+|reč\w*|beleg\w*|srpsk\w+|srbij\w+)\b",
    re.I,
)
_IJEKAVIAN = re.compile(
    r"\b(?:djec[aeiu]|dijete|mjest\w+|vrijeme|svijet\w*|gdje|prije|poslije|mjer[aeu]|sred?nj?\w*ij\w+|sljed\w+|uspje\w+|"
    r"zahtjev\w*|sigurn\w+|promjen\w+|primjen\w+|razumijev\w+|provo\w+|općin\w+|riječ\w*|biljež\w*|hrvatsk\w+)\b",
    re.I,
)


def identify_language(text: str) -> Language:
    """Identify the language of a text.

    Args:
        text: Foreign text; about 3,000 characters from its front, middle and end are looked at.

    Returns:
        The language, or `UNDETERMINED` for fewer than 25 letters.

    >>> identify_language("Migrants need access to health services in the places where they live.").name
    'English'
    """
    sample = _sampled(text)
    letters = [char for char in sample if char.isalpha()]
    if len(letters) < MIN_LETTERS:
        return UNDETERMINED
    script, share = _script(letters)
    if script in _BY_SCRIPT:
        code = _BY_SCRIPT[script]
        return Language(code, _NAMES[code], script, share)
    small = Counter("".join(letters).lower())
    if script == "Cyrl" and (code := _cyrillic(small)):
        return Language(code, _NAMES[code], script, share)
    if script == "Latn":
        words = [word.lower().translate(_APOSTROPHES) for word in _WORDS.findall(sample)]
        if code := _latin(small, words):
            return Language(code, _NAMES[code], script, share)
    return _by_model(sample, script)


_APOSTROPHES = str.maketrans("ʻʼ‘’`", "'''''")


def _sampled(text: str) -> str:
    """Front, middle and end: a title page or an annex in another language must not decide alone."""
    if len(text) <= _SAMPLE:
        return text
    part = _SAMPLE // 3
    starts = (0, len(text) // 2, len(text) - part)
    return " ".join(text[start : start + part] for start in starts)


def _script(letters: list[str]) -> tuple[str, float]:
    counts = Counter(_script_of(ord(char)) for char in letters)
    if counts["Jpan"] and counts["Hans"]:
        counts["Jpan"] += counts.pop("Hans")
    script, count = counts.most_common(1)[0]
    return script, round(count / len(letters), 3)


def _script_of(code: int) -> str:
    if code < 0x0250 or 0x1E00 <= code <= 0x1EFF:
        return "Latn"
    return next((name for name, low, high in _SCRIPTS if low <= code <= high), "Latn")


def _cyrillic(small: Counter[str]) -> str:
    """Languages told by letters that no other language of the region has."""
    total = small.total()

    def has(letters: str, share: float = 0.002) -> bool:
        return sum(small[char] for char in letters) >= max(1, share * total)

    if has("ҷӣӯ"):
        return "tg"
    if has("әұһ"):
        return "kk"
    if has("ў") and has("қғҳ"):
        return "uz"
    if has("өү"):
        return ("kk" if has("қғі") else "ky") if has("ң") else ("ky" if _kyrgyz_like(small) else "mn")
    if has("ђћ"):
        return "sr"
    if has("ѓќѕ"):
        return "mk"
    if has("ї") or (has("є") and has("і")):
        return "uk"
    if has("ў") and has("і"):
        return "be"
    return ""


def _kyrgyz_like(small: Counter[str]) -> bool:
    """Short Kyrgyz without ң against Mongolian: Kyrgyz is full of ы and к, Mongolian of х."""
    return small["ы"] + small["к"] > 2 * small["х"] + small["й"]


def _latin(small: Counter[str], words: list[str]) -> str:
    total = max(1, len(words))
    letters = small.total()
    if words and _looks_english(small, words):
        return "en"
    if small["ă"] >= 0.01 * letters and any(small[char] for char in "țșţşîâ"):
        return "ro"  # the model knows the letters with a cedilla only
    uzbek = sum(word in _UZBEK_WORDS for word in words) + sum("o'" in word or "g'" in word for word in words)
    turkish = small["ğ"] + small["ş"] + small["ı"] + small["ü"]
    if uzbek >= max(2, 0.08 * total) and turkish < 0.01 * letters:
        return "uz"
    if small["ý"] + small["ň"] >= 0.01 * letters and small["w"] + small["ş"] >= 0.01 * letters:
        return "tk"
    if sum(word in _TURKMEN_WORDS for word in words) >= max(2, 0.12 * total) and small["ý"]:
        return "tk"
    return ""


def _looks_english(small: Counter[str], words: list[str]) -> bool:
    plain = sum(count for char, count in small.items() if char.isascii())
    hits = Counter(word for word in words if word in _ENGLISH)
    enough = hits.total() >= max(2, 0.2 * len(words)) and len(hits) >= 2
    return plain >= 0.985 * small.total() and enough


def _ekavian(sample: str) -> bool:
    """Whether the words are those of Serbian rather than of Croatian or Bosnian."""
    return len(_EKAVIAN.findall(sample)) > len(_IJEKAVIAN.findall(sample))


@lru_cache(maxsize=1)
def _detector() -> Foreign:
    # Trigrams alone (low accuracy mode): the first call takes 2 ms in place of 100, and agreed with the
    # full model on every text of over 100 characters tried.
    from lingua import Language as Known
    from lingua import LanguageDetectorBuilder

    known = [getattr(Known, name) for name in _LINGUA]
    return LanguageDetectorBuilder.from_languages(*known).with_low_accuracy_mode().build()


def _by_model(sample: str, script: str) -> Language:
    values = _detector().compute_language_confidence_values(sample)
    if not values or values[0].value < _UNSURE:
        return UNDETERMINED
    best = values[0]
    code = str(best.language.iso_code_639_1.name).lower()
    if code in {"bs", "hr"} and _ekavian(sample):
        # The model knows Serbian in Cyrillic script only.
        return Language("sr", "Serbian", script, round(float(best.value), 3))
    return Language(code, str(best.language.name).capitalize(), script, round(float(best.value), 3))
