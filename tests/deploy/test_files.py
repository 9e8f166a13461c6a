"""The files with which stratmap is deployed are whole, current and safe; each is checked by the program that reads it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stratmap.settings import Settings


@pytest.fixture(scope="module")
def example(root):
    return (root / "deploy" / "stratmap.toml.example").read_text(encoding="utf-8")


def test_the_example_is_generated_from_the_code(root, example):
    code = "from evaluation.settings_page import example; print(example(), end='')"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert example == done.stdout


def test_the_example_holds_every_key_with_its_default(example, tmp_path):
    path = tmp_path / "stratmap.toml"
    path.write_text(example, encoding="utf-8")
    assert Settings.load(path) == Settings()
    filled = re.sub(r"^# (\w+ = )", r"\1", example, flags=re.M)
    path.write_text(filled, encoding="utf-8")
    assert Settings.load(path) == Settings()
    table = tomllib.loads(filled)
    assert {s: set(keys) for s, keys in table.items()} == {
        s: set(keys) for s, keys in json.loads(json.dumps(__import__("dataclasses").asdict(Settings()))).items()
    }


def instructions(root):
    """The Dockerfile, one instruction a line."""
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n", " ", text)
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


def test_the_image_runs_as_nobody_in_particular_with_a_health_check(root):
    lines = instructions(root)
    last_stage = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM")) :]
    users = [line for line in last_stage if line.startswith("USER ")]
    assert users == ["USER 10001:10001"]
    assert any(line.startswith("HEALTHCHECK") and "/health" in line for line in last_stage)
    assert any(line.startswith("FROM python:3.11-slim") for line in last_stage)
    assert not any(word in " ".join(last_stage) for word in ("pip install", "apt-get", "curl", "ADD http"))


def test_what_the_image_copies_is_there_and_not_ignored(root):
    ignored = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    for line in instructions(root):
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (root / source).exists(), source
                assert source in kept or source.split("/")[0] in kept, source
    assert "*" in ignored


def test_the_dockerfile_passes_its_linter(root):
    linter = shutil.which("hadolint") or str(Path(sys.executable).with_name("hadolint"))
    if not os.path.exists(linter):
        pytest.skip("hadolint is not installed; `make test-engines` installs it")
    done = subprocess.run([linter, str(root / "Dockerfile")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_start_command_of_image_and_service_is_one_that_stratmap_takes(root):
    import typer.testing

    from stratmap.cli.commands import app

    service = (root / "deploy" / "stratmap.service").read_text(encoding="utf-8")
    started = re.search(r"^ExecStart=\S+/stratmap (.*)$", service, re.M).group(1).split()
    [image] = [json.loads(line[4:]) for line in instructions(root) if line.startswith("CMD [")]
    help_text = typer.testing.CliRunner().invoke(app, ["app", "--help"]).output
    for words in (started, image):
        assert words[0] == "app"
        for option in (word for word in words if word.startswith("--")):
            assert option in help_text, option


def test_the_service_is_one_that_systemd_takes(root, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    unit = (root / "deploy" / "stratmap.service").read_text(encoding="utf-8")
    here = tmp_path / "stratmap.service"
    here.write_text(unit.replace("/opt/stratmap/bin/stratmap", shutil.which("true")), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(here)], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(here)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-500:]
