"""The users file: JSON of names, roles and hashed passwords that only its owner can read.

Layout: `{"schema": 1, "users": {NAME: {"role": ROLE, "password": "scrypt$..."}}}`. It is read again when it has
changed, so that a removed name is out at once.
"""

from __future__ import annotations

import json
import os
import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stratmap.accounts.passwords import NOBODY, hash_password, matches
from stratmap.errors import SettingsError, UsageError
from stratmap.files import atomic_write_text

SCHEMA = 1
ROLES = ("reader", "reviewer", "admin")
_NAME = re.compile(r"[\w.@+-]{1,64}")
_MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may use the app; `role` is reader, reviewer or admin, each may what those before it may."""

    name: str
    role: str
    password: str = ""

    def may(self, role: str) -> bool:
        """Whether this account has a role or more."""
        return ROLES.index(self.role) >= ROLES.index(role)


class UsersFile:
    """The accounts of one file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._accounts: dict[str, Account] = {}

    def accounts(self) -> dict[str, Account]:
        """All accounts by name.

        Raises:
            SettingsError: There is no such file, or it is no users file.
        """
        with self._lock:
            try:
                state = os.stat(self.path)
                stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
                if stamp != self._stamp:
                    self._accounts = _parsed(self.path)
                    self._stamp = stamp
            except OSError as error:
                raise SettingsError(
                    f"{self.path}: expected a users file, found none ({error.strerror}). "
                    f"Make one with: stratmap users add NAME --role admin --file {self.path}"
                ) from error
            return dict(self._accounts)

    def sign_in(self, name: str, password: str) -> Account | None:
        """The account, if the password is right; it takes as long where there is no such name.

        Raises:
            SettingsError: As `accounts`.
        """
        account = self.accounts().get(normal(name))
        right = matches(password, account.password if account else NOBODY)
        return account if account and right else None

    def add(self, name: str, password: str, role: str) -> None:
        """Add a name, or give it another password and role.

        Raises:
            UsageError: Name, role or password is not one that can be.
            SettingsError: The file is damaged.
            OSError: The disk refused.
        """
        clean = normal(name)
        if not _NAME.fullmatch(clean):
            raise UsageError(f"expected a name of letters, digits and . @ + - _ (at most 64), found {name!r:.80}.")
        if role not in ROLES:
            raise UsageError(f"expected a role of {', '.join(ROLES)}, found {role!r:.40}.")
        held = self.accounts() if self.path.exists() else {}
        self._write(held | {clean: Account(clean, role, hash_password(password))})

    def remove(self, name: str) -> None:
        """Take a name out.

        Raises:
            UsageError: There is no such name.
            SettingsError: There is no users file.
        """
        held = self.accounts()
        if normal(name) not in held:
            raise UsageError(f"expected a name of the users file, found {name!r:.80}. See: stratmap users list")
        del held[normal(name)]
        self._write(held)

    def _write(self, accounts: dict[str, Account]) -> None:
        users = {one.name: {"role": one.role, "password": one.password} for one in accounts.values()}
        with _private():
            atomic_write_text(
                self.path, json.dumps({"schema": SCHEMA, "users": users}, indent=2, sort_keys=True) + "\n"
            )


def normal(name: str) -> str:
    """A name in the form in which names are compared."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _parsed(path: Path) -> dict[str, Account]:
    wrong = SettingsError(f"{path}: expected a users file of schema {SCHEMA}, found something else.")
    with open(path, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    try:
        table: Any = json.loads(data) if len(data) <= _MOST_BYTES else None
        users = table["users"].items() if table["schema"] == SCHEMA else None
        found = {str(name): Account(str(name), one["role"], str(one["password"])) for name, one in users or ()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise wrong from error
    if users is None or any(one.role not in ROLES for one in found.values()):
        raise wrong
    return found


@contextmanager
def _private() -> Iterator[None]:
    """New files are for their owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
