"""Questions about the archive itself, and follow-ups."""

from dataclasses import replace

import pytest

from stratmap.answering.archive_questions import as_spelled, described, read_archive_question
from stratmap.answering.assistant import Assistant
from stratmap.answering.followups import standalone
from stratmap.framework import load_framework
from stratmap.records import Filters


@pytest.fixture(scope="module")
def assistant(archive, encoder):
    return Assistant(archive, encoder, framework=load_framework())


def test_counts_by_label_and_year(assistant, archive):
    answer = assistant.ask("How many documents on O4 since 2016?")
    assert answer.answered
    assert answer.answer.startswith("1 of 5 documents is on O4")
    assert "moldova-labour.md" in answer.answer
    for citation in answer.citations:
        assert archive.page_text(citation.doc_id, 0)[citation.start : citation.end] == citation.quote


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("How many documents are there?", 5),
        ("how many reports on Moldova?", 2),
        ("How many projects in Moldova before 2016?", 1),
        ("How many documents from 2014 to 2016?", 3),
        ("How many documents in Norway?", 0),
    ],
)
def test_counts(assistant, question, count):
    answer = assistant.ask(question)
    assert str(count) in answer.answer.split("\n")[0].split()[:5]


def test_lists_by_topic_group_by_document(assistant):
    answer = assistant.ask("Which projects in Moldova work with diaspora?")
    assert answer.answered
    assert answer.citations[0].document == "moldova-diaspora.md"
    assert {c.document for c in answer.citations} <= {"moldova-diaspora.md", "moldova-labour.md"}
    assert answer.answer.startswith("moldova-diaspora.md: ")


@pytest.mark.parametrize(
    "question",
    [
        "How many projects were approved by the district council?",
        "How many returnees came back?",
        "Which reports did the police file?",
        "What documents must a worker carry?",
    ],
)
def test_questions_to_the_text_are_no_archive_questions(question):
    assert read_archive_question(question, Filters(), load_framework(), []) is None


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Which projects dealt with male victims of trafficking?", "male victims of trafficking"),
        ("Which documents mention tuberculosis?", "tuberculosis"),
        ("Which labour agreements do we have on file?", "labour agreements"),
        ("What do we have on border posts?", "border posts"),
        ("Where have we worked on TB among mobile people?", "TB among mobile people"),
    ],
)
def test_questions_for_documents_on_a_topic_are_lists(question, topic):
    found = read_archive_question(question, Filters(), load_framework(), [])
    assert (found.counting, found.topic) == (False, topic)


def test_a_country_is_met_in_the_spelling_of_the_documents(archive, encoder):
    documents = [replace(one, countries=("Türkiye",)) if "turkey" in one.name else one for one in archive.documents()]
    found = read_archive_question("How many reports on Turkey?", Filters(), load_framework(), documents)
    assert found.filters.countries == ("Türkiye",)
    assert as_spelled(["turkey", "Moldova", "Norway"], documents) == ("Türkiye", "Moldova", "Norway")


def test_documents_that_spell_a_country_in_two_ways_are_all_counted(archive, encoder):
    documents = [replace(archive.documents()[0], countries=(name,)) for name in ("Türkiye", "Turkey", "Georgia")]
    found = read_archive_question("How many reports on Turkey?", Filters(), load_framework(), documents)
    assert found.filters.countries == ("Türkiye", "Turkey")
    assert described(found.filters, None) == "in Türkiye"


@pytest.mark.parametrize(
    ("question", "history", "expected"),
    [
        ("and in Serbia?", ["How many returned to Georgia in 2014?"], "How many returned to Serbia in 2014?"),
        ("And in 2016?", ["How many returned to Georgia in 2014?"], "How many returned to Georgia in 2016?"),
        ("What about women?", ["How many returned to Georgia?"], "How many returned to Georgia regarding women?"),
        ("Who chaired the board?", ["How many returned to Georgia?"], "Who chaired the board?"),
        ("and in Serbia?", [], "and in Serbia?"),
    ],
)
def test_follow_ups(question, history, expected):
    assert standalone(question, history) == expected


def test_pronouns_take_the_topic_along():
    assert "Gaziantep" in standalone("Who paid for it?", ["What was built in Gaziantep?"])


def test_a_list_leaves_out_documents_on_another_topic_and_keeps_those_whose_title_names_it(assistant):
    named = {c.document for c in assistant.ask("Which projects worked with unaccompanied children?").citations}
    assert named == {"serbia-health.pdf"}
    named = {c.document for c in assistant.ask("Which projects in Moldova work with diaspora?").citations}
    assert named == {"moldova-diaspora.md"}
