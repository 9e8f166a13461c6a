import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratmap.reading import sentence_spans

from .conftest import cpu_seconds


def split(text, language="en"):
    return [text[start:end] for start, end in sentence_spans(text, language)]


@pytest.mark.parametrize(
    ("parts", "language"),
    [
        (["The U.S. government paid.", "Mr. A. Petrov said e.g. this.", "It cost 3.5 million."], "en"),
        (["See Art. 12 para. 3 of the law, No. 5.", "It applies."], "en"),
        (["Was it so?", "Yes!", "“It was.”", "Then it ended (see p. 5)."], "en"),
        (["Staff, offices etc. were paid.", "It ended, etc.", "Then more came."], "en"),
        (["В 2021 г. в Казахстане на ул. Ленина д. 5 и т.д. были курсы.", "Их вёл д-р И. И. Иванов."], "ru"),
        (["Закон им. Абая, ст. 5.", "Он действует."], "ru"),
        (["Նա եկավ։", "Հետո գնաց։"], "hy"),
        (["მან თქვა.", "შემდეგ წავიდა."], "ka"),
        (["Dana 15. jula 2020. godine počelo je.", "Zatim je prestalo."], "sr"),
        (["Am 3. Mai kam er.", "Dann ging er."], "de"),
        (["1. First item of the list.", "2. Second item."], "en"),
    ],
)
def test_sentences_end_where_a_reader_ends_them(parts, language):
    assert split(" ".join(parts), language) == parts


def test_line_breaks_end_sentences():
    assert split("Heading\nThe text begins\n• item one\n• item two") == [
        "Heading",
        "The text begins",
        "• item one",
        "• item two",
    ]


@given(st.text(max_size=300))
def test_spans_are_ordered_and_leave_only_blanks_out(text):
    spans = sentence_spans(text)
    covered = 0
    for start, end in spans:
        assert not text[covered:start].strip()
        assert start < end
        assert text[start:end] == text[start:end].strip()
        covered = end
    assert not text[covered:].strip()


@pytest.mark.parametrize("text", ["w" * 5_000_000, "a. " * 500_000, "." * 3_000_000, "A." * 1_000_000, " " * 5_000_000])
def test_time_is_linear(text):
    started = cpu_seconds()
    sentence_spans(text)
    assert cpu_seconds() - started < 6
