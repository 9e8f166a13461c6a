import pytest

from stratmap.errors import DamagedDocument, EncryptedDocument, UnsupportedFormat
from stratmap.reading.detect import READABLE_SUFFIXES, detect_format


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"%PDF-1.7\n...", "a.pdf", "pdf"),
        (b"%PDF-1.7\n...", "upload", "pdf"),
        (b"plain words", "a.txt", "text"),
        (b"plain words", "README", "text"),
        (b"# Heading", "a.md", "markdown"),
        (b"id,text\n1,a", "a.csv", "csv"),
        (b"<!DOCTYPE html><html><p>a</p>", "page", "html"),
        (b'{"id": "1", "text": "a"}', "upload", "jsonl"),
        (b"From: a@b.c\nTo: d@e.f\nSubject: g\n\nbody", "mail", "eml"),
    ],
)
def test_content_and_name_tell_the_format(data, name, kind):
    assert detect_format(data, name) == kind


def test_the_first_zip_member_names_tell_office_formats(tmp_path):
    from .conftest import make_docx, make_pptx, make_xlsx

    assert detect_format(make_docx(lambda d: d.add_paragraph("a")), "x") == "docx"
    assert detect_format(make_pptx([("a", "b")]), "x") == "pptx"
    assert detect_format(make_xlsx([["a"]]), "x") == "xlsx"


@pytest.mark.parametrize("name", ["a.docx", "a.txt", "a.csv", "a.html"])
def test_a_pdf_under_another_name_is_refused(name):
    with pytest.raises(UnsupportedFormat, match="found PDF"):
        detect_format(b"%PDF-1.4\n", name)


def test_text_named_pdf_is_refused():
    with pytest.raises(UnsupportedFormat, match="expected PDF"):
        detect_format(b"just words", "report.pdf")


def test_an_empty_file_is_said_to_be_empty():
    with pytest.raises(DamagedDocument, match="empty file"):
        detect_format(b"", "a.pdf")


def test_a_file_that_is_pdf_and_zip_at_once_is_refused():
    from .conftest import make_docx, make_pdf

    pdf, docx = make_pdf(["words"]), make_docx(lambda d: d.add_paragraph("a"))
    with pytest.raises(DamagedDocument, match="PDF and a ZIP"):
        detect_format(pdf + docx, "a.pdf")


def test_random_bytes_are_binary_data_and_no_text():
    data = bytes((i * 197 + i // 7 * 31) % 256 for i in range(5000))
    with pytest.raises(DamagedDocument, match="binary"):
        detect_format(data, "a.txt")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"{\\rtf1", "RTF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"PK\x05\x06" + b"\0" * 18, "ZIP"),
    ],
)
def test_other_formats_are_named(data, what):
    with pytest.raises(UnsupportedFormat, match=what):
        detect_format(data, "file")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"MZ\x90\x00", "program"),
        (b"MZ\x00\x01", "program"),
        (b"MZP\x00\x02", "program"),
        (b"\xcf\xfa\xed\xfe\x07", "program"),
        (b"\xca\xfe\xba\xbe\x00", "program"),
        (b"\x00asm\x01\x00", "program"),
        (b"RIFF\x24\x08\x00\x00WAVE", "sound, film or a picture"),
        (b"OggS\x00\x02", "sound, film"),
        (b"ID3\x04\x00", "sound"),
        (b"\x00\x00\x00\x18ftypmp42", "film"),
        (b"PAR1\x15\x04\x15", "Parquet"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a", "a.csv", "a.md"])
def test_a_few_bytes_are_enough_to_tell_that_a_file_is_no_text(data, what, name):
    with pytest.raises(UnsupportedFormat, match=what):
        detect_format(data, name)


@pytest.mark.parametrize("data", [b"\x01\x02\x03\x04", b"ab\x00\x00", b"\x00\x00\x00", b"a\x00\x01b\x7f"])
def test_a_few_bytes_of_which_many_are_no_characters_are_binary(data):
    with pytest.raises(DamagedDocument, match="binary data"):
        detect_format(data, "a.txt")


@pytest.mark.parametrize(
    "data",
    [
        b"MZ met the police.",
        b"RIFF\n",
        b"ID3 is a format",
        b"OggS",
        b"PAR1",
        "MZ: Адрес и телефон".encode(),
        "ID3 – Đorđe".encode(),
        b"A NUL\x00 by accident",
        b"x\x0c",
        b"\xff",
    ],
)
def test_words_that_begin_like_another_format_are_text(data):
    assert detect_format(data, "a.txt") == "text"


def test_an_office_file_with_a_password_is_encrypted():
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(EncryptedDocument):
        detect_format(ole, "a.docx")


def test_an_old_office_file_says_what_to_save_as():
    with pytest.raises(UnsupportedFormat, match="DOCX"):
        detect_format(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.doc")


def test_json_says_how_it_would_be_read():
    with pytest.raises(UnsupportedFormat, match="JSONL"):
        detect_format(b"[]", "a.json")


def test_readable_suffixes_hold_every_format_of_the_readme():
    assert {
        ".pdf",
        ".docx",
        ".pptx",
        ".html",
        ".txt",
        ".md",
        ".csv",
        ".xlsx",
        ".jsonl",
        ".eml",
    } <= READABLE_SUFFIXES
