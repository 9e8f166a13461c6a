"""Passwords as scrypt hashes: a password comes in, a line that can be stored goes out, and a verdict on a guess.

The cost is part of the line, so that it can be raised without making old lines useless. No password is kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from stratmap.errors import UsageError

FEWEST, MOST = 10, 256
_N, _R, _P, _BYTES = 2**15, 8, 1, 32
_MOST_N = 2**20
_MEMORY = 256 * 1024 * 1024


def hash_password(password: str) -> str:
    """`scrypt$n$r$p$salt$hash`, with a salt of its own.

    Raises:
        UsageError: It is shorter or longer than a password may be.
    """
    if not FEWEST <= len(password) <= MOST:
        raise UsageError(f"expected a password of {FEWEST} to {MOST} characters, found {len(password)}.")
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _N, _R, _P)
    return "$".join(["scrypt", str(_N), str(_R), str(_P), _text(salt), _text(digest)])


def matches(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed; False for a line of another form."""
    try:
        kind, n, r, p, salt, digest = stored.split("$")
        cost = int(n), int(r), int(p)
        if kind != "scrypt" or len(password) > MOST or not (cost[0] <= _MOST_N and cost[1] <= 16 and cost[2] <= 4):
            return False
        found = _scrypt(password, base64.b64decode(salt, validate=True), *cost)
        return secrets.compare_digest(found, base64.b64decode(digest, validate=True))
    except (ValueError, binascii.Error):
        return False


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=_BYTES)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


NOBODY = "$".join(["scrypt", str(_N), str(_R), str(_P), _text(b"\0" * 16), _text(b"\0" * _BYTES)])
"""A line that no password matches; checking it takes as long as checking a real one."""
