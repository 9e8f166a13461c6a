"""Crosswalks are whole and name entries that exist: by the published lists where they are at hand, and by counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stratmap.framework import load_crosswalk, load_framework

ENTRIES = Path(__file__).parents[3] / "shared" / "datasets" / "frameworks"
# Targets of each goal: how many are numbered, and how many lettered ones follow.
TARGETS = {
    1: (5, 2), 2: (5, 3), 3: (9, 4), 4: (7, 3), 5: (6, 3), 6: (6, 2), 7: (3, 2), 8: (10, 2), 9: (5, 3), 10: (7, 3),
    11: (7, 3), 12: (8, 3), 13: (3, 2), 14: (7, 3), 15: (9, 3), 16: (10, 2), 17: (19, 0),
}  # fmt: skip


def sdg_targets() -> set[str]:
    numbered = {f"{goal}.{n}" for goal, (most, _) in TARGETS.items() for n in range(1, most + 1)}
    return numbered | {f"{goal}.{'abcd'[n]}" for goal, (_, letters) in TARGETS.items() for n in range(letters)}


@pytest.mark.parametrize("target", ["gcm", "srf", "sdg"])
def test_every_objective_and_principle_has_a_link_with_a_reason_in_one_line(target):
    framework = load_framework()
    walk = load_crosswalk(framework, target)
    for code in framework.codes:
        links = walk.of(code)
        assert links, code
        assert all(10 < len(link.reason) < 200 and "\n" not in link.reason for link in links)
        assert all(link.title for link in links)


def test_goals_have_169_targets_and_only_these_are_named():
    assert len(sdg_targets()) == 169
    assert {link.target for link in load_crosswalk(load_framework(), "sdg").links} <= sdg_targets()


def test_objectives_of_the_compact_are_numbered_to_23_and_all_are_reached():
    assert {link.target for link in load_crosswalk(load_framework(), "gcm").links} == {str(n) for n in range(1, 24)}


def codes_of_results() -> set[str]:
    def read(name):
        return json.loads((ENTRIES / name).read_text(encoding="utf-8"))

    found = {f"cc{entry['id']}" for entry in read("crosscutting_priorities.json")}
    found |= {f"en{entry['id']}" for entry in read("srf_enablers.json")}
    for objective in read("srf_objectives.json"):
        found.add(objective["id"])
        for outcome in objective["long_term_outcomes"]:
            found |= {outcome["id"], *(short["id"] for short in outcome["short_term_outcomes"])}
    return found


@pytest.mark.skipif(not ENTRIES.is_dir(), reason="the published frameworks are not beside the repository")
def test_entries_exist_in_the_published_frameworks():
    framework = load_framework()
    compact = {entry["id"] for entry in json.loads((ENTRIES / "gcm.json").read_text(encoding="utf-8"))}
    assert {link.target for link in load_crosswalk(framework, "gcm").links} <= compact
    results = {link.target for link in load_crosswalk(framework, "srf").links}
    assert results <= codes_of_results()
    # every long-term outcome and every cross-cutting priority is reached, itself or by one of its short-term outcomes
    wanted = {code for code in codes_of_results() if code.startswith("cc") or (len(code) == 2 and code[0].isdigit())}
    assert {code for code in wanted if not any(result.startswith(code) for result in results)} == set()
