"""`stratmap users`: who may use the web app. Names and roles come in, a file of hashed passwords goes out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Say who may use the web app (`stratmap app --users FILE`).", no_args_is_help=True)
File = Annotated[Path, typer.Option("--file", help="The users file.")]
_FILE = Path("users.json")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name; a known one gets another password and role.")],
    role: Annotated[str, typer.Option(help="reader, reviewer or admin.")] = "reader",
    file: File = _FILE,
) -> None:
    """Add somebody; the password is asked for, or read as one line from standard input.

    Examples:
      stratmap users add amina --role reviewer

      stratmap users add amina --role reader --file users.json < password.txt
    """
    from stratmap.accounts import UsersFile

    UsersFile(file).add(name, _password(), role)
    print(f"{name}: {role}, in {file}", file=sys.stderr)


@app.command(name="list")
def listed(file: File = _FILE) -> None:
    """List names and roles."""
    from stratmap.accounts import UsersFile

    for account in sorted(UsersFile(file).accounts().values(), key=lambda one: one.name):
        print(f"{account.name}\t{account.role}")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="A name.")], file: File = _FILE) -> None:
    """Take somebody out; an open session of that name ends at once."""
    from stratmap.accounts import UsersFile

    UsersFile(file).remove(name)


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
