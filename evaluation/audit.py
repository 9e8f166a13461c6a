"""What stratmap is installed with: pinned, under licences that go with its own, without known holes. `make audit`.

Comes in: the environment of this Python, `constraints.txt`, and pip-audit in `build/audit` where it could be installed.
Goes out: a report on standard output, exit code 1 where something was found. What could not be asked is said to be not
checked and fails nothing: a machine without a network has to be able to run the checks. Exceptions stand, each with its
reason, in pyproject.toml under `[tool.stratmap.audit]`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

PIP_AUDIT = Path("build/audit/bin/pip-audit")
_PATIENCE_S = 180
# Permissive ones, and such as bind changes of the library itself only (stratmap changes none).
_ALLOWED = re.compile(
    r"\b(?:MIT|Apache|BSD|0BSD|ISC|ISCL|PSF|Python Software Foundation|MPL|Mozilla Public License|LGPL(?:v\d)?|Lesser General Public License|Zlib|CC0|BSL-1\.0|"
    r"CNRI-Python|Unlicense|HPND|WTFPL)\b",
    re.I,
)
_REFUSED = re.compile(
    r"\bA?GPL|Affero|(?<!Lesser )General Public License|SSPL|Commons Clause|proprietary|non-commercial", re.I
)


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution: its normalised name, version without a local label, and what it says of its licence."""

    name: str
    version: str
    licence: str


@dataclass(frozen=True, slots=True)
class Advisories:
    """What the service said: packages that it knows, and `name version: advisory` for each known hole."""

    checked: int
    asked: int
    found: tuple[tuple[str, str], ...]  # advisory, what has it


def normal(name: str) -> str:
    """A name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins_of(text: str) -> dict[str, str]:
    """Names and versions of a constraints file."""
    lines = (line.partition("#")[0].partition(";")[0].strip() for line in text.splitlines())
    return {normal(name): version.strip() for name, _, version in (line.partition("==") for line in lines) if version}


def installed() -> dict[str, Installed]:
    """What is installed in this environment."""
    found = {}
    for one in metadata.distributions():
        name = normal(one.metadata["Name"])
        found[name] = Installed(name, one.version.partition("+")[0], _licence(one.metadata))
    return found


def needed(found: Iterable[str]) -> set[str]:
    """The names of stratmap and of everything that it needs in turn, as far as it is installed, with all extras of its own."""
    here = set(found)
    seen: set[tuple[str, str]] = set()
    extras = metadata.metadata("stratmap").get_all("Provides-Extra", [])
    left = [("stratmap", extra) for extra in ("", *extras)]
    while left:
        asked = left.pop()
        if asked in seen or asked[0] not in here:
            continue
        seen.add(asked)
        for wanted in map(Requirement, metadata.requires(asked[0]) or ()):
            if wanted.marker is None or wanted.marker.evaluate({"extra": asked[1]}):
                left += [(normal(wanted.name), extra) for extra in ("", *wanted.extras)]
    return {name for name, _ in seen}


def wrong_pins(found: Mapping[str, Installed], pins: Mapping[str, str], names: Iterable[str]) -> Iterator[str]:
    """What is installed in another version than pinned, or is not pinned."""
    for name in sorted(set(names) - {"stratmap", "pip", "setuptools", "wheel"}):
        version = found[name].version
        if name not in pins:
            yield f"{name} {version}: expected a version in constraints.txt, found none"
        elif pins[name].partition("+")[0] != version:
            yield f"{name}: expected {pins[name]} as in constraints.txt, found {version}"


def wrong_licences(found: Mapping[str, Installed], names: Iterable[str], looked_up: Mapping[str, str]) -> Iterator[str]:
    """What says nothing of its licence, or names one that does not go with Apache-2.0."""
    for name in sorted(set(names) - {"stratmap"}):
        licence = looked_up.get(name) or found[name].licence
        # Of a choice ("MIT OR GPL-2.0") one allowed part is enough.
        parts = re.split(r"\bOR\b", licence)
        if not any(_ALLOWED.search(part) and not _REFUSED.search(part) for part in parts):
            yield f"{name}: expected a licence that goes with Apache-2.0, found {licence or 'none stated'}"


def read_advisories(report: str) -> Advisories:
    """What pip-audit wrote.

    A package that its service does not know counts as not checked, though pip-audit calls a report of such packages
    free of known vulnerabilities.
    """
    listed: list[dict[str, Any]] = json.loads(report)["dependencies"]
    checked = [one for one in listed if "skip_reason" not in one]
    holes = tuple(
        (
            hole["id"],
            f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'none'}",
        )
        for one in checked
        for hole in one["vulns"]
    )
    return Advisories(len(checked), len(listed), holes)


def ask_advisories(program: Path = PIP_AUDIT, constraints: Path = Path("constraints.txt")) -> Advisories | str:
    """Known holes of every pinned version, or why they could not be asked for."""
    words = [str(program), "-r", str(constraints), "--no-deps", "--disable-pip", "--format", "json"]
    try:
        done = subprocess.run(
            [*words, "--progress-spinner", "off", "--timeout", "15"],
            capture_output=True, text=True, check=False, timeout=_PATIENCE_S,
        )  # fmt: skip
        return read_advisories(done.stdout)
    except FileNotFoundError:
        return "pip-audit is not installed"
    except subprocess.TimeoutExpired:
        return f"no answer of the advisory service within {_PATIENCE_S} seconds"
    except (ValueError, KeyError):
        said = done.stderr.strip().splitlines()
        return f"the advisory service cannot be reached ({said[-1][:200] if said else 'no report'})"


def judge(asked: Advisories | str, accepted: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """(findings, lines to read) of what the advisory service said."""
    if isinstance(asked, str):
        return [], [f"known vulnerabilities: not checked: {asked}"]
    if not asked.checked:
        return [], [
            f"known vulnerabilities: not checked: unreachable (the service knew none of {asked.asked} packages)"
        ]
    told = [f"known vulnerabilities: {asked.checked} of {asked.asked} pinned packages checked"]
    told += [f"  accepted: {what}: {accepted[hole]}" for hole, what in asked.found if hole in accepted]
    return [what for hole, what in asked.found if hole not in accepted], told


def main() -> int:
    """Check, print, and return the exit code."""
    table = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["stratmap"]["audit"]
    found = installed()
    names = needed(found)
    pins = list(wrong_pins(found, pins_of(Path("constraints.txt").read_text(encoding="utf-8")), names))
    licences = list(wrong_licences(found, names, table["licences"]))
    holes, told = judge(ask_advisories(), table["accepted-advisories"])
    print(f"pinned versions: {len(names)} installed packages that stratmap needs, {len(pins)} otherwise than pinned")
    print(f"licences: {len(names)} looked at, {len(licences)} that need a look")
    print("\n".join(told))
    for finding in (*pins, *licences, *holes):
        print(f"FOUND {finding}")
    return 1 if pins or licences or holes else 0


def _licence(facts: Any) -> str:
    """What a distribution says, the most precise first."""
    named = [
        text.rpartition("::")[2].strip() for text in facts.get_all("Classifier", []) if text.startswith("License ::")
    ]
    free = (facts.get("License") or "").strip().splitlines()
    return facts.get("License-Expression") or "; ".join(named) or (free[0] if free else "")


if __name__ == "__main__":
    sys.exit(main())
