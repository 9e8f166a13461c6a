"""Sentences as exact spans.

Comes in: cleaned text. Goes out: spans `(start, end)` without outer blanks, in order, not overlapping, that
together hold every character that is not blank. It does not change the text.

One pass over the places where a sentence may end; each is decided from at most a few dozen characters around
it, so that time grows with the length of the text only.
"""

from __future__ import annotations

import re

# A mark that may end a sentence, with closing quotes and brackets; Armenian «։», Arabic «؟» and «۔», CJK.
_CANDIDATE = re.compile(r"""[.!?…։؟۔。！？]{1,8}["'”’»)\]]{0,3}(?=\s|$)|[。！？]|\n""")
_WORD_BEFORE = re.compile(r"[^\s(\[«\"“„'’]*$")
_WORD_CHARACTER = re.compile(r"\w")
_REACH = 40

# English and Latin.
_LATIN_TEXT = """
    e.g i.e etc cf viz vs approx ca al no nos art arts para paras pp p vol vols fig figs tab ch chap sec
    sect annex ed eds mr mrs ms dr prof rev gen col lt sgt hon st jr sr inc ltd co corp dept est ref op
    cit ibid jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri tel ext min max incl
    excl resp u.s u.k u.n e.u n.b a.m p.m ph.d m.a b.a
"""
# French, German, Turkish, Romanian, Polish, South Slavic.
_EUROPEAN_TEXT = """
    m mme mlle bd av env éd z.b d.h u.a bzw usw nr bzgl evtl ggf abs sog örn vb vd yy s bkz str dvs d-l
    d-na art alin lit tj npr itd sl br dr tzv god čl ul mln mld tys r
"""
# Cyrillic scripts.
_CYRILLIC_TEXT = """
    г гг ст стст им ул д-р проф акад доц т.е т.д т.п т.к т.н и.о др пр см ср рис табл напр млн млрд тыс
    руб коп стр с п пп ч чл гл обл р-н пос н.э в вв зам гр тов м-р жыл кв абз разд прил бр итд нпр тзв
    сл год дин вул р рр грн наприклад тощо рус англ лат
"""
# Armenian and Georgian.
_CAUCASUS_TEXT = """
    թ թթ հհ ք ե.ծ ა.შ ე.ი წ მაგ
"""
_ABBREVIATIONS = frozenset(f"{_LATIN_TEXT}{_EUROPEAN_TEXT}{_CYRILLIC_TEXT}{_CAUCASUS_TEXT}".split())
# Those that often do end a sentence: a capital after them decides for an end.
_OFTEN_FINAL_TEXT = """
    etc т.д т.п др пр г гг itd итд sl сл usw vb vd ա.შ inc ltd jr sr тыс млн млрд mln mld p.m a.m no nos
    art arts min max god est mar sep sept fig col
"""
_OFTEN_FINAL = frozenset(_OFTEN_FINAL_TEXT.split())
_NEVER_UPPER = re.compile(r"[ \n]*[\"'“„«(\[]{0,3}([^\W\d_])")
_NUMBER = re.compile(r"(?:\(?\d{1,3}(?:\.\d{1,3}){0,4}|[A-Za-zА-Яа-я]|[IVXLivxl]{1,6})$")


def sentence_spans(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Split text into sentences.

    Args:
        text: Cleaned text; a line break always ends a sentence.
        language: ISO 639-1 code. German and its like write numbers with a period ("am 3. Mai"); the other
            rules serve all languages.

    Returns:
        Spans of sentences without outer blanks.

    >>> text = "Art. 5 applies to Mr. A. Petrov. It holds 3.5 m."
    >>> [text[start:end] for start, end in sentence_spans(text)]
    ['Art. 5 applies to Mr. A. Petrov.', 'It holds 3.5 m.']
    """
    spans: list[tuple[int, int]] = []
    start = wordless = 0  # up to `wordless`, nothing after `start` is a letter or digit
    for match in _CANDIDATE.finditer(text):
        if match.group() != "\n":
            if not _WORD_CHARACTER.search(text, max(start, wordless), match.start()):
                wordless = match.end()
                continue
            if not _ends(text, start, match, language):
                continue
        _append(spans, text, start, match.end())
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))


def _ends(text: str, start: int, match: re.Match[str], language: str) -> bool:
    """Whether the mark ends the sentence that began at `start`."""
    mark = match.group()
    following = _NEVER_UPPER.match(text, match.end())
    letter = following.group(1) if following else ""
    # Georgian has no capitals, so its small letters say nothing.
    small = letter.islower() and not "\u10d0" <= letter <= "\u10ff"
    if mark[0] != "." or mark.startswith(".."):
        return not small or mark[0] in "։。"
    if small:
        return False
    word = _word_before(text, start, match.start())
    bare = word.lower().rstrip(".")
    if bare in _ABBREVIATIONS:
        return bare in _OFTEN_FINAL and bool(letter)
    if len(bare) == 1 and word.isalpha() and (word.isupper() or text[match.end() : match.end() + 2].strip().isdigit()):
        return False  # an initial, or a letter before a number ("д. 5")
    if "." in bare and len(bare) <= 8 and all(len(part) <= 1 for part in bare.split(".")) and not bare[0].isdigit():
        return bool(letter) and not letter.isupper()  # U.S., П.С.
    at_front = not text[start : match.start() - len(word)].strip()
    if at_front and _NUMBER.match(word):
        return False  # the number of a list item
    return not (language in {"de", "cs", "sk", "sl", "hr", "bs", "sr", "hu", "tr", "az"} and _ordinal(word, letter))


def _word_before(text: str, start: int, end: int) -> str:
    found = _WORD_BEFORE.search(text[max(start, end - _REACH) : end])
    return found.group() if found else ""


def _ordinal(word: str, letter: str) -> bool:
    """A short number with a period in the middle of a sentence: "am 3. Mai", "15. jula"."""
    return word.isdigit() and len(word) <= 2 and bool(letter)
