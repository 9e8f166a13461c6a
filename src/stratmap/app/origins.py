"""Whether a request may come from where it says it comes from: its headers come in, a reason to refuse goes out.

A page elsewhere must not reach an app on this machine through the browser of whoever runs it: neither by a form or
script of its own (`Origin`, `Sec-Fetch-Site`), nor by a name of its own that leads to this machine (`Host`).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SAFE = ("GET", "HEAD")


def known_hosts(host: str, allowed: str) -> frozenset[str]:
    """The names under which the app may be asked for: this machine's, and those that the settings list."""
    listed = (name.strip().lower() for name in allowed.split(","))
    return frozenset({*_LOOPBACK, host.lower(), socket.gethostname().lower(), *listed} - {""})


def refusal(method: str, headers: Mapping[str, str], hosts: frozenset[str]) -> str:
    """Why a request is refused, "" where it is not."""
    host = headers.get("host", "")
    name = _name(f"//{host}")
    if not (name in hosts or _is_address(name)):
        return "This app does not answer to that name. Its settings can allow it: [app] allowed_hosts."
    origin = headers.get("origin", "")
    if origin and not (origin == "null" and method in _SAFE) and urlsplit(origin).netloc.lower() != host.lower():
        return "This request comes from a page elsewhere and is refused."
    if headers.get("sec-fetch-site") == "cross-site" and not _opens_a_page(method, headers):
        return "This request comes from a page elsewhere and is refused."
    return ""


def _opens_a_page(method: str, headers: Mapping[str, str]) -> bool:
    return (
        method in _SAFE and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )


def _name(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Whether it is a number: a foreign name that leads here is what has to be kept out, and a number is no name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
