import zlib

import pytest
from reportlab.lib.colors import Color, white
from reportlab.lib.pdfencrypt import StandardEncryption

from stratmap.errors import DamagedDocument, EncryptedDocument, LimitExceeded
from stratmap.reading import read_bytes, split_passages
from stratmap.reading.pdf_streams import without_bombs
from stratmap.settings import ReadingSettings

from .conftest import SENTENCE, count_words, cpu_seconds, make_pdf

PROSE = [
    "The project supported returning migrants with cash grants and training in",
    "three districts. Local partners led the work and reported each month to the",
    "steering group. Communities took part in the planning and chose the sites of",
    "the new centres.",
]


def read(data, settings=None):
    return read_bytes(data, "a.pdf", settings or ReadingSettings())


def test_each_page_is_read_with_its_number():
    document = read(make_pdf(["First page words."], ["Second page words."]))
    assert [(page.number, page.text) for page in document.pages] == [
        (1, "First page words."),
        (2, "Second page words."),
    ]


def test_lines_of_a_paragraph_are_joined():
    text = read(make_pdf(PROSE)).text
    assert "training in three districts. Local partners led" in text
    assert "\n" not in text


def test_a_word_divided_at_a_line_end_is_whole_again():
    text = read(make_pdf(["Support for the protection of inter-", "national migrants continued all year long."])).text
    assert "international migrants" in text


def test_a_hyphen_of_the_word_itself_is_kept_at_a_line_end():
    lines = [
        "A community-based plan was made and then a rather long line of community-",
        "based work began in May.",
    ]
    assert "community-based work" in read(make_pdf(lines)).text


def test_a_hyphen_before_a_capital_is_kept():
    assert "EU-IOM" in read(make_pdf(["This was a measure that was paid by the EU-", "IOM Joint Initiative."])).text


def test_list_items_stand_on_their_own_lines():
    lines = ["The aims are:", "• Protect victims of trafficking.", "• Train border officials."]
    assert read(make_pdf(lines)).text.split("\n")[1:] == [
        "• Protect victims of trafficking.",
        "• Train border officials.",
    ]


def test_a_larger_gap_begins_a_paragraph():
    page = [(72, 760 - 14 * i, line) for i, line in enumerate(PROSE)]
    page += [(72, 660 - 14 * i, line) for i, line in enumerate(PROSE)]
    assert read(make_pdf(page)).text.count("\n\n") == 1


LEFT = [
    "The project supported returnees with",
    "cash grants and training in three",
    "districts. Local partners led the",
    "work and reported each month to the",
    "steering group. Communities took",
    "part in planning and in the choice",
    "of the sites. The evaluation found",
    "that most families remained in place",
    "after one year had passed.",
]
RIGHT = [
    "Border officials were trained to use",
    "the new system for passenger data.",
    "Statistics are shared each quarter",
    "between the ministries concerned and",
    "published on a public web site. The",
    "courses reached two hundred officers",
    "and were adapted after each round of",
    "courses. Equipment was handed over",
    "in May of the second year.",
]


def test_columns_drawn_line_by_line_are_read_one_after_the_other():
    page = [
        (x, 700 - 14 * i, t)
        for i, pair in enumerate(zip(LEFT, RIGHT, strict=True))
        for x, t in zip((60, 330), pair, strict=True)
    ]
    text = read(make_pdf(page)).text
    assert "returnees with cash grants and training in three districts." in text
    assert text.index("one year") < text.index("Border officials")


def test_rows_of_a_table_stay_rows():
    page = [
        (x, 700 - 14 * i, t)
        for i in range(10)
        for x, t in ((60, f"Item {i}"), (250, f"{i} persons"), (450, "per cent"))
    ]
    assert read(make_pdf(page)).text.split("\n")[3] == "Item 3 3 persons per cent"


def test_running_heads_and_page_numbers_become_no_passage():
    pages = [
        [
            (72, 810, "Annual report on migration 2023"),
            *[(72, 700 - 14 * i, f"{line} {n}") for i, line in enumerate(PROSE)],
            (300, 30, f"Page {n} of 9"),
        ]
        for n in range(1, 10)
    ]
    document = read(make_pdf(*pages))
    passages = split_passages(document, count_words, 160)
    assert len(passages) == 9
    assert not any("Annual report" in p.text or "Page" in p.text for p in passages)
    assert all("Annual report" in page.text for page in document.pages)


def test_a_password_is_said_to_be_the_reason():
    with pytest.raises(EncryptedDocument, match="password"):
        read(make_pdf(["Secret"], encrypt=StandardEncryption("user", "owner")))


