import os

import pytest

from stratmap.errors import LimitExceeded, ReadingError, UnsupportedFormat
from stratmap.reading import read_bytes, read_document, read_items, read_text, split_passages
from stratmap.records import Unreadable
from stratmap.settings import ReadingSettings

from .conftest import SENTENCE, count_words, cpu_seconds, make_docx, make_pdf


def test_offsets_of_pages_point_into_the_text(settings):
    document = read_bytes(make_pdf(["First."], [], ["Third."]), "a.pdf", settings)
    assert document.text == "First.\f\fThird."
    assert all(document.text[p.start : p.start + len(p.text)] == p.text for p in document.pages)


def test_the_id_depends_on_the_text_alone(settings):
    one, two = read_text(SENTENCE, "a"), read_bytes(SENTENCE.encode(), "b.txt", settings)
    assert one.doc_id == two.doc_id
    assert len(one.doc_id) == 16
    assert read_text(SENTENCE + "More.", "a").doc_id != one.doc_id


def test_dirty_and_clean_text_are_the_same_document():
    clean = "The office helps refugees efficiently."
    dirty = "\ufeffThe o\ufb03ce helps\xa0refu\xadgees e\ufb03ciently.\x00"
    assert read_text(dirty, "a").doc_id == read_text(clean, "b").doc_id


def test_a_url_is_refused_without_a_request(settings, no_network):
    from pathlib import Path

    with pytest.raises(UnsupportedFormat, match="address"):
        read_document(Path("https://example.org/report.pdf"), settings)


def test_a_folder_is_refused(tmp_path, settings):
    with pytest.raises(ReadingError, match="folder"):
        read_document(tmp_path, settings)


def test_a_missing_file_is_named(tmp_path, settings):
    with pytest.raises(ReadingError, match=r"gone\.txt"):
        read_document(tmp_path / "gone.txt", settings)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path, settings):
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(ReadingError, match="pipe"):
        read_document(tmp_path / "pipe.txt", settings)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="the system has no /dev/zero")
def test_a_device_is_refused(settings):
    from pathlib import Path

    with pytest.raises(ReadingError, match="device"):
        read_document(Path("/dev/zero"), settings)


def test_a_link_to_a_file_is_read_and_a_loop_is_refused(tmp_path, settings):
    (tmp_path / "a.txt").write_text("Words.")
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    assert read_document(tmp_path / "link.txt", settings).text == "Words."
    with pytest.raises(ReadingError, match="leads to itself"):
        read_document(tmp_path / "loop.txt", settings)


def test_a_name_with_nul_is_refused(tmp_path, settings):
    with pytest.raises(ReadingError, match="NUL"):
        read_document(tmp_path / "a\0b.txt", settings)


@pytest.mark.parametrize("name", ["Отчёт 2023 о миграции.txt", "with spaces.txt", "x" * 200 + ".txt"])
def test_unusual_names_are_read(tmp_path, name, settings):
    (tmp_path / name).write_text("Words.")
    assert read_document(tmp_path / name, settings).name == name


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "big.txt", "wb") as file:
        file.truncate(5_000_000_000)
    started = cpu_seconds()
    with pytest.raises(LimitExceeded, match="max_bytes"):
        read_document(tmp_path / "big.txt", ReadingSettings())
    assert cpu_seconds() - started < 1


def test_too_many_characters_are_refused(settings):
    with pytest.raises(LimitExceeded, match="max_characters"):
        read_bytes(b"word " * 100, "a.txt", ReadingSettings(max_characters=100))


def test_errors_name_the_path_as_the_user_gave_it(tmp_path, settings):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 junk")
    with pytest.raises(ReadingError) as caught:
        read_document(tmp_path / "a.pdf", settings)
    assert caught.value.source == str(tmp_path / "a.pdf")


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".pptx", ".xlsx", ".html", ".eml", ".csv", ".jsonl", ".md"])
@pytest.mark.parametrize("cut", [50, 300])
def test_truncated_content_under_any_name_is_one_item_with_the_reason(tmp_path, suffix, cut, settings):
    whole = make_pdf([SENTENCE]) if suffix == ".pdf" else make_docx(lambda d: d.add_paragraph(SENTENCE))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(whole[:cut])
    found = list(read_items(path, settings))
    assert [type(item) for item in found] == [Unreadable]
    assert found[0].reason


@pytest.mark.parametrize("text", ["", "   \n ", "x", "😀😀😀", "\x00", "\ud800"])
def test_texts_of_nothing_have_a_defined_result(text):
    document = read_text(text, "pasted")
    passages = split_passages(document, count_words, 160)
    assert len(passages) <= 1
    assert document.language.code == "und"


@pytest.mark.parametrize(
    "text", ["word " * 1_000_000, "w" * 5_000_000, "ж" * 2_000_000, ". " * 1_000_000, "\n" * 5_000_000]
)
def test_five_megabytes_of_one_thing_take_bounded_time(text):
    started = cpu_seconds()
    document = read_text(text, "pasted")
    split_passages(document, lambda texts: [1 + len(t) // 4 for t in texts], 160)
    assert cpu_seconds() - started < 8


def test_markup_in_text_is_kept_as_text():
    assert read_text("<script>alert(1)</script>", "a").text == "<script>alert(1)</script>"
