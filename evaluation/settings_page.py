"""Writes `docs/settings.md` from the code: `python -m evaluation.settings_page`; a test checks that it is current."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from stratmap.files import atomic_write_text
from stratmap.settings import Settings

PAGE = Path("docs/settings.md")


def page() -> str:
    """The page: every section and key of `stratmap.toml` with type, default and meaning."""
    lines = [
        "# Settings",
        "",
        "All settings live in one file, `stratmap.toml`, in the working folder (or named with `--settings`). A command's",
        "options come before the file, the file before the defaults below. This page is generated from the code.",
    ]
    settings = Settings()
    for section in dataclasses.fields(settings):
        group = getattr(settings, section.name)
        lines += ["", f"## [{section.name}]", "", (type(group).__doc__ or "").strip(), ""]
        lines += ["| key | default | meaning |", "|---|---|---|"]
        for key in dataclasses.fields(group):
            default = getattr(group, key.name)
            shown = f'"{default}"' if isinstance(default, str) else str(default).lower().replace("_", "")
            lines.append(f"| `{key.name}` | `{shown}` | {key.metadata['doc']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    atomic_write_text(PAGE, page())
