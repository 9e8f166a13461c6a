"""The audit of what stratmap is installed with: each kind of finding is found, and an unreachable service is no finding."""

import json
import stat
import sys
from pathlib import Path

import pytest
from evaluation import audit
from evaluation.audit import Advisories, Installed, judge, pins_of, read_advisories, wrong_licences, wrong_pins

HOLE = {"id": "PYSEC-1", "fix_versions": ["2"], "aliases": ["CVE-1"], "description": ""}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (1)"}


def packages(**licences):
    return {name: Installed(name, "1", licence) for name, licence in licences.items()}


def test_another_version_than_pinned_is_found_and_so_is_none():
    pins = pins_of("a==1\nB_b==2  # why\nc==1+cpu; python_version > '3'\n")
    found = {
        "a": Installed("a", "1", ""),
        "b-b": Installed("b-b", "3", ""),
        "c": Installed("c", "1", ""),
        "d": Installed("d", "1", ""),
    }
    assert list(wrong_pins(found, pins, found)) == [
        "b-b: expected 2 as in constraints.txt, found 3",
        "d 1: expected a version in constraints.txt, found none",
    ]


@pytest.mark.parametrize(
    "licence", ["MIT", "Apache-2.0 AND BSD-3-Clause", "LGPL-2.1-only", "BSD License", "MIT OR GPL-2.0-only", "PSF-2.0",
                "GNU Lesser General Public License v2 (LGPLv2)"],
)  # fmt: skip
def test_licences_that_go_with_ours(licence):
    assert not list(wrong_licences(packages(a=licence), ["a"], {}))


@pytest.mark.parametrize(
    "licence", ["", "GPL-3.0-only", "AGPLv3", "MIT AND GPL-2.0-only", "GNU General Public License", "Mine"]
)
def test_licences_that_need_a_look(licence):
    assert len(list(wrong_licences(packages(a=licence), ["a"], {}))) == 1
    assert not list(wrong_licences(packages(a=licence), ["a"], {"a": "MIT, as its file LICENSE says"}))


def test_packages_that_the_service_does_not_know_are_not_checked():
    """pip-audit says "No known vulnerabilities found" of such a report."""
    asked = read_advisories(json.dumps({"dependencies": [SKIPPED, SKIPPED]}))
    assert asked == Advisories(0, 2, ())
    findings, told = judge(asked, {})
    assert not findings
    assert "not checked: unreachable" in told[0]


def test_a_known_hole_is_a_finding_unless_it_was_accepted_with_a_reason():
    asked = read_advisories(json.dumps({"dependencies": [SKIPPED, {"name": "a", "version": "1", "vulns": [HOLE]}]}))
    assert asked.checked == 1
    assert judge(asked, {})[0] == ["a 1: PYSEC-1, mended in 2"]
    findings, told = judge(asked, {"PYSEC-1": "that part is never called"})
    assert not findings
    assert "1 of 2 pinned packages checked" in told[0]
    assert "never called" in told[1]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (None, "pip-audit is not installed"),
        ("import sys; sys.exit('ERROR: no route to host')", "cannot be reached (ERROR: no route to host)"),
        ("import time; time.sleep(60)", "no answer of the advisory service"),
        ("print('{}')", "cannot be reached (no report)"),
    ],
)
def test_without_an_answer_nothing_fails_and_it_is_said(program, said, tmp_path, monkeypatch):
    if program is not None and "sleep" in program:  # the others have the time that a busy machine takes to start them
        monkeypatch.setattr(audit, "_PATIENCE_S", 1)
    path = tmp_path / "pip-audit"
    if program is not None:
        path.write_text(f"#!{sys.executable}\n{program}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    findings, told = judge(audit.ask_advisories(path), {})
    assert not findings
    assert "not checked" in told[0]
    assert said in told[0]


def test_this_environment_is_as_pinned(root):
    found = audit.installed()
    names = audit.needed(found)
    assert {"stratmap", "numpy", "lxml", "anyio"} <= names
    assert not list(wrong_pins(found, pins_of(Path(root / "constraints.txt").read_text("utf-8")), names))
