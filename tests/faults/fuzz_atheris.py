"""Coverage-guided fuzzing of every door: `make fuzz MINUTES=60`, or `fuzz_atheris.py DOOR [libFuzzer's options]` for one.

Comes in: names of doors and minutes. Goes out: figures as JSON on standard output, and each input that broke something
as a file in the folder of findings. Move such a file to `tests/faults/crashes/DOOR/` and it is a test from then on.
atheris is needed; `make fuzz` installs it into an environment of its own, since it has no wheel for every Python.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_MOST_FINDINGS = 5  # of one door; it is closed then
_RUNS = re.compile(rb"#(\d+)\s")


def fuzz_one(name: str, options: list[str]) -> None:
    """Fuzz one door in this process until libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["stratmap"]):
        from doors import doors
    door = doors()[name]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        door.enter(door.seeds[0], place)  # models load before the clock of the first input starts
        atheris.Setup([sys.argv[0], *options], lambda data: door.enter(data, place))
        atheris.Fuzz()


def fuzz_all(minutes: float, findings: Path, chosen: list[str]) -> int:
    """Give every door its share of the time, one after the other; returns how many inputs broke something."""
    from doors import doors

    opened = {name: door for name, door in doors().items() if not chosen or name in chosen}
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, door in opened.items():
            corpus = Path(folder) / name
            corpus.mkdir()
            for number, seed in enumerate(door.seeds):
                (corpus / f"seed-{number}").write_bytes(seed)
            figures[name] = _fuzz_for(name, corpus, findings / name, 60 * minutes / len(opened))
            print(f"{name}: {figures[name]}", file=sys.stderr, flush=True)
    total = {key: sum(one[key] for one in figures.values()) for key in ("inputs", "findings")}
    print(json.dumps({**total, "doors": figures}))
    return total["findings"]


def _fuzz_for(name: str, corpus: Path, findings: Path, seconds: float) -> dict[str, int]:
    """Runs of one door until its time is over; what broke something ends a run and not the door."""
    findings.mkdir(parents=True, exist_ok=True)
    before = _broken(findings)
    end, inputs = time.monotonic() + seconds, 0
    while (left := int(end - time.monotonic())) > 0 and _broken(findings) - before < _MOST_FINDINGS:
        options = [f"-max_total_time={left}", "-timeout=60", "-rss_limit_mb=3000", "-max_len=65536"]
        options += [f"-artifact_prefix={findings}/", str(corpus)]
        command = [sys.executable, __file__, name, *options]
        # Standard output belongs to the figures; libFuzzer writes to both.
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        counted = _RUNS.findall(done.stderr)
        inputs += int(counted[-1]) if counted else 0
        if done.returncode != 0:
            sys.stderr.buffer.write(done.stderr[-3000:])
            if not counted:
                raise SystemExit(f"{name}: the fuzzer did not start (exit code {done.returncode})")
    return {"inputs": inputs, "findings": _broken(findings) - before}


def _broken(findings: Path) -> int:
    """Inputs that broke something; one that was merely slow is kept beside them and is none."""
    return sum(not path.name.startswith("slow-unit") for path in findings.iterdir())


def main() -> int:
    """See the head of this module."""
    if len(sys.argv) > 1 and not sys.argv[1].startswith("--minutes"):
        fuzz_one(sys.argv[1], sys.argv[2:])
        return 0
    minutes, findings, *chosen = sys.argv[2:]
    return 1 if fuzz_all(float(minutes), Path(findings), chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
