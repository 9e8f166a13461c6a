"""Options that several commands have. Comes in: what a person typed. Goes out: the same, typed, or settings."""

from __future__ import annotations

import os.path
from dataclasses import replace
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
Mask = Annotated[
    bool, typer.Option("--mask", help="Cover names, phone numbers and numbers of documents in what comes out.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


def load_settings(path: Path | None, *, mask: bool = False) -> Settings:
    """The settings of a file, or of the working folder; `mask` covers personal data whatever they say.

    Raises:
        UsageError: There is no such file.
        SettingsError: It does not hold settings.
    """
    if path is not None and not os.path.exists(path):
        raise UsageError(f"{path}: expected a settings file, found none.")
    loaded = Settings.load(path)
    return replace(loaded, privacy=replace(loaded.privacy, mask_exports=True)) if mask else loaded
