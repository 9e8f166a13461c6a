"""Options that several commands have. Comes in: what a person typed. Goes out: the same, typed, or settings."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import Annotated

import typer

from stratmap.errors import UsageError
from stratmap.settings import Settings

INDEX = Path("index")
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="A stratmap.toml; default: the working folder's.")
]
IndexFolder = Annotated[Path, typer.Option("--index", help="The index folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


def load_settings(path: Path | None) -> Settings:
    """The settings of a file, or of the working folder.

    Raises:
        UsageError: There is no such file.
        SettingsError: It does not hold settings.
    """
    if path is not None and not os.path.exists(path):
        raise UsageError(f"{path}: expected a settings file, found none.")
    return Settings.load(path)
