"""The smallest pieces of HTML: values come in, escaped HTML goes out. Knows no record of stratmap.

Every piece of text that comes from outside passes through `text`, without exception.
"""

from __future__ import annotations

import html
import re

_PLAIN_COLOUR = "#b4bdc8"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
# The HTML panel of Gradio fills a template; these signs must not be able to speak to it.
_TEMPLATE_SIGNS = str.maketrans({"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;"})
# Signs that turn the reading direction of what follows could make a quotation look like another one.
_DIRECTION_SIGNS = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0e-\x1f]")


def text(value: object) -> str:
    """Escape a value for element content or a quoted attribute.

    >>> text("<b>$&")
    '&lt;b&gt;&#36;&amp;'
    """
    return html.escape(_DIRECTION_SIGNS.sub("", str(value)), quote=True).translate(_TEMPLATE_SIGNS)


def colour(value: str) -> str:
    """The colour if it is one (`#rrggbb`), else a plain grey."""
    return value if _COLOUR.fullmatch(value) else _PLAIN_COLOUR


def percent(probability: float) -> str:
    """A probability as whole per cents; 0 and 100 are kept for the certain.

    >>> percent(0.994), percent(0.9999), percent(0.0)
    ('99 %', '>99 %', '0 %')
    """
    if 0.995 <= probability < 1:
        return ">99 %"
    if 0 < probability < 0.005:
        return "<1 %"
    return f"{round(probability * 100)} %"


def notice(message: str, title: str = "", kind: str = "note") -> str:
    """A framed remark; `kind` is `note`, `good` or `problem`."""
    role = "alert" if kind == "problem" else "status"
    head = f"<strong>{text(title)}</strong> " if title else ""
    return f'<div class="sm-notice sm-{text(kind)}" role="{role}">{head}{text(message)}</div>'


def empty(title: str, message: str) -> str:
    """What a panel shows before there is anything to show."""
    return f'<div class="sm-empty"><strong>{text(title)}</strong><span>{text(message)}</span></div>'


def place(page: int | None) -> str:
    """A page in words, nothing where the format has none."""
    return "" if page is None else f"p. {page}"


def shortened(value: str, most: int = 260) -> str:
    """The beginning of a text, cut at a word, on one line (not escaped)."""
    line = " ".join(value.split())
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0] + " …"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "page"), plural(3, "country", "countries")
    ('1 page', '3 countries')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
