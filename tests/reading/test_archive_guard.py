import io
import struct
import tracemalloc
import zipfile

import pytest

from stratmap.errors import DamagedDocument, EncryptedDocument, LimitExceeded, ReadingError
from stratmap.reading import read_bytes
from stratmap.settings import ReadingSettings

from .conftest import cpu_seconds, make_docx, make_xlsx, rezip


@pytest.fixture(scope="module")
def docx():
    return make_docx(lambda document: document.add_paragraph("A plain paragraph about migration."))


def test_a_zip_bomb_is_refused_fast_and_without_memory(docx, settings):
    bomb = rezip(docx, {"word/media/x.bin": b"\0" * 150_000_000})
    tracemalloc.start()
    started = cpu_seconds()
    with pytest.raises(LimitExceeded, match="ratio"):
        read_bytes(bomb, "a.docx", settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert cpu_seconds() - started < 1
    assert peak < 30_000_000


def test_an_unpacked_size_over_the_limit_is_refused(docx):
    with pytest.raises(LimitExceeded, match="max_unpacked_bytes"):
        read_bytes(docx, "a.docx", ReadingSettings(max_unpacked_bytes=1000))


def test_fifty_thousand_members_are_refused_fast(docx, settings):
    buffer = io.BytesIO(docx)
    with zipfile.ZipFile(buffer, "a") as archive:
        for index in range(50_000):
            archive.writestr(f"m{index}", b"")
    started = cpu_seconds()
    with pytest.raises(LimitExceeded, match="members"):
        read_bytes(buffer.getvalue(), "a.docx", settings)
    assert cpu_seconds() - started < 1


def test_a_member_count_that_lies_does_not_help(docx):
    at = docx.rfind(b"PK\x05\x06")
    lying = bytearray(docx)
    struct.pack_into("<H", lying, at + 10, 1)
    with pytest.raises(LimitExceeded, match="members"):
        read_bytes(bytes(lying), "a.docx", ReadingSettings(max_members=3))


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/../../x", "..\\..\\x", "C:/x"])
def test_members_that_leave_the_archive_are_refused(docx, name, settings):
    with pytest.raises(DamagedDocument, match="leaves the archive"):
        read_bytes(rezip(docx, {name: b"x"}), "a.docx", settings)


def test_an_archive_in_the_archive_is_refused(docx, settings):
    with pytest.raises(DamagedDocument, match="inside the archive"):
        read_bytes(rezip(docx, {"word/inner.zip": docx}), "a.docx", settings)


def test_an_encrypted_member_is_said_to_be_encrypted(docx, settings):
    flagged = bytearray(docx)
    at = flagged.find(b"PK\x01\x02")
    flagged[at + 8] |= 1
    with pytest.raises(EncryptedDocument):
        read_bytes(bytes(flagged), "a.docx", settings)


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "' + b"&a;" * 100 + b'">]>'


@pytest.mark.parametrize("part", ["word/document.xml", "docProps/core.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_docx_part_with_a_dtd_is_refused(docx, part, encoding, settings):
    with zipfile.ZipFile(io.BytesIO(docx)) as archive:
        text = archive.read(part).decode().split("?>", 1)[1]
    evil = f'<?xml version="1.0" encoding="{encoding}"?>'.encode(encoding) + (BOMB.decode() + text).encode(encoding)
    with pytest.raises(DamagedDocument, match="document type"):
        read_bytes(rezip(docx, {part: evil}), "a.docx", settings)


def test_a_late_entity_bomb_does_not_expand(docx, settings, no_network):
    # The guard looks at the first bytes only; behind a long comment the parsers themselves have to hold.
    with zipfile.ZipFile(io.BytesIO(docx)) as archive:
        text = archive.read("word/document.xml").decode().split("?>", 1)[1]
    entities = '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(12))
    comment = f"<!--{'x' * 40_000}-->"
    evil = comment + f'<!DOCTYPE d [{entities}<!ENTITY f SYSTEM "file:///etc/passwd">]>' + text
    evil = evil.replace("A plain paragraph", "&e12;&f;A plain")
    started = cpu_seconds()
    try:
        document = read_bytes(rezip(docx, {"word/document.xml": evil.encode()}), "a.docx", settings)
        assert "haha" not in document.text
        assert "root:" not in document.text
    except ReadingError:
        pass
    assert cpu_seconds() - started < 2


def test_a_late_entity_bomb_in_a_sheet_is_an_error(settings, tmp_path):
    from stratmap.reading import read_items
    from stratmap.records import Unreadable

    book = make_xlsx([["id", "text"], ["1", "words"]])
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    evil = f"<!--{'x' * 40_000}-->" + '<!DOCTYPE d [<!ENTITY e "ha">]>' + sheet.split("?>", 1)[-1]
    path = tmp_path / "a.xlsx"
    path.write_bytes(rezip(book, {"xl/worksheets/sheet1.xml": evil.encode()}))
    items = list(read_items(path, settings))
    assert [type(item) for item in items] == [Unreadable]


def test_openpyxl_parses_with_defusedxml():
    import openpyxl

    assert openpyxl.DEFUSEDXML
