"""Who is asking: a cookie or an `Authorization` header comes in, an account goes out.

Sessions live in the memory of this process. A changed password or a removed name ends them at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from stratmap.accounts import Account, UsersFile
from stratmap.accounts.attempts import Attempts

COOKIE = "stratmap-session"
_MOST_SESSIONS = 10_000
_MOST_WORDS = 1_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A sign-in that failed; `wait` is how many seconds the next attempt has to wait."""

    wait: float = 0.0


class Sessions:
    """Open sessions over a users file.

    Args:
        users: The users file.
        hours: How long a session lasts.
        clock: Seconds that only go forward.
    """

    def __init__(self, users: UsersFile, hours: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.users, self._hours, self._clock = users, hours, clock
        self._attempts = Attempts(clock)
        self._lock = threading.Lock()
        self._open: OrderedDict[str, tuple[Account, float]] = OrderedDict()
        self._key = secrets.token_bytes(32)

    @property
    def seconds(self) -> int:
        """How long a session lasts."""
        return round(self._hours * 3_600)

    def sign_in(self, address: str, name: str, password: str) -> Account | Refused:
        """The account of a name and password, unless too many attempts failed before.

        Raises:
            SettingsError: The users file is gone or damaged.
        """
        wait = self._attempts.wait(address, name)
        if wait > 0:
            return Refused(wait)
        account = self.users.sign_in(name, password)
        if account is None:
            self._attempts.failed(address, name)
            return Refused(self._attempts.wait(address, name))
        self._attempts.succeeded(address, name)
        return account

    def open(self, account: Account) -> str:
        """Open a session; returns its token."""
        token = secrets.token_urlsafe(32)
        self._keep(self._digest(token), account)
        return token

    def close(self, token: str) -> None:
        """End a session, if there is one."""
        with self._lock:
            self._open.pop(self._digest(token), None)

    def of_token(self, token: str) -> Account | None:
        """The account of a session."""
        return self._valid(self._digest(token))

    def of_header(self, address: str, header: str) -> Account | Refused | None:
        """The account of an `Authorization` header; None for one that is not of the form `Basic`."""
        kind, _, words = header.partition(" ")
        if kind.lower() != "basic" or len(words) > _MOST_WORDS:
            return None
        digest = self._digest(f"basic {words}")
        known = self._valid(digest)
        if known:
            return known
        try:
            name, _, password = base64.b64decode(words, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = self.sign_in(address, name, password)
        if isinstance(account, Account):
            self._keep(digest, account)
        return account

    def _digest(self, words: str) -> str:
        return hmac.new(self._key, words.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _keep(self, digest: str, account: Account) -> None:
        with self._lock:
            self._open[digest] = (account, self._clock() + self.seconds)
            while len(self._open) > _MOST_SESSIONS:
                self._open.popitem(last=False)

    def _valid(self, digest: str) -> Account | None:
        with self._lock:
            account, until = self._open.get(digest, (None, 0.0))
            if account and until <= self._clock():
                del self._open[digest]
                return None
        if account is None:
            return None
        present = self.users.accounts().get(account.name)
        return present if present and present.password == account.password else None
