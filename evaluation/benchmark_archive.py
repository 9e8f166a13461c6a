"""How fast an archive is tagged, in what memory, and how that compares with a plain loop over the same files.

`python -m evaluation.benchmark_archive` makes an archive of 2,000 mixed files (`archive_files`), tags it with one and
with two jobs, and lets the loop of `archive_loop` and stratmap take turns on slices of it, so that whatever else the
machine does falls on both. Every measurement is a process of its own; models are loaded before the clock starts, and the
time for that is given apart. CPU time counts the process and its children; memory is the highest sum of proportional
shares (PSS) of all its processes. `--files` and `--rounds` make it shorter; what was run is written into the result.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from evaluation.archive_files import make_archive
from evaluation.provenance import RESULTS, record
from stratmap.files import atomic_write_text

_PRICE = 0.05  # euro for an hour of one core, about what a small rented machine costs
_WARM = "Border police were trained to examine travel documents at the crossing point, and returnees received grants."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slice", type=int, default=40, help="files of a round")
    parser.add_argument("--child", choices=("stratmap", "loop"), help=argparse.SUPPRESS)
    parser.add_argument("--jobs", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--list", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _child(options.child, options.list.read_text("utf-8").splitlines(), options.jobs)
        return
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.files, options.rounds, options.slice)
    command = f"python -m evaluation.benchmark_archive --files {options.files} --rounds {options.rounds}"
    record("archive-speed", figures, command, "generated from corpora/projects, seed 1", 1)
    atomic_write_text(RESULTS / "archive-speed.md", table(figures, command))
    print(table(figures, command))


def measure(folder: Path, files: int, rounds: int, size: int) -> dict[str, Any]:
    """All figures."""
    made = make_archive(folder / "in", files)
    listed, pages = sorted(made), sum(made.values())
    print(f"{files:,} files, {pages:,} pages", file=sys.stderr, flush=True)
    turns: dict[str, list[dict[str, Any]]] = {"stratmap": [], "loop": []}
    for number in range(rounds):
        part = listed[number :: max(1, len(listed) // size)][:size]
        for name in ("stratmap", "loop") if number % 2 == 0 else ("loop", "stratmap"):
            turns[name].append(_measured(folder, name, part, 1, made))
    whole = {
        f"{jobs} job{'s' if jobs > 1 else ''}": _measured(folder, "stratmap", listed, jobs, made) for jobs in (1, 2)
    }
    return {
        "files": files,
        "pages": pages,
        "load": [round(value, 1) for value in os.getloadavg()],
        "whole": whole,
        "turns": {name: _summary(found) for name, found in turns.items()},
        "rounds": {"number": rounds, "files": size},
        "ratios": _ratios(turns),
        "price_per_core_hour": _PRICE,
    }


def _measured(folder: Path, name: str, files: list[str], jobs: int, made: dict[str, int]) -> dict[str, Any]:
    """Run a child over files and watch its memory."""
    listing = folder / "list.txt"
    listing.write_text("\n".join(files), encoding="utf-8")
    words = ["--child", name, "--list", str(listing), "--jobs", str(jobs)]
    process = subprocess.Popen(
        [sys.executable, "-m", "evaluation.benchmark_archive", *words], stdout=subprocess.PIPE, text=True
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _memory_mb(process.pid))
        time.sleep(0.3)
    output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}")
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    found |= {"peak_mb": round(peak), "files": len(files), "pages": sum(made[file] for file in files)}
    found["pages_per_second"] = round(found["pages"] / found["seconds"], 2)
    found["files_per_second"] = round(len(files) / found["seconds"], 2)
    found["cpu_seconds_per_1000_pages"] = round(1_000 * found["cpu_seconds"] / found["pages"], 1)
    found["cores_used"] = round(found["cpu_seconds"] / found["seconds"], 2)
    print(f"{name}, {jobs} jobs: {found}", file=sys.stderr, flush=True)
    return found


def _memory_mb(pid: int) -> float:
    """Proportional memory of a process and all below it."""
    total = 0.0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) / 1024
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except (OSError, ValueError):
        return total
    return total + sum(_memory_mb(int(child)) for child in children)


def _child(name: str, files: list[str], jobs: int) -> None:
    """One measurement, in this process: load, then work, and print the figures."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        if name == "loop":
            from evaluation.archive_loop import Loop
            from evaluation.recipes.export_encoder import original_folder

            loop = Loop(str(original_folder()))
            loop.encoder.encode([_WARM])
            loaded, before = time.perf_counter(), _cpu()
            loop.run([Path(file) for file in files], out / "tags.csv")
        else:
            from stratmap import Archive

            archive = Archive(out / "results")
            archive._desk.tagger.tag(_warm())
            loaded, before = time.perf_counter(), _cpu()
            done = archive.tag(*files, jobs=jobs, forms=("csv",))
            if done.failed:
                raise SystemExit(done.failures.read_text("utf-8"))
    seconds = time.perf_counter() - loaded
    value = {"load_seconds": loaded - began, "seconds": seconds, "cpu_seconds": _cpu() - before}
    print(json.dumps({key: round(one, 2) for key, one in value.items()}))


def _warm() -> Any:
    from stratmap import read_text

    return read_text(_WARM, "warm")


def _cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def _summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("seconds", "cpu_seconds_per_1000_pages", "pages_per_second", "files_per_second", "peak_mb", "load_seconds")
    return {key: round(statistics.median(one[key] for one in found), 2) for key in keys}


def _ratios(turns: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """Medians over the rounds of the loop's figure by stratmap's: above 1 stratmap needs less."""
    pairs = list(zip(turns["loop"], turns["stratmap"], strict=True))
    return {
        key: round(statistics.median(loop[key] / ours[key] for loop, ours in pairs), 2)
        for key in ("seconds", "cpu_seconds", "peak_mb")
    }


def table(figures: dict[str, Any], command: str) -> str:
    """The figures for people."""
    head = "| what | files/s | pages/s | CPU s per 1,000 pages | cores used | euro per 1,000 pages | peak MB |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for name, one in figures["whole"].items():
        lines.append(_row(f"stratmap, all files, {name}", one, f"{one['cores_used']:.1f}"))
    for name, one in figures["turns"].items():
        lines.append(_row(f"{name}, slices in turn", one, ""))
    ratios, rounds = figures["ratios"], figures["rounds"]
    return (
        f"# Tagging an archive\n\n`{command}`\n\n{figures['files']:,} files with {figures['pages']:,} pages in nine formats; "
        f"load of the machine at the end: {', '.join(map(str, figures['load']))}. Price: {_PRICE} euro for an hour of one "
        f"core.\n\n" + "\n".join(lines) + f"\n\nSlices: {rounds['number']} rounds of {rounds['files']} files, in turn; "
        "medians; models loaded before the clock. The loop's rate on all files is taken from its slices. The loop needs "
        f"{ratios['seconds']} times the time, {ratios['cpu_seconds']} times the CPU time and {ratios['peak_mb']} times "
        "the memory of stratmap.\n"
    )


def _row(name: str, one: dict[str, Any], cores: str) -> str:
    cost = one["cpu_seconds_per_1000_pages"] / 3600 * _PRICE
    rates = f"{one['files_per_second']:.1f} | {one['pages_per_second']:.1f} | {one['cpu_seconds_per_1000_pages']:.0f}"
    return f"| {name} | {rates} | {cores} | {cost:.4f} | {one['peak_mb']:.0f} |"


if __name__ == "__main__":
    main()
