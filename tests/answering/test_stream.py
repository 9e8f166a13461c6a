"""Answers sentence by sentence, with and without a language model, over real HTTP."""

import time

import pytest

from stratmap.answering.assistant import Assistant
from stratmap.answering.chat_budget import Budget, Usage
from stratmap.errors import ChatModelError
from stratmap.records import Answer, Statement
from stratmap.settings import AnsweringSettings

from .conftest import key_of

QUESTION = "How many returnees were supported in Imereti?"
TRUE = "The project supported 412 returnees between March 2013 and June 2015."
FALSE = "The project supported 512 returnees between March 2013 and June 2015."


@pytest.fixture
def stream(provider, archive, encoder):
    def stream(script, **changes):
        provider.script = script
        options = {"chat_model": "openai:scripted", "chat_base_url": provider.url, "chat_timeout_s": 20.0} | changes
        return list(Assistant(archive, encoder, AnsweringSettings(**options)).stream(QUESTION))

    return stream


def test_quotations_come_one_by_one_and_the_answer_last(archive, encoder):
    *told, answer = Assistant(archive, encoder).stream(QUESTION)
    assert isinstance(answer, Answer)
    assert tuple(told) == answer.statements
    assert told[0] == Statement(TRUE, (1,))


def test_a_refusal_and_an_empty_question_stream_an_answer_alone(archive, encoder):
    for question in ("What is the boiling point of tungsten?", "?"):
        parts = list(Assistant(archive, encoder).stream(question))
        assert [(type(part), part.answered) for part in parts] == [(Answer, False)]


def test_sentences_of_a_model_are_checked_as_they_come(stream):
    *told, answer = stream(lambda prompt, n: f"{FALSE} [{key_of(prompt, '412')}]\n{TRUE} [{key_of(prompt, '412')}]")
    assert [(one.supported, one.markers) for one in told] == [(False, ()), (True, (1,))]
    assert answer.statements == tuple(told)
    assert answer.answer == f"{FALSE} (not supported by the passages)\n{TRUE} [1]"


def test_the_first_sentence_is_there_before_the_model_has_finished(provider, archive, encoder):
    provider.script = lambda prompt, n: [f"{TRUE} [{key_of(prompt, '412')}]\n", 1.5, "The rest."]
    settings = AnsweringSettings(chat_model="openai:scripted", chat_base_url=provider.url)
    parts = Assistant(archive, encoder, settings).stream(QUESTION)
    assert next(parts).text == TRUE
    started = time.perf_counter()
    assert isinstance(list(parts)[-1], Answer)
    assert time.perf_counter() - started > 0.5


@pytest.mark.parametrize("end", [None, 30.0])
def test_a_model_that_breaks_off_gives_way_to_quotations(stream, provider, end):
    started = time.perf_counter()
    script = lambda prompt, n: [f"{TRUE} [{key_of(prompt, '412')}]\n", "More", end]  # noqa: E731
    *_, answer = stream(script, chat_timeout_s=6.0)
    assert time.perf_counter() - started < 15
    assert "Quotations are shown instead" in answer.notes[-1]
    assert answer.citations[0].quote == TRUE
    assert len(provider.prompts) == 1  # what was shown cannot be taken back, so it is not tried again


def test_a_failure_before_the_first_word_is_tried_again(stream, provider):
    *_, answer = stream(lambda prompt, n: 503 if n < 2 else f"{TRUE} [{key_of(prompt, '412')}]")
    assert answer.answer == f"{TRUE} [1]"
    assert len(provider.prompts) == 2


def test_no_answer_by_the_model_says_nothing_before_the_quotations(stream):
    *told, answer = stream(lambda prompt, n: "NO ANSWER IN THE PASSAGES")
    assert tuple(told) == answer.statements
    assert "found no answer" in answer.notes[-1]


def test_a_flood_is_cut(stream):
    *told, answer = stream(lambda prompt, n: [f"{TRUE} [{key_of(prompt, '412')}]\n"] * 400)
    assert len(told) <= 12
    assert answer.answered


def test_a_spent_budget_stops_the_next_call(provider, archive, encoder):
    provider.script = lambda prompt, n: f"{TRUE} [{key_of(prompt, '412')}]"
    options = {"chat_model": "openai:scripted", "chat_base_url": provider.url, "chat_token_budget": 2}
    assistant = Assistant(archive, encoder, AnsweringSettings(**options))
    assert "Written by a language model" in assistant.ask(QUESTION).notes[-1]
    second = assistant.ask(QUESTION)
    assert "chat_token_budget" in second.notes[-1]
    assert second.citations[0].quote == TRUE
    assert len(provider.prompts) == 1


def test_money_is_counted_at_the_prices_of_the_settings():
    budget = Budget(AnsweringSettings(chat_price_sent=2.0, chat_price_received=10.0, chat_cost_budget=0.5))
    budget.spend(Usage(100_000, 20_000))
    assert budget.cost == pytest.approx(0.4)
    budget.check()
    budget.spend(Usage(0, 10_000))
    with pytest.raises(ChatModelError, match=r"0\.5 of 0\.5.*chat_cost_budget"):
        budget.check()


def test_a_prompt_keeps_to_its_length(stream, provider):
    stream(lambda prompt, n: "NO ANSWER IN THE PASSAGES", chat_max_prompt_tokens=300)
    few = provider.prompts[-1][-1]["content"].count("<passage")
    stream(lambda prompt, n: "NO ANSWER IN THE PASSAGES")
    assert 1 <= few < provider.prompts[-1][-1]["content"].count("<passage")
