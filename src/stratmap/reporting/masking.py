"""Personal data made unreadable in what leaves the program.

Comes in: a record that is about to be printed or written, or a text. Goes out: the same with names, phone numbers,
addresses of mail and numbers of documents covered, character by character, so that offsets still fit. It is a help and
no promise: numbers are found by their form, names by a title or a known first name before them; a name that has neither
stays. The commands that have `--mask` and the downloads of the app call it at their edge, runs over archives before
they keep a result; nothing that reads, searches or tags works on covered texts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace

from stratmap.records import Answer, Citation, Evidence, Hit, Statement, TaggedDocument
from stratmap.reporting.coverage_records import CoveredDocument

COVER = "█"
_FIRST_NAMES = """
Aida Aigul Aleksandar Aleksandr Aleksandra Alexandru Alina Amir Amira Ana Anahit Anastasia Andrei Anna Ansar Aram Arben
Arman Armen Artur Asel Aslan Ayşe Azamat Besnik Bogdan Bojan Dana Daniel David Davit Denis Dilnoza Dmitri Dmitry Dragan
Drita Edin Ekaterina Elena Elira Emir Emin Erion Eva Fatima Fatma Fatmir Galina Giorgi Goran Gulnara Hamid Hasan Hassan
Ibrahim Igor Ilir Ion Irina Ivan Ivana Ivo Jasmina Jelena Jovan Jovana Karim Katarina Ketevan Khalid Ksenia Lali Leila
Levan Lilit Ljiljana Lusine Madina Maja Mariam Marija Marina Marko Mehmet Mihai Mikhail Milan Milena Milica Mirjana
Mohamed Mohammed Muhammad Murat Mustafa Narine Natalia Natasha Nataša Nazira Nikola Nikolai Nino Nodira Nurlan Oksana
Oleg Olga Omar Ömer Otabek Petar Petro Rahim Ramiz Ruslan Rustam Said Salome Samir Sandro Sanja Sardor Selma Serhii
Sergei Sergey Sevara Shahnoza Sofia Sokol Stefan Svetlana Tamar Tatiana Tigran Timur Uliana Vadim Valentina Vasile
Viktor Viktoria Vladimir Vladislav Volodymyr Yana Yulia Yusuf Zarina Zehra Zoran Zura Александр Алексей Анна Дмитрий
Елена Иван Ирина Мария Марина Мухаммад Наталья Ольга Олена Рустам Светлана Сергей Татьяна
"""
_NAME = r"[A-ZÀ-ÖØ-ÞĀ-ŽȘȚА-ЯЁІЇЄҐЂЈЉЊЋЏ][\w’'-]+"
_TITLES = r"Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sr|г-н|г-жа|господин|госпожа|gospodin|gospođa|g-đa|domnul|doamna|Bay|Bayan"
_PATTERNS = (
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(rf"\b(?:{_TITLES})\.?\s+({_NAME}(?:\s+{_NAME}){{0,2}})"),
    re.compile(rf"\b(?:{'|'.join(_FIRST_NAMES.split())})(?:\s+{_NAME}){{1,2}}"),
    re.compile(r"(?i)\b(?:my name is|a (?:woman|man|girl|boy) (?:called|named)|зовут)\s+(?-i:(" + _NAME + r"))"),
    re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b"),
    re.compile(r"(?<![\w.,/-])(?:\+|00|\(0|0)(?:[\s()./-]{0,2}\d){7,15}(?!\w)"),
    re.compile(r"(?i)\b(?:tel|phone|mobile|тел|моб)\w*[.:]?\s*(\d(?:[\s()./-]{0,2}\d){5,15})"),
    re.compile(
        r"(?i)\b(?:passport|identity card|id card|document|паспорт|pasoš|pașaport|pasaport)\w*"
        r"(?:\s+(?:no|nr|number|номер|broj|numarası)\b\.?|\s*№)?\s*[:#]?\s*((?=[A-Z0-9-]*\d{4})[A-Z]{0,3}[0-9-]{5,})"
    ),
    re.compile(r"\b[A-ZА-Я]{1,2}\s?\d{6,9}\b"),
    re.compile(r"(?<![\d.,])\d{9,16}(?![\d.,]*\d)"),
)
# What stands for a blank in names of files; between figures it may belong to a date.
_JOINED = re.compile(r"(?<![0-9])_|_(?![0-9])|(?<=[^\W\d_])-(?=[^\W\d_])")
_DATE = re.compile(r"\(?\d{1,2}[./-]\d{1,2}[./-]\d{4}\)?")


def mask(text: str) -> str:
    """A text of the same length with personal data covered.

    >>> mask("Mr Petrov, passport AB1234567, +381 64 123 45 67, 12 500 people in 2014-2016")
    'Mr ██████, passport █████████, █████████████████, 12 500 people in 2014-2016'
    """
    for pattern in _PATTERNS:
        text = pattern.sub(_covered, text)
    return text


def mask_with_names(text: str) -> str:
    """As `mask`, for what the program says, in which names of files may stand: their words may be joined."""
    pairs = zip(text, mask(text), mask(_JOINED.sub(" ", text)), strict=True)
    return "".join(COVER if COVER in hidden else kept for kept, *hidden in pairs)


def _covered(match: re.Match[str]) -> str:
    group = 1 if match.re.groups else 0
    found = match.group(group)
    if _DATE.fullmatch(found.strip()):
        return match.group()
    start, end = (place - match.start() for place in match.span(group))
    covered = re.sub(r"\S|(?<=\S)\s(?=\S)", COVER, found)
    return match.group()[:start] + covered + match.group()[end:]


def mask_name(name: str) -> str:
    """The name of a file, or its place in an archive, with personal data covered and unlike any other name still.

    A name in which something is covered gets a mark made from the whole of it, so that two people's files stay two. The
    number of an item in a list (`list.xlsx#7`) stays.

    >>> mask_name("notes/Ana_Petrova interview.docx#7")
    'notes/███████████ interview~436eb0.docx#7'
    >>> mask_name("a03-belarus-2016.md")
    'a03-belarus-2016.md'
    """
    place, hash_sign, number = name.rpartition("#")
    if not number.isdecimal():
        place, hash_sign, number = name, "", ""
    covered = mask_with_names(place)
    if covered == place:
        return name
    mark = hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    stem, dot, suffix = covered.rpartition(".")
    marked = f"{stem}~{mark}.{suffix}" if dot and suffix.isascii() and suffix.isalnum() else f"{covered}~{mark}"
    return marked + hash_sign + number


def masked_tags(tagged: TaggedDocument) -> TaggedDocument:
    """A tagged document with name, evidence and warnings covered; offsets and probabilities stay."""
    tags = {
        group: tuple(replace(tag, evidence=_evidence(tag.evidence)) for tag in found)
        for group, found in tagged.tags.items()
    }
    warnings = tuple(mask_with_names(warning) for warning in tagged.warnings)
    return replace(tagged, document=mask_name(tagged.document), tags=tags, warnings=warnings)


def masked_covered(document: CoveredDocument) -> CoveredDocument:
    """A document of a portfolio with name, places and evidence covered."""
    return replace(
        document,
        name=mask_name(document.name),
        source=mask_name(document.source),
        near=mask_name(document.near),
        evidence={code: _evidence(found) for code, found in document.evidence.items()},
    )


def masked_answer(answer: Answer) -> Answer:
    """An answer with question, sentences, quotations, passages and names of documents covered."""
    return replace(
        answer,
        question=mask_with_names(answer.question),
        answer=mask_with_names(answer.answer),
        citations=tuple(_citation(one) for one in answer.citations),
        passages=tuple(_hit(one) for one in answer.passages),
        statements=tuple(masked_statement(one) for one in answer.statements),
        notes=tuple(mask_with_names(note) for note in answer.notes),
    )


def masked_statement(statement: Statement) -> Statement:
    """A sentence of an answer, covered; a list of documents says their names there."""
    return replace(statement, text=mask_with_names(statement.text))


def _evidence(found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(replace(one, text=mask(one.text)) for one in found)


def _citation(one: Citation) -> Citation:
    return replace(one, document=mask_name(one.document), quote=mask(one.quote))


def _hit(one: Hit) -> Hit:
    passage = replace(one.passage, text=mask(one.passage.text), heading=mask(one.passage.heading))
    return replace(one, document=mask_name(one.document), passage=passage)
