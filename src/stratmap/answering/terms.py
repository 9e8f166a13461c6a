"""Abbreviations of the field, both ways, and words mistyped: a question comes in, the same with what else to
look for goes out. It searches nothing, and never takes a word of the question away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from stratmap.answering.words import STOP_WORDS, stem, tokens

# Abbreviation = what it stands for; further spellings after a bar.
_TABLE = """
AVR=assisted voluntary return
AVRR=assisted voluntary return and reintegration
AVM=assisted voluntary migration
BLA=bilateral labour agreement|bilateral labor agreement
BMIS=border management information system
CBI=cash-based intervention|cash assistance
CCCM=camp coordination and camp management
CRRF=Comprehensive Refugee Response Framework
CSO=civil society organisation|civil society organization
CT=counter-trafficking|countertrafficking|combating trafficking
CVA=cash and voucher assistance
DRR=disaster risk reduction
DTM=Displacement Tracking Matrix
EAEU=Eurasian Economic Union
FMS=flow monitoring survey
GBV=gender-based violence|gender based violence
GCM=Global Compact for Migration|Global Compact for Safe, Orderly and Regular Migration
HLP=housing, land and property
HTR=hard-to-reach|hard to reach
HRBA=human rights-based approach
IBM=integrated border management
IDP=internally displaced person|internally displaced people|internally displaced
ILO=International Labour Organization
IOM=International Organization for Migration
IRIS=International Recruitment Integrity System
LGBTQI=lesbian, gay, bisexual, transgender
MECC=migration, environment and climate change
MHPSS=mental health and psychosocial support
MiGOF=Migration Governance Framework
MGI=Migration Governance Indicators
MOU=memorandum of understanding
MRC=migrant resource centre|migration resource centre
MSME=micro, small and medium-sized enterprises
NFI=non-food item
NGO=non-governmental organisation|non-governmental organization
NRM=national referral mechanism
PSEA=prevention of sexual exploitation and abuse
PSS=psychosocial support
RCM=regional coordination mechanism
RCP=regional consultative process
RSD=refugee status determination
SDG=Sustainable Development Goal
SEEECA=South-Eastern Europe, Eastern Europe and Central Asia
SGBV=sexual and gender-based violence
SME=small and medium-sized enterprises|small and medium enterprises
SOP=standard operating procedure
TB=tuberculosis
TIP=trafficking in persons|trafficking in human beings|human trafficking
THB=trafficking in human beings|human trafficking
TVET=technical and vocational education and training|vocational training
UASC=unaccompanied and separated children|unaccompanied children|unaccompanied minors
UMC=unaccompanied migrant children
UNHCR=United Nations High Commissioner for Refugees
VHR=voluntary humanitarian return
VoT=victim of trafficking|victims of trafficking|trafficking victim
WASH=water, sanitation and hygiene
"""
ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    short: tuple(long.split("|")) for short, _, long in (line.partition("=") for line in _TABLE.split("\n") if line)
}
_LONG = {long.lower(): short for short, longs in ABBREVIATIONS.items() for long in longs}
_UPPER = {short.upper(): short for short in ABBREVIATIONS}
_LONG_PATTERN = re.compile(
    r"\b(" + "|".join(sorted((re.escape(long) for long in _LONG), key=len, reverse=True)) + r")s?\b",
    re.IGNORECASE,
)
_SHORT_PATTERN = re.compile(r"\b(" + "|".join(sorted(_UPPER, key=len, reverse=True)) + r")s?\b", re.IGNORECASE)
# Ordinary words when written small.
_ONLY_CAPITALS = {"WASH", "TIP", "IRIS", "CT", "TB", "SOP"}
# Texts rarely spell these out, so neither does a question.
_KEPT_SHORT = {"IOM", "ILO", "UNHCR", "NGO", "SDG"}
_SHORTEST_TYPO = 5
_LIKENESS = 0.82


def expansions(text: str) -> list[str]:
    """The other form of every abbreviation and long form in a text, in order, each once.

    >>> expansions("Who paid for AVRR?")
    ['assisted voluntary return and reintegration']
    """
    found: dict[str, None] = {}
    for match in _SHORT_PATTERN.finditer(text):
        if _is_short(match.group(1)):
            found |= dict.fromkeys(ABBREVIATIONS[_UPPER[match.group(1).upper()]][:2])
    for match in _LONG_PATTERN.finditer(text):
        found[_LONG[match.group(1).lower()]] = None
    lowered = text.lower()
    return [other for other in found if not re.search(rf"\b{re.escape(other.lower())}\b", lowered)]


def expand(text: str) -> str:
    """The text, followed by the other forms of what it abbreviates or spells out."""
    others = expansions(text)
    return f"{text} ({'; '.join(others)})" if others else text


def spelled(text: str) -> str:
    """The text with its abbreviations spelled out, as models read it best: they know few of the field's.

    >>> spelled("What is done for UASC?")
    'What is done for unaccompanied and separated children?'
    """

    def long(match: re.Match[str]) -> str:
        short = match.group(1).upper()
        kept = short in _KEPT_SHORT or not _is_short(match.group(1))
        return match.group() if kept else ABBREVIATIONS[_UPPER[short]][0]

    return _SHORT_PATTERN.sub(long, text)


def _is_short(word: str) -> bool:
    """Whether a word is an abbreviation as it is written here, and not an ordinary word."""
    return word.upper() not in _ONLY_CAPITALS or word.isupper()


def corrections(question: str, texts: Iterable[str], known: Sequence[str] = ()) -> dict[str, str]:
    """What mistyped words of a question probably mean, judged by the words of passages near to it.

    Only words written small, five letters or longer and without their stem in any passage are looked at, so that
    a name that the archive does not hold stays missing.

    Args:
        question: The question.
        texts: Passages that a search proposed.
        known: Further words that are right as they are.
    """
    vocabulary = {word.lower() for text in texts for word in tokens(text)}
    stems = {stem(word) for word in vocabulary} | {stem(word.lower()) for word in known}
    suspects = [
        word
        for word in dict.fromkeys(tokens(question))
        if word.islower() and len(word) >= _SHORTEST_TYPO and word not in STOP_WORDS and stem(word) not in stems
    ]
    found = {word: _nearest(word, frozenset(vocabulary)) for word in suspects[:8]}
    return {word: other for word, other in found.items() if other}


@lru_cache(maxsize=64)
def _nearest(word: str, vocabulary: frozenset[str]) -> str:
    best, likeness = "", _LIKENESS
    matcher = SequenceMatcher(b=word, autojunk=False)
    for other in sorted(vocabulary):
        if abs(len(other) - len(word)) > 2 or other[0] != word[0] or not other.isalpha():
            continue
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() > likeness and matcher.quick_ratio() > likeness:
            ratio = matcher.ratio()
            if ratio > likeness:
                best, likeness = other, ratio
    return best
