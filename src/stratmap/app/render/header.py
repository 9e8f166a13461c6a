"""The head of the page: who has signed in comes in, HTML goes out."""

from __future__ import annotations

from stratmap.app.render.text import text

_LINE = "Reports mapped to the strategy, with the passages that justify every tag."


def header(name: str = "", role: str = "") -> str:
    """Name of the app, the switch between light and dark, and, where people sign in, the way out."""
    way_out = (
        f'<span class="sm-muted sm-who" dir="auto">{text(name)} · {text(role)}</span>'
        '<form method="post" action="sign-out"><button type="submit" class="sm-button">Sign out</button></form>'
        if name
        else ""
    )
    known = f' data-role="{text(role)}"' if role else ""  # the style sheet hides what the role may not do
    return (
        f'<header class="sm-header"{known}><div><h1>stratmap</h1><p>{_LINE}</p></div><div class="sm-corner">{way_out}'
        '<button type="button" class="sm-button" data-theme="1" aria-label="Switch between light and dark">'
        "Light / dark</button></div></header>"
    )
