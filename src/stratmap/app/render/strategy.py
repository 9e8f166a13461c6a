"""The strategy as a picture: a framework comes in, a drawing in HTML goes out, each part opening its text.

The drawing is a house: the goal on top, the strategic objectives, the thematic objectives that serve them, and
the principles as its ground. Does not know the archive beyond counts handed to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stratmap.app.render.text import colour, plural, text
from stratmap.framework import Framework, Label, StrategicObjective


def drawing(framework: Framework, counts: Mapping[str, int]) -> str:
    """The house; `counts` gives the archive's documents by code (a missing code has none)."""
    goal = (
        '<button type="button" class="sm-roof" data-show="about-goal" aria-pressed="true">'
        f'<span class="sm-over">Overall goal</span><span>{text(framework.goal)}</span></button>'
    )
    aims = "".join(_aim(aim) for aim in framework.strategic_objectives)
    floors = "".join(
        f'<h3 class="sm-h">{text(group.name)}</h3><div class="sm-cells sm-g-{index}">'
        + "".join(_cell(label, counts.get(label.code, 0)) for label in group.labels)
        + "</div>"
        for index, group in enumerate(framework.groups)
    )
    over = '<h3 class="sm-h">Strategic objectives</h3>' if aims else ""
    return (
        f'<div class="sm-house"><div class="sm-picture">{goal if framework.goal else ""}{over}'
        f'<div class="sm-aims">{aims}</div>{floors}</div>'
        f'<div class="sm-about" aria-live="polite">{_panels(framework, counts)}</div></div>'
    )


def _aim(aim: StrategicObjective) -> str:
    return (
        f'<button type="button" class="sm-aim" data-show="about-{text(aim.code)}" aria-pressed="false">'
        f'<span class="sm-badge">{text(aim.code)}</span><span>{text(aim.name)}</span></button>'
    )


def _cell(label: Label, count: int) -> str:
    serves = f'<span class="sm-serves">{text(" ".join(label.serves))}</span>' if label.serves else ""
    return (
        f'<button type="button" class="sm-cell" style="--c:{colour(label.colour)}" aria-pressed="false" '
        f'data-show="about-{text(label.code)}"><span class="sm-badge">{text(label.code)}</span>'
        f'<span class="sm-name">{text(label.name)}</span>'
        f'<span class="sm-foot"><span>{text(plural(count, "document"))}</span>{serves}</span></button>'
    )


def _panels(framework: Framework, counts: Mapping[str, int]) -> str:
    parts = [
        f'<section class="sm-card" id="about-goal"><h3 class="sm-h">{text(framework.name)}</h3>'
        f'<p class="sm-statement">{text(framework.goal)}</p>'
        '<p class="sm-muted">Choose a part of the picture to read its text.</p></section>'
    ]
    for aim in framework.strategic_objectives:
        served = [label for label in framework.labels if aim.code in label.serves]
        below = _list("Served by", [f"{label.code} {label.name}" for label in served])
        parts.append(
            f'<section class="sm-card" id="about-{text(aim.code)}" hidden>'
            f'<h3 class="sm-h">{text(aim.code)} {text(aim.name)}</h3>'
            f'<p class="sm-statement">{text(aim.statement)}</p>{below}</section>'
        )
    parts += [_about(label, counts.get(label.code, 0)) for label in framework.labels]
    return "".join(parts)


def _about(label: Label, count: int) -> str:
    description = f"<p>{text(label.description)}</p>" if label.description else ""
    archive = f"The archive holds {plural(count, 'document')} with this label."
    return (
        f'<section class="sm-card" id="about-{text(label.code)}" style="--c:{colour(label.colour)}" hidden>'
        f'<h3 class="sm-h"><span class="sm-badge">{text(label.code)}</span> {text(label.name)}</h3>'
        f'<p class="sm-statement">{text(label.statement)}</p>{description}'
        f"{_list('It covers', label.covers)}{_list('It does not cover', label.excludes)}"
        f"{_list('Examples', label.examples)}"
        f'<p class="sm-muted">{text(archive)}</p></section>'
    )


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    inside = "".join(f"<li>{text(item)}</li>" for item in items)
    return f"<h4>{text(title)}</h4><ul>{inside}</ul>"
