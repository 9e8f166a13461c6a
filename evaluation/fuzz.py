"""Fuzzes every door with coverage as the guide and records the counts: `python -m evaluation.fuzz [MINUTES] [DOOR ...]`.

The environment `build/fuzz` is made by `make fuzz`; inputs that broke something lie in `build/fuzz-findings/` afterwards.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from evaluation.provenance import record


def main() -> int:
    minutes, *doors = sys.argv[1:] or ["10"]
    script = ["tests/faults/fuzz_atheris.py", "--minutes", minutes, "build/fuzz-findings", *doors]
    done = subprocess.run(["build/fuzz/bin/python", *script], stdout=subprocess.PIPE, text=True, check=False)
    if not done.stdout:
        return done.returncode or 1
    figures: dict[str, Any] = json.loads(done.stdout)
    if not doors:
        record("fuzz", figures, f"make fuzz MINUTES={minutes}", "whole inputs that tests/faults/doors.py makes", 0)
    print(done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
