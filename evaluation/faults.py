"""Strikes at every call to the disk and records the counts: `python -m evaluation.faults [SHARE]` (see tests/faults)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from evaluation.provenance import record


def found_by(script: str, *words: str) -> dict[str, Any]:
    """What a script of `tests/faults` finds at work in a folder in memory, where there is one; it is printed too."""
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=fast if os.access(fast, os.W_OK) else None) as folder:
        command = [sys.executable, f"tests/faults/{script}", f"{folder}/place", *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    share = sys.argv[1] if len(sys.argv) > 1 else "1.0"
    started = time.monotonic()
    found = found_by("cuts.py", share, "1")
    figures = {key: value for key, value in found.items() if key != "findings"}
    figures["seconds"] = round(time.monotonic() - started)
    command = "make faults" if share == "1.0" else f"make faults SHARE={share}"
    record("faults", figures, command, "indexes and archives that the test makes", 1)
    return 1 if found["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
