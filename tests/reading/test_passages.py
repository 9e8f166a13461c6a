import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stratmap.reading import read_bytes, read_text, split_passages
from stratmap.records import Document, Page
from stratmap.settings import ReadingSettings

from .conftest import SENTENCE, count_words, make_pdf


def paged(*texts) -> Document:
    pages, offset = [], 0
    for number, text in enumerate(texts, 1):
        pages.append(Page(number, text, offset))
        offset += len(text) + 1
    return Document("0" * 16, "a", "a", tuple(pages))


def characters(texts):
    return [2 + len(text) for text in texts]


WORDS = st.text("abc .!?,;\nАя։ 1", min_size=0, max_size=600)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4), st.integers(8, 60))
def test_passages_are_exact_ordered_spans_within_the_window(texts, limit):
    document = paged(*texts)
    passages = split_passages(document, characters, limit)
    end = 0
    for passage in passages:
        page = document.pages[passage.page_index]
        assert page.text[passage.start : passage.end] == passage.text
        assert document.text[passage.offset : passage.offset + len(passage.text)] == passage.text
        assert passage.offset >= end
        assert characters([passage.text])[0] <= limit
        end = passage.offset + len(passage.text)
    assert len({passage.passage_id for passage in passages}) == len(passages)


@hypothesis_settings(max_examples=100, deadline=None)
@given(WORDS, st.integers(8, 60))
def test_one_page_loses_no_letter(text, limit):
    document = read_text(text, "a")
    passages = split_passages(document, characters, limit)
    assert "".join("".join(p.text.split()) for p in passages) == "".join(document.text.split())


def test_passages_end_at_sentence_ends():
    passages = split_passages(read_text(SENTENCE * 40, "a"), count_words, 50)
    assert len(passages) > 8
    assert all(passage.text.endswith(".") for passage in passages)
    assert all(len(passage.text.split()) <= 48 for passage in passages)


def test_a_sentence_longer_than_the_window_is_split_at_clauses():
    text = ", ".join(["support for families who return"] * 30) + "."
    passages = split_passages(read_text(text, "a"), count_words, 40)
    assert all(len(passage.text.split()) <= 38 for passage in passages)
    assert all(passage.text.endswith((",", ".")) for passage in passages)
    assert " ".join(passage.text for passage in passages) == text


def test_special_tokens_in_the_counts_do_not_shrink_passages():
    document = read_text(SENTENCE * 20, "a")
    plain = split_passages(document, count_words, 60)
    special = split_passages(document, lambda texts: [len(t.split()) + 2 for t in texts], 60)
    assert plain == special


def test_full_passages_prefer_to_end_with_a_paragraph():
    paragraph = SENTENCE * 3
    passages = split_passages(read_text("\n\n".join([paragraph] * 4), "a"), count_words, 60)
    assert [passage.text for passage in passages] == [paragraph.strip()] * 4


def test_headings_begin_passages_and_are_tracked():
    text = f"1 Context\n\n{SENTENCE}\n\n1.1 Scope\n\n{SENTENCE}\n\n2 Findings\n\n{SENTENCE}"
    passages = split_passages(read_text(text, "a"), count_words, 160)
    assert [p.heading for p in passages] == ["1 Context", "1 Context > 1.1 Scope", "2 Findings"]
    assert [p.text.split("\n")[0] for p in passages] == ["1 Context", "1.1 Scope", "2 Findings"]


def test_a_heading_holds_on_the_next_page():
    document = paged(f"KEY FINDINGS\n\n{SENTENCE}", SENTENCE * 2)
    assert [p.heading for p in split_passages(document, count_words, 160)] == ["KEY FINDINGS"] * 2


@pytest.mark.parametrize(
    "line",
    [
        "The work ended in May.",
        "Donor: European Union",
        "- Train the officials",
        "of the region",
        "Serbia | 120",
    ],
)
def test_lines_that_are_no_headings(line):
    document = read_text(f"{line}\n\n{SENTENCE}", "a")
    assert {p.heading for p in split_passages(document, count_words, 160)} == {""}


def test_a_numbered_heading_between_bullets_is_one():
    text = f"- {SENTENCE}\n4.7 Conflict sensitivity\n- {SENTENCE}"
    passages = split_passages(read_text(text, "a"), count_words, 160)
    assert [p.heading for p in passages] == ["", "4.7 Conflict sensitivity"]


def test_a_subheading_does_not_stand_under_another_number():
    text = f"4. Criteria\n\n{SENTENCE}\n\n6.1 Inception report\n\n{SENTENCE}"
    passages = split_passages(read_text(text, "a"), count_words, 160)
    assert [p.heading for p in passages] == ["4. Criteria", "6.1 Inception report"]


