"""What a language model was sent and said, and how much of both one run may cost.

Comes in: settings and messages of a provider. Goes out: text, numbers of tokens, or a refusal once the budget is
spent. It calls no model. Tokens are the provider's own count where it gives one, else estimated from bytes.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from stratmap.errors import ChatModelError
from stratmap.settings import AnsweringSettings

MOST_CHARACTERS = 20_000
_BYTES_PER_TOKEN = 3  # on the safe side: English has about four, Cyrillic about three
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call."""

    sent: int
    received: int


def tokens_in(text: str) -> int:
    """About how many tokens a text has, rather too many than too few.

    >>> tokens_in("The fund closed.")
    6
    """
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def estimated(prompt: str, characters: int) -> Usage:
    """The usage of a call whose provider counts nothing."""
    return Usage(tokens_in(prompt), -(-characters // _BYTES_PER_TOKEN))


@dataclass(slots=True)
class Told:
    """What one call has brought so far."""

    characters: int = 0
    usage: Usage | None = None

    def take(self, message: Any) -> str:
        """The text of a message or a piece of one, cut where the whole gets too long; its usage is noted."""
        counted = getattr(message, "usage_metadata", None)
        if counted:
            self.usage = Usage(int(counted.get("input_tokens") or 0), int(counted.get("output_tokens") or 0))
        content = getattr(message, "content", "")
        if isinstance(content, list):
            content = "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in content)
        text = str(content)[: MOST_CHARACTERS - self.characters]
        self.characters += len(text)
        return text


class Budget:
    """What a run may spend, from the settings; safe to share between threads."""

    def __init__(self, settings: AnsweringSettings) -> None:
        self._settings = settings
        self._guard = threading.Lock()
        self._sent = self._received = 0

    @property
    def tokens(self) -> int:
        """Tokens spent so far."""
        return self._sent + self._received

    @property
    def cost(self) -> float:
        """Money spent so far, at the prices of the settings."""
        prices = self._settings
        return (self._sent * prices.chat_price_sent + self._received * prices.chat_price_received) / _MILLION

    def spend(self, usage: Usage) -> None:
        """Note what a call took."""
        with self._guard:
            self._sent += usage.sent
            self._received += usage.received

    def check(self) -> None:
        """Refuse another call once a limit is reached.

        Raises:
            ChatModelError: The budget in tokens or in money is spent.
        """
        limits = self._settings
        for name, spent, most in (
            ("chat_token_budget", self.tokens, limits.chat_token_budget),
            ("chat_cost_budget", self.cost, limits.chat_cost_budget),
        ):
            if most and spent >= most:
                raise ChatModelError(
                    f"the budget for the language model is spent: {spent:,.6g} of {most:,.6g}.",
                    retryable=False,
                    advice=f"Raise {name} in the settings, or start a new run.",
                )
