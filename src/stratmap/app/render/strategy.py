"""The strategy as a picture: a framework comes in, a drawing in HTML goes out, each part opening its text.

The drawing is a house: the goal on top, the strategic objectives, the thematic objectives that serve them, and
the principles as its ground. Does not know the archive beyond what is handed to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stratmap.app.render.text import colour, percent, plural, text
from stratmap.framework import Framework, Label, StrategicObjective


@dataclass(frozen=True, slots=True)
class Spoken:
    """How much of the archive speaks to a label: documents, out of how many, on which countries, from when to when."""

    documents: int = 0
    of: int = 0
    countries: tuple[str, ...] = ()
    years: tuple[int, int] | None = None

    @property
    def share(self) -> float:
        """The part of the archive that carries the label."""
        return self.documents / self.of if self.of else 0.0


NOTHING = Spoken()


def drawing(framework: Framework, spoken: Mapping[str, Spoken]) -> str:
    """The house; `spoken` says by code how much of the archive speaks to it (a missing code: nothing)."""
    goal = (
        '<button type="button" class="sm-roof" data-show="about-goal" aria-pressed="true">'
        f'<span class="sm-over">Overall goal</span><span>{text(framework.goal)}</span></button>'
    )
    aims = "".join(_aim(aim) for aim in framework.strategic_objectives)
    floors = "".join(
        f'<h3 class="sm-h">{text(group.name)}</h3><div class="sm-cells sm-g-{index}">'
        + "".join(_cell(label, spoken.get(label.code, NOTHING)) for label in group.labels)
        + "</div>"
        for index, group in enumerate(framework.groups)
    )
    over = '<h3 class="sm-h">Strategic objectives</h3>' if aims else ""
    return (
        f'<div class="sm-house"><div class="sm-picture">{goal if framework.goal else ""}{over}'
        f'<div class="sm-aims">{aims}</div>{floors}</div>'
        f'<div class="sm-about" aria-live="polite">{_panels(framework, spoken)}</div></div>'
    )


def _aim(aim: StrategicObjective) -> str:
    return (
        f'<button type="button" class="sm-aim" data-show="about-{text(aim.code)}" aria-pressed="false">'
        f'<span class="sm-badge">{text(aim.code)}</span><span>{text(aim.name)}</span></button>'
    )


def _cell(label: Label, spoken: Spoken) -> str:
    serves = f'<span class="sm-serves">{text(" ".join(label.serves))}</span>' if label.serves else ""
    return (
        f'<button type="button" class="sm-cell" style="--c:{colour(label.colour)}" aria-pressed="false" '
        f'data-show="about-{text(label.code)}"><span class="sm-badge">{text(label.code)}</span>'
        f'<span class="sm-name">{text(label.name)}</span>'
        f'<span class="sm-foot"><span>{text(plural(spoken.documents, "document"))}</span>{serves}</span>'
        f'<span class="sm-speaks"><span style="width:{round(spoken.share * 100)}%"></span></span></button>'
    )


def _panels(framework: Framework, spoken: Mapping[str, Spoken]) -> str:
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
    parts += [_about(label, spoken.get(label.code, NOTHING)) for label in framework.labels]
    return "".join(parts)


def _about(label: Label, spoken: Spoken) -> str:
    description = f"<p>{text(label.description)}</p>" if label.description else ""
    return (
        f'<section class="sm-card" id="about-{text(label.code)}" style="--c:{colour(label.colour)}" hidden>'
        f'<h3 class="sm-h"><span class="sm-badge">{text(label.code)}</span> {text(label.name)}</h3>'
        f'<p class="sm-statement">{text(label.statement)}</p>{description}'
        f"{_list('It covers', label.covers)}{_list('It does not cover', label.excludes)}"
        f"{_list('Examples', label.examples)}"
        f'<h4>In the archive</h4><p class="sm-muted">{text(said(spoken))}</p></section>'
    )


def said(spoken: Spoken) -> str:
    """How much of the archive speaks to a label, in a sentence."""
    if not spoken.of:
        return "There is no archive yet."
    if not spoken.documents:
        return f"None of {plural(spoken.of, 'document')} of the archive speaks to this."
    named = ", ".join(spoken.countries[:6]) + (" and others" if len(spoken.countries) > 6 else "")
    speak = "speaks" if spoken.documents == 1 else "speak"
    facts = [plural(len(spoken.countries), "country", "countries")] if spoken.countries else []
    if spoken.years:
        first, last = spoken.years
        facts.append(f"{first} to {last}" if first != last else f"{first}")
    where = f" ({', '.join(facts)})" if facts else ""
    most = f" Most on {named}." if named else ""
    return (
        f"{spoken.documents:,} of {plural(spoken.of, 'document')} {speak} to this, "
        f"{percent(spoken.share)}{where}.{most}"
    )


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    inside = "".join(f"<li>{text(item)}</li>" for item in items)
    return f"<h4>{text(title)}</h4><ul>{inside}</ul>"