def test_items_of_a_numbered_list_are_no_headings():
    items = "\n".join(f"{n}. Explore support for families" for n in range(1, 6))
    passages = split_passages(read_text(f"{SENTENCE}\n{items}", "a"), count_words, 160)
    assert {p.heading for p in passages} == {""}


def test_few_words_join_their_neighbour():
    text = SENTENCE * 3 + "\n\nIt ended.\n\n" + SENTENCE * 3
    passages = split_passages(read_text(text, "a"), count_words, 60)
    assert all(len(passage.text.split()) >= 12 for passage in passages)


def test_repeated_headers_and_footers_become_no_passages():
    document = paged(
        *[
            f"Annual Report 2023\n\nOn page {n} we tell that {SENTENCE}\n\nOffice for Migration\n\n{n}"
            for n in range(1, 201)
        ]
    )
    passages = split_passages(document, count_words, 160)
    assert len(passages) == 200
    assert len({p.passage_id for p in passages}) == 200
    assert not any("Annual Report" in p.text or "Office for" in p.text for p in passages)


def test_headers_that_change_between_left_and_right_pages_are_known():
    document = paged(*[f"{'Chapter One' if n % 2 else 'The Report'}\n\nOn page {n} {SENTENCE}" for n in range(12)])
    assert not any(
        "Chapter One" in p.text or "The Report" in p.text for p in split_passages(document, count_words, 160)
    )


def test_a_line_on_two_of_many_pages_is_text():
    document = paged(
        *[
            (f"Remember this line\n\n{SENTENCE}" if n in {2, 9} else f"Page text {n} begins. {SENTENCE}")
            for n in range(12)
        ]
    )
    assert sum("Remember this line" in p.text for p in split_passages(document, count_words, 160)) == 2


def test_pages_that_are_all_alike_are_text_and_no_header():
    assert len(split_passages(paged(*["The same words everywhere."] * 5), count_words, 160)) == 5


@pytest.mark.parametrize("number", ["7", "- 7 -", "Page 7", "Page 7 of 20", "7/20", "vii", "стр. 7"])
def test_page_numbers_become_no_passage(number):
    document = paged(f"{SENTENCE}\n\n{number}", f"{SENTENCE * 2}")
    assert all(number not in p.text for p in split_passages(document, count_words, 160))


def test_a_table_of_contents_becomes_no_passage():
    contents = "Table of contents\nContext ........ 3\nFindings ........ 7\nLessons learned ........ 12"
    document = paged(contents, SENTENCE * 5)
    assert [p.page for p in split_passages(document, count_words, 160)] == [2]


def test_a_list_of_references_becomes_no_passage_but_the_annex_does():
    references = "References\n\nSmith, A. (2020). On returns. Geneva.\nJones, B. (2021). On borders. Vienna."
    annex = "Annex 1 Persons met\n\nThe team met many persons in the three districts visited."
    text = f"{SENTENCE * 5}\n\n{references}\n\n{annex}"
    passages = split_passages(read_text(text, "a"), count_words, 160)
    assert not any("Smith" in p.text for p in passages)
    assert any("The team met" in p.text for p in passages)


def test_the_word_references_at_the_front_does_not_hide_the_document():
    passages = split_passages(read_text(f"References\n\n{SENTENCE * 10}", "a"), count_words, 160)
    assert any("The project supported" in p.text for p in passages)


def test_a_passage_does_not_span_furniture():
    document = paged(*[f"Office for Migration\n\nOn page {n} {SENTENCE}" for n in range(5)])
    assert all(p.text.startswith("On page") for p in split_passages(document, count_words, 160))


def test_a_tiny_window_is_refused():
    with pytest.raises(ValueError, match="8"):
        split_passages(read_text("a", "a"), count_words, 4)


def test_passages_of_a_pdf_carry_the_page_to_show():
    document = read_bytes(make_pdf([SENTENCE], [SENTENCE[:40]]), "a.pdf", ReadingSettings())
    assert [p.page for p in split_passages(document, count_words, 160)] == [1, 2]


@pytest.mark.parametrize(("count", "held"), [(2, 0), (7, 2)])
def test_a_head_that_counts_the_pages_of_a_short_document_becomes_no_passage(count, held):
    pages = [f"After the flood | Albania Page {n} of {count}\n\n{SENTENCE * n}" for n in (1, 2)]
    passages = split_passages(paged(*pages), count_words, 160)
    assert sum("Albania" in p.text for p in passages) == held
