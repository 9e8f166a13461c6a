"""Where a figure comes from: date, machine, versions, command. No host names and no paths."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from stratmap.artefacts import MANIFEST
from stratmap.files import atomic_write_text

RESULTS = Path("evaluation/results")
SHARED = Path("../shared/datasets")
_PACKAGES = ("numpy", "onnxruntime", "faiss-cpu", "bm25s", "tokenizers")


def provenance(command: str, data: str, seed: int | None = None) -> dict[str, Any]:
    """Facts that make a figure repeatable."""
    models = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))["version"]
        for path in sorted(Path("models").glob(f"*/{MANIFEST}"))
    }
    return {
        "command": command,
        "data": data,
        "seed": seed,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_processor()}",
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "models": models,
    }


def record(name: str, figures: dict[str, Any], command: str, data: str, seed: int | None = None) -> Path:
    """Write figures with their provenance to `evaluation/results/<name>.json`."""
    path = RESULTS / f"{name}.json"
    content = {"provenance": provenance(command, data, seed), "figures": figures}
    atomic_write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def _processor() -> str:
    try:
        listing = subprocess.run(["lscpu"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1].strip() for line in listing.splitlines() if line.startswith("Model name")]
    return names[0] if names else "unknown processor"
