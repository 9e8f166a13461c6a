"""Strikes at every call to the disk and records the counts: `python -m evaluation.faults [SHARE]` (see tests/faults)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from evaluation.provenance import record


def main() -> int:
    share = sys.argv[1] if len(sys.argv) > 1 else "1.0"
    started = time.monotonic()
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=fast if os.access(fast, os.W_OK) else None) as folder:
        words = [sys.executable, "tests/faults/cuts.py", f"{folder}/cuts", share, "1"]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    print(done.stdout)
    figures = {key: value for key, value in found.items() if key != "findings"}
    figures["seconds"] = round(time.monotonic() - started)
    command = "make faults" if share == "1.0" else f"make faults SHARE={share}"
    record("faults", figures, command, "indexes and archives that the test makes", 1)
    return 1 if found["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
