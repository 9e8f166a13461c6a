"""What goes between this process and the one that reads files: a line of JSON, then as many bytes as it says.

JSON and nothing else: a child that a hostile file has taken over can lie about a text, and do no more.
"""

from __future__ import annotations

import json
from typing import Any

HEAD = 12  # digits of the length, and a line feed


def packed(value: dict[str, Any]) -> bytes:
    """A value as it is sent."""
    data = json.dumps(value, ensure_ascii=True).encode("ascii")
    return f"{len(data):>{HEAD - 1}}\n".encode("ascii") + data


def length_of(head: bytes) -> int:
    """How many bytes follow.

    Raises:
        ValueError: That is no head.
    """
    if len(head) != HEAD or not head.endswith(b"\n"):
        raise ValueError("expected the length of a message")
    return int(head)
