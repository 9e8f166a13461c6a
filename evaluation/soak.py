"""Mixed work with random kills, for so many minutes, recorded: `python -m evaluation.soak [MINUTES] [SEED]`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from evaluation.provenance import record


def main() -> int:
    minutes = sys.argv[1] if len(sys.argv) > 1 else "60"
    seed = sys.argv[2] if len(sys.argv) > 2 else "1"
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=fast if os.access(fast, os.W_OK) else None) as folder:
        words = [sys.executable, "tests/faults/soak.py", f"{folder}/soak", str(float(minutes) * 60), seed]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout)
    found = json.loads(done.stdout)
    figures = {key: value for key, value in found.items() if key != "findings"}
    record("soak", figures, f"make soak MINUTES={minutes}", "an archive that the test makes", int(seed))
    return 1 if found["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
