"""What a portfolio covers: labels by country and year, and what it lacks, in words.

Comes in: documents with their labels, countries and year. Goes out: data classes with counts, shares and gaps.
It draws and writes nothing, and takes countries and years as they are stated.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations

from stratmap.framework import Framework
from stratmap.reporting.coverage_records import (
    UNKNOWN_COUNTRY,
    CellEvidence,
    Coverage,
    CoverageCell,
    CoveredDocument,
    Gap,
    GapRules,
    LabelCoverage,
    Pair,
    PairCell,
)
from stratmap.reporting.gaps import country_gaps, faded_gaps, label_gaps, pair_gaps

_MOST_EVIDENCE, _QUOTATION = 3, 400  # quotations of a cell, and characters of each


def cover(documents: Iterable[CoveredDocument], framework: Framework, rules: GapRules | None = None) -> Coverage:
    """Count what a portfolio covers.

    Args:
        documents: In any order.
        framework: Its labels are the rows; labels of others are not counted.
        rules: From when on a lack is a gap.
    """
    listed = list(documents)
    countries = Counter(country for one in listed for country in _countries(one))
    years = Counter(one.year for one in listed if one.year is not None)
    labels = _labels(listed, framework)
    pairs = _pairs(listed, framework)
    cells = _cells(listed, framework)
    gaps = _gaps(listed, labels, pairs, rules or GapRules())
    twins: dict[str, list[str]] = defaultdict(list)
    for one in listed:
        twins[one.doc_id].append(one.name)
    return Coverage(
        framework=framework.id,
        documents=len(listed),
        labels=labels,
        countries=tuple(sorted(countries.items(), key=lambda item: (-item[1], item[0]))),
        years=tuple(sorted(years.items())),
        undated=sum(one.year is None for one in listed),
        cells=cells,
        pairs=pairs,
        gaps=gaps,
        duplicates=tuple(tuple(names) for key, names in twins.items() if key and len(names) > 1),
        near_duplicates=_near(listed),
        pair_cells=_pair_cells(listed, framework),
    )


def _near(listed: list[CoveredDocument]) -> tuple[tuple[str, ...], ...]:
    """Groups of documents that say nearly the same, the first one first; same texts are named once."""
    names = {one.source: one.name for one in listed if one.source}
    groups: dict[str, dict[str, None]] = {}
    for one in listed:
        if one.near:
            groups.setdefault(one.near, {names.get(one.near, one.near): None})[one.name] = None
    return tuple(tuple(group) for group in groups.values())


def _countries(one: CoveredDocument) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.countries)) or (UNKNOWN_COUNTRY,)


def _labels(listed: list[CoveredDocument], framework: Framework) -> tuple[LabelCoverage, ...]:
    counts = Counter(code for one in listed for code in one.labels)
    return tuple(
        LabelCoverage(label.code, label.name, group.id, counts[label.code], counts[label.code] / max(1, len(listed)))
        for group in framework.groups
        for label in group.labels
    )


def _cells(listed: list[CoveredDocument], framework: Framework) -> tuple[CoverageCell, ...]:
    totals = _totals(listed)
    found: dict[tuple[str, str, int | None], list[CoveredDocument]] = defaultdict(list)
    for one in listed:
        for country in _countries(one):
            for code in one.labels:
                found[code, country, one.year].append(one)
    rank = {code: place for place, code in enumerate(framework.codes)}
    keys = sorted((key for key in found if key[0] in rank), key=lambda key: (rank[key[0]], key[1], key[2] or 0))
    return tuple(
        CoverageCell(
            *key,
            len(found[key]),
            len(found[key]) / totals[key[1:]],
            tuple(one.name for one in found[key]),
            _evidence(found[key], key[0]),
        )
        for key in keys
    )


def _totals(listed: list[CoveredDocument]) -> Counter[tuple[str, int | None]]:
    """Documents of each country and year."""
    return Counter((country, one.year) for one in listed for country in _countries(one))


def _evidence(documents: list[CoveredDocument], code: str) -> tuple[CellEvidence, ...]:
    best = [(one.evidence[code][0], one.name) for one in documents if one.evidence.get(code)]
    best.sort(key=lambda pair: (-pair[0].probability, pair[1]))
    return tuple(
        CellEvidence(name, item.page, " ".join(item.text.split())[:_QUOTATION]) for item, name in best[:_MOST_EVIDENCE]
    )


def _pair_cells(listed: list[CoveredDocument], framework: Framework) -> tuple[PairCell, ...]:
    """Labels of two groups that meet in a document, by country and year."""
    totals = _totals(listed)
    group = {label.code: place for place, one in enumerate(framework.groups) for label in one.labels}
    rank = {code: place for place, code in enumerate(framework.codes)}
    found: dict[tuple[str, str, str, int | None], list[str]] = defaultdict(list)
    for one in listed:
        codes = sorted((code for code in one.labels if code in rank), key=rank.__getitem__)
        for first, second in combinations(codes, 2):
            for country in _countries(one) if group[first] != group[second] else ():
                found[first, second, country, one.year].append(one.name)
    keys = sorted(found, key=lambda key: (rank[key[0]], rank[key[1]], key[2], key[3] or 0))
    return tuple(PairCell(*key, len(found[key]), len(found[key]) / totals[key[2:]], tuple(found[key])) for key in keys)


def _pairs(listed: list[CoveredDocument], framework: Framework) -> tuple[Pair, ...]:
    single = Counter(code for one in listed for code in one.labels)
    both: Counter[tuple[str, str]] = Counter()
    for one in listed:
        both.update((a, b) for a in one.labels for b in one.labels if a != b)
    total = max(1, len(listed))
    return tuple(
        Pair(a.code, b.code, both[a.code, b.code], single[a.code] * single[b.code] / total)
        for first, second in combinations(framework.groups, 2)
        for a in first.labels
        for b in second.labels
    )


def _gaps(
    listed: list[CoveredDocument], labels: tuple[LabelCoverage, ...], pairs: tuple[Pair, ...], rules: GapRules
) -> tuple[Gap, ...]:
    found = {label.code: label for label in labels if label.documents}
    return (
        *label_gaps(labels, len(listed), rules),
        *country_gaps(listed, found, rules),
        *faded_gaps(listed, found, rules),
        *pair_gaps(pairs, found, rules),
    )
