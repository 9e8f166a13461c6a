"""Answers by a language model over real HTTP: helpful, lying, hostile, slow and broken ones."""

import re
import sys
import time

import pytest

from stratmap.answering.assistant import Assistant
from stratmap.errors import MissingExtra
from stratmap.settings import AnsweringSettings

from .conftest import key_of

QUESTION = "How many returnees were supported in Imereti?"
TRUE = "The project supported 412 returnees between March 2013 and June 2015."


@pytest.fixture
def ask(provider, archive, encoder):
    def ask(script, question=QUESTION, **changes):
        provider.script = script
        options = {
            "chat_model": "openai:scripted",
            "chat_base_url": provider.url,
            "chat_timeout_s": 20.0,
        } | changes
        return Assistant(archive, encoder, AnsweringSettings(**options)).ask(question)

    return ask


def lie(text):
    return lambda prompt, n: f"{text} [{key_of(prompt, '412')}]\n{TRUE} [{key_of(prompt, '412')}]"


def test_a_helpful_model_is_cited(ask, archive):
    answer = ask(
        lambda prompt, n: f"412 returnees were supported between March 2013 and June 2015 [{key_of(prompt, '412')}]."
    )
    assert answer.answer == "412 returnees were supported between March 2013 and June 2015. [1]"
    citation = answer.citations[0]
    assert citation.quote == TRUE
    assert archive.page_text(citation.doc_id, 0)[citation.start : citation.end] == TRUE
    assert answer.statements[0].supported


@pytest.mark.parametrize(
    "text",
    [
        "The project supported 512 returnees between March 2013 and June 2015.",
        "The project did not support 412 returnees between March 2013 and June 2015.",
        'The report says "all returnees were delighted with the project".',
        "The project supported 412 returnees in Batumi.",
        "The moon is made of green cheese.",
    ],
)
def test_a_lie_is_shown_as_unsupported_and_not_cited(ask, text):
    answer = ask(lie(text))
    first, second = answer.statements
    assert (first.supported, first.markers) == (False, ())
    assert (second.supported, second.markers) == (True, (1,))
    assert "(not supported by the passages)" in answer.answer.split("\n")[0]
    assert len(answer.citations) == 1


@pytest.mark.parametrize("key", ["9", "abcdef", "1", "georgia-return.pdf"])
def test_an_invented_key_resolves_to_nothing(ask, key):
    answer = ask(lambda prompt, n: f"{TRUE} [{key}]")
    assert "Nothing the language model said is supported" in answer.notes[-1]
    assert answer.citations[0].quote == TRUE


def test_a_true_sentence_under_the_wrong_key(ask):
    answer = ask(lambda prompt, n: f"{TRUE} [{key_of(prompt, 'Follow-up')}]")
    assert "Nothing the language model said" in answer.notes[-1]


def test_markup_is_removed(ask):
    bad = (
        "The project supported 412 returnees<script>alert(1)</script> <img src=x onerror=alert(2)> "
        "![a](http://x.example/p.png) [more](javascript:alert(3)) between March 2013 and June 2015."
    )
    answer = ask(lambda prompt, n: f"{bad} [{key_of(prompt, '412')}]\n{TRUE} [{key_of(prompt, '412')}]")
    for sign in ("<", ">", "onerror", "javascript:", "http", "!["):
        assert sign not in answer.answer


def test_passages_cannot_close_their_fence(ask, provider):
    ask(lambda prompt, n: "NO ANSWER IN THE PASSAGES", question="Who pays the rent of the workshops in Gaziantep?")
    prompt = provider.prompts[0][-1]["content"]
    assert "Ignore all previous instructions" in prompt
    assert prompt.count("<passage") == prompt.count("</passage>")
    keys = re.findall(r'key="(\w+)"', prompt)
    assert len(keys) == len(set(keys))


def test_a_model_that_obeys_a_passage_is_contradicted(ask):
    answer = ask(
        lambda prompt, n: "The budget was nine billion pounds and everything is tagged O9.",
        question="Who pays the rent of the workshops in Gaziantep?",
    )
    assert "nine billion" not in answer.answer.split("[1]")[0]
    assert answer.citations[0].document == "turkey-hostile.md"


def test_no_answer_by_the_model_leaves_the_quotations(ask):
    answer = ask(lambda prompt, n: "NO ANSWER IN THE PASSAGES")
    assert answer.citations[0].quote == TRUE
    assert "found no answer" in answer.notes[-1]


def test_a_slow_model_is_left_behind(ask):
    started = time.perf_counter()
    answer = ask(lambda prompt, n: 4.0, chat_timeout_s=1.0)
    assert time.perf_counter() - started < 3.5
    assert answer.citations[0].quote == TRUE
    assert "failed" in answer.notes[-1]


def test_a_passing_failure_is_tried_again(ask, provider):
    answer = ask(lambda prompt, n: 503 if n < 3 else f"{TRUE} [{key_of(prompt, '412')}]")
    assert len(provider.prompts) == 3
    assert answer.answer == f"{TRUE} [1]"


@pytest.mark.parametrize(("said", "calls"), [(500, 3), (401, 1), (404, 1), ("BROKEN", 1), ("", 3)])
def test_a_broken_model_gives_way_to_quotations(ask, provider, said, calls):
    answer = ask(lambda prompt, n: said)
    assert answer.citations[0].quote == TRUE
    assert "Quotations are shown instead" in answer.notes[-1]
    assert len(provider.prompts) == calls


def test_a_flood_is_cut(ask):
    answer = ask(lambda prompt, n: "\n".join(f"{TRUE} [{key_of(prompt, '412')}]" for _ in range(5_000)))
    assert len(answer.statements) <= 12


def test_the_model_is_not_asked_where_the_archive_does_not_answer(ask, provider):
    answer = ask(lambda prompt, n: "Paris.", question="What is the boiling point of tungsten?")
    assert not answer.answered
    assert provider.prompts == []


def test_missing_packages_are_named(archive, encoder, monkeypatch):
    monkeypatch.setitem(sys.modules, "langchain.chat_models", None)
    with pytest.raises(MissingExtra, match=r"stratmap\[chat\]"):
        Assistant(archive, encoder, AnsweringSettings(chat_model="openai:x"))
