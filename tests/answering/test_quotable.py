"""What may be quoted from a page, and what may not."""

import pytest

from stratmap.answering.quotable import is_bare, quotable_span, titles_of
from stratmap.reading.sentences import sentence_spans

TITLE = "Health posts: what was learnt in Preševo"


def quoted(page, heading="", title=TITLE):
    spans = sentence_spans(page)
    titles = titles_of(heading, title)
    return [page[slice(*span)] for i in range(len(spans)) if (span := quotable_span(page, spans, i, titles))]


def test_sentences_lists_and_what_a_sentence_leans_on():
    page = (
        "of the board met twice a year.\nThe fund closed in 2014. It had paid for nine schemes.\n- "
        "eleven schemes had water"
    )
    assert quoted(page) == [
        "The fund closed in 2014.",
        "The fund closed in 2014. It had paid for nine schemes.",
        "eleven schemes had water",
    ]


def test_a_chain_of_sentences_is_taken_from_its_beginning():
    page = "The year began with a van. It is white. It screened 14,830 people in all."
    assert quoted(page)[-1] == page


@pytest.mark.parametrize(
    "line",
    [
        TITLE,
        f"## {TITLE}",
        "1.2 Referral of children and of their parents",
        "After-action review of the response to the floods",
        "Preševo | Serbia Page 3 of 12",
        "Children by sex, age and country",
        "Group | Screened | Confirmed | Resistant",
        "Evaluation team and its terms of reference:",
    ],
)
def test_titles_headings_running_lines_and_head_rows_are_not_quoted(line):
    page = f"{line}\n\nTwo doctors and four nurses worked in each shift."
    heading = "Health > Referral of children and of their parents"
    assert quoted(page, heading) == ["Two doctors and four nurses worked in each shift."]


@pytest.mark.parametrize(
    "line",
    [
        "Geographical coverage: Ethiopia and two regions of Somalia",
        "Women from Preševo and Bujanovac 412 290 122 17",
        "Two doctors and four nurses worked in each shift of the post at the border and were paid by the Ministry",
    ],
)
def test_lines_without_a_full_stop_that_state_something_are_quoted(line):
    assert quoted(f"{line}\n") == [line]


def test_a_row_is_quoted_without_its_head():
    assert quoted("Group | Seen | Confirmed | Resistant\nSailors and drivers | 2,750 | 9 | 1") == [
        "Sailors and drivers | 2,750 | 9 | 1"
    ]


def test_a_list_comes_with_the_sentence_that_announces_it():
    page = (
        "Three things helped the families most:\n- a van with a nurse;\n- two phone lines at night.\n"
        "It ended in May 2014."
    )
    assert quoted(page)[0] == page.split("\nIt ended")[0]


def test_a_long_list_is_cut_where_a_quotation_ends():
    page = "Many things helped the families most:\n" + "\n".join(f"- thing number {n} of the list;" for n in range(60))
    assert 300 < len(quoted(page)[0]) <= 600


def test_passages_of_headings_alone_are_bare():
    assert is_bare("2. Finding them\n\nKazakhstan Page 2 of 2", "Report > 2. Finding them")
    assert is_bare("Finding them", "", "Finding them")
    assert not is_bare("2. Finding them\n\nThe hotline took calls.", "Report > 2. Finding them")
