"""Which room may import which, and what stays out of memory until it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "transformers", "sentence_transformers", "gradio", "langchain", "langchain_core", "sklearn"}


def test_every_floor_imports_only_from_those_below(root):
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program], cwd=root, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})
    assert done.returncode == 0, done.stdout[-3000:]
    assert "1 kept, 0 broken" in done.stdout


def imported_by(root: Path, words: list[str], tmp_path: Path) -> set[str]:
    """Top-level packages that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stratmap.cli.commands", *words],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert len(lines) > 50
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


def test_help_loads_no_model_library_no_app_and_no_numpy(root, tmp_path):
    found = imported_by(root, ["--help"], tmp_path)
    assert "typer" in found
    assert found & (HEAVY | {"faiss", "onnxruntime", "numpy", "bm25s", "pypdfium2", "lingua"}) == set()


def test_tagging_loads_neither_torch_nor_the_app_nor_the_search(root, tmp_path):
    path = tmp_path / "report.txt"
    path.write_text("Returnees were trained as welders in three towns.", encoding="utf-8")
    found = imported_by(root, ["tag", str(path)], tmp_path)
    assert "onnxruntime" in found
    assert found & (HEAVY | {"faiss"}) == set()


@pytest.mark.parametrize("room", ["records", "errors", "settings", "files", "framework", "artefacts"])
def test_the_lowest_floors_import_the_standard_library_only(room):
    code = (
        f"import sys; known = set(sys.stdlib_module_names) | {{'stratmap'}} | set(sys.modules); "
        f"import stratmap.{room}; "
        "print([m for m in sys.modules if m.split('.')[0] not in known])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
