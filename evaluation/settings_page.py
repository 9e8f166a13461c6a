"""Writes `docs/settings.md` and `deploy/stratmap.toml.example` from the code: `python -m evaluation.settings_page`.

A test checks that both are current.
"""

from __future__ import annotations

import dataclasses
import json
import textwrap
from pathlib import Path
from typing import Any

from stratmap.files import atomic_write_text
from stratmap.settings import Settings

PAGE = Path("docs/settings.md")
EXAMPLE = Path("deploy/stratmap.toml.example")


def page() -> str:
    """The page: every section and key of `stratmap.toml` with type, default and meaning."""
    lines = [
        "# Settings",
        "",
        "All settings live in one file, `stratmap.toml`, in the working folder (or named with `--settings`). A command's",
        "options come before the file, the file before the defaults below. This page is generated from the code, and so",
        "is `deploy/stratmap.toml.example`, a file with every key to start from.",
        "",
        "Secrets are not settings: the key of a language model and the token of a Milvus server",
        "(`STRATMAP_MILVUS_TOKEN`) are read from the environment.",
    ]
    settings = Settings()
    for section in dataclasses.fields(settings):
        group = getattr(settings, section.name)
        lines += ["", f"## [{section.name}]", "", (type(group).__doc__ or "").strip(), ""]
        lines += ["| key | default | meaning |", "|---|---|---|"]
        for key in dataclasses.fields(group):
            lines.append(f"| `{key.name}` | `{_shown(getattr(group, key.name))}` | {key.metadata['doc']} |")
    return "\n".join(lines) + "\n"


def example() -> str:
    """A `stratmap.toml` in which every key stands with its default, as a comment: what is not taken out of it may
    change with a new version.
    """
    lines = ["# Settings of stratmap. Every key is here with its default; remove the # of those that you change.", ""]
    settings = Settings()
    for section in dataclasses.fields(settings):
        group = getattr(settings, section.name)
        lines += [f"# {(type(group).__doc__ or '').strip()}", f"[{section.name}]"]
        for key in dataclasses.fields(group):
            lines += textwrap.wrap(key.metadata["doc"], 116, initial_indent="## ", subsequent_indent="## ")
            lines.append(f"# {key.name} = {_shown(getattr(group, key.name))}")
        lines.append("")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return json.dumps(value)


if __name__ == "__main__":
    atomic_write_text(PAGE, page())
    atomic_write_text(EXAMPLE, example())