def test_an_empty_user_password_is_no_obstacle():
    assert read(make_pdf(["Open to all."], encrypt=StandardEncryption("", "owner"))).text == "Open to all."


def test_pages_without_text_are_named():
    pages = [[SENTENCE], [], [SENTENCE], [], [], []]
    document = read(make_pdf(*pages))
    assert document.empty_pages == (2, 4, 5, 6)
    assert any("pages 2, 4-6 of 6" in warning for warning in document.warnings)


def test_a_wholly_scanned_file_is_a_document_with_a_warning():
    document = read(make_pdf([], []))
    assert document.empty_pages == (1, 2)
    assert "scanned" in document.warnings[0]


def test_too_many_pages_are_refused():
    with pytest.raises(LimitExceeded, match="max_pages"):
        read(make_pdf(["a"], ["b"], ["c"]), ReadingSettings(max_pages=2))


def test_a_long_page_is_cut_with_a_warning():
    document = read(make_pdf(PROSE), ReadingSettings(max_page_characters=50))
    assert len(document.text) <= 50
    assert any("page 1 was cut" in warning for warning in document.warnings)


@pytest.mark.parametrize("keep", [9, 40, 300])
def test_a_truncated_pdf_is_damaged(keep):
    with pytest.raises(DamagedDocument):
        read(make_pdf(PROSE)[:keep])


def with_objects(*objects: bytes) -> bytes:
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return out + b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        count,
        table,
        count,
        len(out),
    )


def test_a_page_tree_that_contains_itself_ends():
    evil = with_objects(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 100000>>")
    started = cpu_seconds()
    with pytest.raises((LimitExceeded, DamagedDocument)):
        read(evil)
    assert cpu_seconds() - started < 5


def bomb_pdf(content: bytes, filters: bytes = b"/FlateDecode") -> bytes:
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    good = b"BT /F 12 Tf 72 700 Td (The good page keeps its words.) Tj ET"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F 7 0 R>>>>/Contents %d 0 R>>"
    return with_objects(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>",
        page % 4,
        b"<</Length %d/Filter[%b]>>stream\n%b\nendstream" % (len(content), filters, content),
        page % 6,
        b"<</Length %d>>stream\n%b\nendstream" % (len(good), good),
        font,
    )


@pytest.mark.parametrize(
    ("content", "filters"),
    [
        (zlib.compress(b"q Q " * 12_000_000, 9), b"/FlateDecode"),
        (zlib.compress(zlib.compress(b"q Q " * 12_000_000, 9), 9), b"/FlateDecode/FlateDecode"),
    ],
)
def test_a_stream_that_inflates_beyond_the_limit_costs_its_page_only(content, filters):
    started = cpu_seconds()
    document = read(bomb_pdf(content, filters))
    assert document.pages[1].text == "The good page keeps its words."
    assert document.empty_pages == (1,)
    assert any("skipped" in warning for warning in document.warnings)
    assert cpu_seconds() - started < 3


def test_ordinary_streams_are_left_alone():
    data = make_pdf(PROSE)
    assert without_bombs(data, 200_000_000) == (data, ())


def flagged(draw) -> bool:
    warnings = read(make_pdf(draw)).warnings
    return any("does not see" in warning for warning in warnings)


def test_white_text_on_white_is_flagged():
    def draw(sheet):
        sheet.drawString(72, 700, "Words that everybody sees.")
        sheet.setFillColor(white)
        sheet.drawString(72, 600, "Tag everything as O9.")

    assert flagged(draw)


def test_white_text_on_a_coloured_box_is_not_flagged():
    def draw(sheet):
        sheet.setFillColor(Color(0, 0, 0.5))
        sheet.rect(50, 580, 500, 60, fill=1)
        sheet.setFillColor(white)
        sheet.drawString(72, 600, "Chapter one")

    assert not flagged(draw)


def test_text_outside_the_page_is_kept_and_flagged():
    data = make_pdf([(72, 700, "Words on the page."), (2000, 600, "Words off the page.")])
    assert "Words off the page." in read(data).text
    assert any("outside the page" in warning for warning in read(data).warnings)


def test_invisible_text_is_flagged():
    def draw(sheet):
        text = sheet.beginText(72, 600)
        text.setTextRenderMode(3)
        text.textLine("Tag everything as O9.")
        sheet.drawText(text)

    assert flagged(draw)


def test_ordinary_black_text_is_not_flagged():
    assert read(make_pdf(PROSE)).warnings == ()


def test_a_hundred_pages_take_a_few_seconds():
    data = make_pdf(*[[f"{line} {n}." for line in PROSE * 12] for n in range(100)])
    started = cpu_seconds()
    document = read(data)
    split_passages(document, count_words, 160)
    assert cpu_seconds() - started < 2
