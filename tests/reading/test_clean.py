import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratmap.reading.clean import clean_text, unwrap_lines

from .conftest import cpu_seconds


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("a\x00b\x07c", "abc"),
        ("e\u0301", "é"),
        ("pro\xadtection", "protection"),
        ("pro\xad\ntection", "protection"),
        ("\ufb01nding e\ufb03cient", "finding efficient"),
        ("a\xa0b\u202fc", "a b c"),
        ("a\ud800b", "a\ufffdb"),
        ("a\u202eb\u2066c", "abc"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("  a   b  \n  c ", "a b\nc"),
        ("\ufeffa\u200bb", "ab"),
        ("\uf0b7 item", "• item"),
        ("a\fb", "a\nb"),
    ],
)
def test_what_cleaning_does(dirty, clean):
    assert clean_text(dirty) == clean


@given(st.text(st.characters(), max_size=200))
def test_cleaning_twice_changes_nothing(text):
    once = clean_text(text)
    assert clean_text(once) == once


@given(st.text(st.characters(), max_size=200))
def test_clean_text_is_nfc_and_can_be_written_as_utf_8(text):
    once = clean_text(text)
    assert unicodedata.is_normalized("NFC", once)
    assert once.encode("utf-8").decode("utf-8") == once
    assert not set(once) & {"\x00", "\f", "\r", "\t", "\xa0", "\xad", "\u202e"}


def test_a_megabyte_of_combining_marks_takes_no_time():
    started = cpu_seconds()
    clean_text("a" + "\u0301\u0323" * 500_000)
    assert cpu_seconds() - started < 3


def test_hard_wrapped_lines_become_one_paragraph():
    wrapped = (
        "The project supported returning migrants with cash grants and with\n"
        "training in three districts, and local partners led most of the work\n"
        "in the second year.\n\nA new paragraph."
    )
    assert unwrap_lines(wrapped).split("\n\n")[0].count("\n") == 0


def test_short_lines_and_lists_stay_apart():
    text = "First item\nSecond item\nThird item"
    assert unwrap_lines(text) == text
    listed = (
        "- the first item of this list is quite long and fills the line up\n"
        "- the second item of this list is just as long and fills the line"
    )
    assert unwrap_lines(listed) == listed
