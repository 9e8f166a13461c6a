"""Mixed work with random kills, for so many minutes, recorded: `python -m evaluation.soak [MINUTES] [SEED]`."""

from __future__ import annotations

import sys

from evaluation.faults import found_by
from evaluation.provenance import record


def main() -> int:
    minutes = sys.argv[1] if len(sys.argv) > 1 else "60"
    seed = sys.argv[2] if len(sys.argv) > 2 else "1"
    found = found_by("soak.py", str(float(minutes) * 60), seed)
    figures = {key: value for key, value in found.items() if key != "findings"}
    record("soak", figures, f"make soak MINUTES={minutes}", "an archive that the test makes", int(seed))
    return 1 if found["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
