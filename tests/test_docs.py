"""Documentation that cannot rot: generated pages are current, examples of the README run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def printed(code, *arguments):
    """What a program prints, run in the repository."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout


def test_settings_page_is_generated_from_the_code():
    page = printed("from evaluation.settings_page import page; print(page(), end='')")
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page


def test_figures_of_the_readme_are_those_of_the_results():
    table = printed("from evaluation.figures import table; print(table(), end='')")
    block = re.search(r"<!-- figures -->\n(.*?)<!-- end of figures -->", README, re.S)
    assert block is not None
    assert block.group(1).strip() == table.strip()


@pytest.mark.parametrize("number", range(README.count("```python")))
def test_python_examples_of_the_readme_run(number, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    code = re.findall(r"```python\n(.*?)```", README, re.S)[number].replace('"index"', f'"{tmp_path / "index"}"')
    exec(compile(code, f"README example {number}", "exec"), {})


def test_every_command_of_the_readme_exists():
    help_text = printed("from stratmap.cli import main; main()", "--help")
    for command in set(re.findall(r"^stratmap (\w+) .*#", README, re.M)):
        assert f"  {command} " in help_text


def test_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
