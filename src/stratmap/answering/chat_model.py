"""A language model behind LangChain's `init_chat_model`: messages come in, text goes out, whole or in pieces, within a
time limit and a budget.

Any provider (an OpenAI-compatible server, Ollama, Anthropic, ...) that the settings name. Failures become
`ChatModelError` with advice. It knows no passages and checks nothing that the model says.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from stratmap.answering.chat_budget import MOST_CHARACTERS, Budget, Told, estimated
from stratmap.errors import ChatModelError, MissingExtra
from stratmap.settings import AnsweringSettings

_PASSING = ("429", "500", "502", "503", "504", "timeout", "timed out", "connection", "overloaded", "temporarily")
_PAUSE_S = 0.25
_END = object()
Messages = list[tuple[str, str]]


class ChatModel:
    """A language model that the settings name.

    Raises:
        MissingExtra: LangChain or the provider's package is not installed.
        ChatModelError: The settings name a model that the provider does not take.
    """

    def __init__(self, settings: AnsweringSettings) -> None:
        self.settings = settings
        self._model = _opened(settings)

        self._budget = Budget(settings)

    def complete(self, system: str, user: str) -> str:
        """One answer of the model, plain text, at most 20,000 characters.

        Raises:
            ChatModelError: No answer within the time limit and the tries that the settings allow, or the budget is
                spent.
        """
        text = "".join(self._pieces(system, user, self._whole)).strip()
        if not text:
            raise _nothing_said()
        return text

    def stream(self, system: str, user: str) -> Iterator[str]:
        """The answer in pieces, as the provider sends them; at most 20,000 characters.

        A failure is tried again only while nothing was handed on.

        Raises:
            ChatModelError: As `complete`, also after some pieces.
        """
        yield from self._pieces(system, user, self._model.stream)

    def _whole(self, messages: Messages) -> Iterator[Any]:
        yield self._model.invoke(messages)

    def _pieces(self, system: str, user: str, source: Callable[[Messages], Iterator[Any]]) -> Iterator[str]:
        messages = [("system", system), ("human", user)]
        deadline = time.monotonic() + self.settings.chat_timeout_s
        for attempt in range(1, self.settings.chat_retries + 2):
            self._budget.check()
            told = Told()
            try:
                yield from self._once(messages, source, deadline, told)
                if not told.characters:
                    raise _nothing_said()
                return
            except ChatModelError as error:
                pause = _PAUSE_S * 2**attempt
                last = attempt > self.settings.chat_retries or time.monotonic() + pause >= deadline
                if told.characters or not error.retryable or last:
                    raise
                time.sleep(pause)
            finally:
                self._budget.spend(told.usage or estimated(system + user, told.characters))

    def _once(
        self, messages: Messages, source: Callable[[Messages], Iterator[Any]], deadline: float, told: Told
    ) -> Iterator[str]:
        """One call in a thread of its own, because a provider's time limit is often one between bytes."""
        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stop = threading.Event()

        def call() -> None:
            try:
                for message in source(messages):
                    arrived.put(message)
                    if stop.is_set():
                        return
                arrived.put(_END)
            except Exception as error:  # every provider has its own tree of errors
                arrived.put(error)

        threading.Thread(target=call, daemon=True, name="stratmap-chat").start()
        try:
            while (message := self._next(arrived, deadline)) is not _END:
                if isinstance(message, Exception):
                    raise _translated(message, self.settings) from message
                piece = told.take(message)
                if piece:
                    yield piece
                if told.characters >= MOST_CHARACTERS:
                    return
        finally:
            stop.set()

    def _next(self, arrived: queue.SimpleQueue[Any], deadline: float) -> Any:
        try:
            return arrived.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise ChatModelError(
                f"expected an answer of the language model within {self.settings.chat_timeout_s:g} s, found none.",
                retryable=False,
                advice="Raise chat_timeout_s, or take a smaller model.",
            ) from None


def _opened(settings: AnsweringSettings) -> Any:
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise MissingExtra("a language model", "chat") from error
    options: dict[str, Any] = {
        "timeout": settings.chat_timeout_s, "max_retries": 0, "temperature": 0,
        "max_tokens": settings.chat_max_tokens,
    }  # fmt: skip
    if settings.chat_base_url:
        options["base_url"] = settings.chat_base_url
        if settings.chat_model.startswith("openai:") and not os.environ.get("OPENAI_API_KEY"):
            options["api_key"] = "none"  # local servers ask for none, the client insists on one
    try:
        return init_chat_model(settings.chat_model, **options)
    except ImportError as error:
        raise MissingExtra(f"the provider of {settings.chat_model}", "chat") from error
    except Exception as error:  # every provider has its own tree of errors
        raise ChatModelError(
            f"{settings.chat_model}: expected a language model, found {_brief(error)}.",
            retryable=False,
            advice="Name it as provider:model, e.g. openai:gpt-4o, and set the provider's key in the environment.",
        ) from error


def _translated(error: BaseException, settings: AnsweringSettings) -> ChatModelError:
    said = f"{type(error).__name__} {error}".lower()
    status = str(getattr(error, "status_code", ""))
    if status in {"401", "403"}:
        return ChatModelError(
            f"{settings.chat_model}: the provider refused the key.",
            retryable=False,
            advice="Check the provider's key.",
        )
    passing = status in _PASSING if status else any(sign in said for sign in _PASSING)
    advice = "Try again later." if passing else "Check chat_model and chat_base_url in the settings."
    return ChatModelError(f"{settings.chat_model}: {_brief(error)}.", retryable=passing, advice=advice)


def _brief(error: BaseException) -> str:
    first = str(error).split("\n", 1)[0][:200].rstrip(". ")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _nothing_said() -> ChatModelError:
    return ChatModelError(
        "expected text from the language model, found an empty answer.",
        retryable=True,
        advice="Raise chat_max_tokens, or take another model.",
    )
