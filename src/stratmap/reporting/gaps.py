"""The lacks of a portfolio, each as a sentence that a reader can act on.

Comes in: counted documents. Goes out: `Gap`s. The rules say from when on a lack is worth a sentence; nothing here
judges whether a portfolio ought to cover a label.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from stratmap.reporting.coverage_records import (
    CoveredDocument,
    Gap,
    GapRules,
    LabelCoverage,
    Pair,
)


def label_gaps(labels: Sequence[LabelCoverage], total: int, rules: GapRules) -> Iterator[Gap]:
    """Labels that no document carries, or hardly any."""
    for label in labels if total else ():
        if not label.documents:
            yield Gap("label", f"None of {total:,} documents carries {_named(label)}.", (label.code,))
        elif label.share < rules.thin_share:
            text = f"Only {label.documents:,} of {total:,} documents {_carry(label.documents)} {_named(label)}."
            yield Gap("thin", text, (label.code,))


def country_gaps(
    listed: Sequence[CoveredDocument], found: Mapping[str, LabelCoverage], rules: GapRules
) -> Iterator[Gap]:
    """Labels that the portfolio knows and a country with enough documents lacks, altogether or since a year."""
    own: dict[str, list[CoveredDocument]] = defaultdict(list)
    for one in listed:
        for country in set(one.countries):
            own[country].append(one)
    for country, documents in sorted(own.items()):
        if len(documents) < rules.enough:
            continue
        for code, label in found.items():
            text = _lacking(documents, country, label, rules)
            if text:
                yield Gap("country", text, (code,), country)


def _lacking(documents: Sequence[CoveredDocument], country: str, label: LabelCoverage, rules: GapRules) -> str:
    """The sentence on a label that a country's documents, or its latest ones, do not carry; "" where there is none."""
    carrying = [one for one in documents if label.code in one.labels]
    known = f"{label.share:.0%} of all documents carry it"
    if not carrying:
        if label.share * len(documents) < 1:
            return ""
        return f"No document on {_named(label)} in {country}, among {len(documents):,}; {known}."
    last = max((one.year or 0 for one in carrying), default=0)
    later = sum((one.year or 0) > last for one in documents)
    if any(one.year is None for one in carrying) or later < rules.enough or label.share * later < 1:
        return ""
    return f"No document on {_named(label)} in {country} since {last}, among {later:,} later ones; {known}."


def faded_gaps(listed: Sequence[CoveredDocument], found: Mapping[str, LabelCoverage], rules: GapRules) -> Iterator[Gap]:
    """Labels that documents carried before, and none of the recent ones does."""
    dated = [(one.year, one) for one in listed if one.year is not None]
    if not dated:
        return
    latest = max(year for year, _ in dated)
    since = latest - rules.recent_years + 1
    recent = [one for year, one in dated if year >= since]
    if len(recent) < rules.enough:
        return
    carried = {code for one in recent for code in one.labels}
    for code, label in found.items():
        years = [year for year, one in dated if code in one.labels]
        if years and code not in carried and len(years) >= rules.enough:
            text = (
                f"No document on {_named(label)} since {max(years)}: {len(years):,} until then, none of the "
                f"{len(recent):,} documents of {since} to {latest}."
            )
            yield Gap("faded", text, (code,))


def pair_gaps(pairs: Sequence[Pair], found: Mapping[str, LabelCoverage], rules: GapRules) -> Iterator[Gap]:
    """Combinations of two labels that should have met and never do."""
    for pair in pairs:
        if pair.documents == 0 and pair.expected >= rules.enough:
            first, second = found[pair.first], found[pair.second]
            text = (
                f"No document combines {_named(first)} with {_named(second)}, though {first.documents:,} carry "
                f"the one and {second.documents:,} the other."
            )
            yield Gap("pair", text, (pair.first, pair.second))


def _carry(count: int) -> str:
    return "carries" if count == 1 else "carry"


def _named(label: LabelCoverage) -> str:
    return f"{label.code} ({label.name})"
