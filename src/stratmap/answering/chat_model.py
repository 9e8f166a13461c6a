"""A language model behind LangChain's `init_chat_model`: messages come in, text goes out, within a time limit.

Any provider (an OpenAI-compatible server, Ollama, Anthropic, ...) that the settings name. Failures become
`ChatModelError` with advice. It knows no passages and checks nothing that the model says.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from stratmap.errors import ChatModelError, MissingExtra
from stratmap.settings import AnsweringSettings

_MOST_CHARACTERS = 20_000
_PASSING = ("429", "500", "502", "503", "504", "timeout", "timed out", "connection", "overloaded", "temporarily")
_PAUSE_S = 0.25


class ChatModel:
    """A language model that the settings name.

    Raises:
        MissingExtra: LangChain or the provider's package is not installed.
        ChatModelError: The settings name a model that the provider does not take.
    """

    def __init__(self, settings: AnsweringSettings) -> None:
        self.settings = settings
        self._model = _opened(settings)

    def complete(self, system: str, user: str) -> str:
        """One answer of the model, plain text, at most 20,000 characters.

        Raises:
            ChatModelError: No answer within the time limit and the tries that the settings allow.
        """
        deadline = time.monotonic() + self.settings.chat_timeout_s
        tries = self.settings.chat_retries + 1
        for attempt in range(1, tries + 1):
            try:
                return self._once(system, user, deadline - time.monotonic())
            except ChatModelError as error:
                pause = _PAUSE_S * 2**attempt
                if not error.retryable or attempt == tries or time.monotonic() + pause >= deadline:
                    raise
                time.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _once(self, system: str, user: str, seconds: float) -> str:
        """One call in a thread of its own, because a provider's time limit is often one between bytes."""
        outcome: list[Any] = []
        failure: list[BaseException] = []

        def call() -> None:
            try:
                outcome.append(self._model.invoke([("system", system), ("human", user)]))
            except Exception as error:  # every provider has its own tree of errors
                failure.append(error)

        thread = threading.Thread(target=call, daemon=True, name="stratmap-chat")
        thread.start()
        thread.join(max(0.0, seconds))
        if failure:
            raise _translated(failure[0], self.settings) from failure[0]
        if not outcome:
            raise ChatModelError(
                f"expected an answer of the language model within {self.settings.chat_timeout_s:g} s, found none.",
                retryable=False,
                advice="Raise chat_timeout_s, or take a smaller model.",
            )
        return _text(outcome[0])


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


def _text(message: Any) -> str:
    content = getattr(message, "content", "")
    if isinstance(content, list):
        content = "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in content)
    text = str(content)[:_MOST_CHARACTERS].strip()
    if not text:
        raise ChatModelError(
            "expected text from the language model, found an empty answer.",
            retryable=True,
            advice="Raise chat_max_tokens, or take another model.",
        )
    return text
