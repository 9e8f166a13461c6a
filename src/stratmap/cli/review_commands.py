"""The commands around corrections and their options; each is a thin skin over `stratmap.cli.reviewing`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stratmap.cli.options import INDEX, AsJson, IndexFolder, Mask, SettingsFile, load_settings

corrections_app = typer.Typer(help="Corrections of tags: export, import, list, undo.", no_args_is_help=True)
versions_app = typer.Typer(help="Versions of the tagger that retraining made.", no_args_is_help=True)

Author = Annotated[str, typer.Option("--by", help="Who corrects; default: the user of this machine.")]


def add_commands(app: typer.Typer) -> None:
    """Add `corrections`, `versions` and `retrain` to the command line."""
    app.add_typer(corrections_app, name="corrections")
    app.add_typer(versions_app, name="versions")
    app.command()(retrain)


@corrections_app.command(name="export")
def export(
    path: Annotated[Path, typer.Argument(help="The workbook to write (XLSX).")],
    index_folder: IndexFolder = INDEX,
    mask: Mask = False,
    settings: SettingsFile = None,
) -> None:
    """Write the archive's tags and all corrections to a workbook with drop-down lists.

    Examples:
      stratmap corrections export tags.xlsx --index index
    """
    from stratmap.cli import reviewing

    raise typer.Exit(reviewing.export(path, index_folder, load_settings(settings, mask=mask)))


@corrections_app.command(name="import")
def import_(
    path: Annotated[Path, typer.Argument(help="An edited workbook.")],
    index_folder: IndexFolder = INDEX,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    author: Author = "",
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Take verdicts from an edited workbook; rows that cannot be taken are named and skipped.

    Examples:
      stratmap corrections import tags.xlsx --dry-run

      stratmap corrections import tags.xlsx --by "Ana"
    """
    from stratmap.cli import reviewing

    raise typer.Exit(reviewing.import_(path, index_folder, load_settings(settings), author, dry_run, as_json))


@corrections_app.command(name="list")
def list_(index_folder: IndexFolder = INDEX, as_json: AsJson = False, settings: SettingsFile = None) -> None:
    """List all corrections in the order in which they were given."""
    from stratmap.cli import reviewing

    raise typer.Exit(reviewing.show(index_folder, load_settings(settings), as_json))


@corrections_app.command()
def undo(
    numbers: Annotated[list[int], typer.Argument(help="Numbers of corrections, as listed.")],
    index_folder: IndexFolder = INDEX,
    settings: SettingsFile = None,
) -> None:
    """Take corrections back."""
    from stratmap.cli import reviewing

    raise typer.Exit(reviewing.undo(numbers, index_folder, load_settings(settings)))


def retrain(
    index_folder: IndexFolder = INDEX, author: Author = "", as_json: AsJson = False, settings: SettingsFile = None
) -> None:
    """Refit the tagger on all corrections, in seconds; refused with the reason where it makes things worse.

    Examples:
      stratmap retrain --index index

      stratmap versions restore shipped --index index
    """
    from stratmap.cli import reviewing

    raise typer.Exit(reviewing.retrain(index_folder, load_settings(settings), author, as_json))


@versions_app.command(name="list")
def versions_list(index_folder: IndexFolder = INDEX, as_json: AsJson = False, settings: SettingsFile = None) -> None:
    """List the versions; a star marks the one in use."""
    from stratmap.cli import reviewing

    raise typer.Exit(reviewing.versions(index_folder, load_settings(settings), as_json))


@versions_app.command()
def restore(
    name: Annotated[str, typer.Argument(help="The version, e.g. 0002, or shipped.")],
    index_folder: IndexFolder = INDEX,
    settings: SettingsFile = None,
) -> None:
    """Use a version from now on; no version is ever changed or removed."""
    from stratmap.cli import reviewing

    raise typer.Exit(reviewing.restore(name, index_folder, load_settings(settings)))
