"""How fast an archive is tagged, in what memory, and how that compares with a plain loop over the same files.

`python -m evaluation.benchmark_archive` makes an archive of 2,000 mixed files (`archive_files`), tags it with one and
with two jobs, and lets the loop of `archive_loop` and stratmap take turns on slices of it, so that whatever else the
machine does falls on both. With `--sample` the archive is the same, and only a random part of it is measured: stratmap
with one and with two jobs and the loop take turns on it, and the time for all files is computed from these rates.
Every measurement is a process of its own; models are loaded before the clock starts, and the
time for that is given apart. CPU time counts the process and its children; memory is the highest sum of proportional
shares (PSS) of all its processes. `--files` and `--rounds` make it shorter; what was run is written into the result.
"""

from __future__ import annotations

import argparse
import json
import os
import random
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
_SIDES = {"stratmap, 1 job": ("stratmap", 1), "plain loop": ("loop", 1), "stratmap, 2 jobs": ("stratmap", 2)}
_WARM = "Border police were trained to examine travel documents at the crossing point, and returnees received grants."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slice", type=int, default=40, help="files of a round")
    parser.add_argument("--sample", action="store_true", help="measure rounds x slice files, drawn by chance")
    parser.add_argument("--minutes", type=float, default=0.0, help="begin no further round after so long; 0: no limit")
    parser.add_argument("--child", choices=("stratmap", "loop"), help=argparse.SUPPRESS)
    parser.add_argument("--jobs", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--list", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _child(options.child, options.list.read_text("utf-8").splitlines(), options.jobs)
        return
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(
            Path(folder), options.files, options.rounds, options.slice, options.minutes, sample=options.sample
        )
    command = f"python -m evaluation.benchmark_archive --files {options.files} --rounds {options.rounds}"
    command += f" --slice {options.slice}" + (" --sample" if options.sample else "")
    command += f" --minutes {options.minutes:g}" if options.minutes else ""
    record("archive-speed", figures, command, "generated from corpora/projects, seed 1", 1)
    atomic_write_text(RESULTS / "archive-speed.md", table(figures, command))
    print(table(figures, command))


def measure(
    folder: Path, files: int, rounds: int, size: int, minutes: float = 0.0, *, sample: bool = False
) -> dict[str, Any]:
    """All figures."""
    made = make_archive(folder / "in", files)
    listed, pages = sorted(made), sum(made.values())
    print(f"{files:,} files, {pages:,} pages", file=sys.stderr, flush=True)
    longest = _measured(folder, "stratmap", [max(listed, key=lambda name: made[name])], 1, made)
    order = list(_SIDES) if sample else list(_SIDES)[:2]
    turns: dict[str, list[dict[str, Any]]] = {name: [] for name in order}
    began = time.monotonic()
    for part in _parts(listed, rounds, size, sample=sample):
        if minutes and time.monotonic() - began > 60 * minutes:
            break
        for name in order:
            turns[name].append(_measured(folder, _SIDES[name][0], part, _SIDES[name][1], made))
        order = order[1:] + order[:1]
    whole = {} if sample else {name: _measured(folder, one[0], listed, one[1], made) for name, one in _whole()}
    return {
        "files": files,
        "pages": pages,
        "load": [round(value, 1) for value in os.getloadavg()],
        "longest": longest,
        "whole": whole,
        "turns": {name: _summary(found, pages) for name, found in turns.items()},
        "every_turn": turns,
        "rounds": {
            "number": len(turns["plain loop"]),
            "files": size,
            "drawn": "at random, seed 1" if sample else "at equal distances",
        },
        "ratios": _ratios(turns),
        "whole_ratios": _whole_ratios(whole, _summary(turns["plain loop"], pages)),
        "price_per_core_hour": _PRICE,
    }


def _parts(listed: list[str], rounds: int, size: int, *, sample: bool) -> list[list[str]]:
    """The files of each round; no file is in two of them when they are drawn."""
    if sample:
        drawn = random.Random(1).sample(listed, min(len(listed), rounds * size))
        return [drawn[number::rounds] for number in range(rounds)]
    return [listed[number :: max(1, len(listed) // size)][:size] for number in range(rounds)]


def _whole() -> list[tuple[str, tuple[str, int]]]:
    return [(name, one) for name, one in _SIDES.items() if one[0] == "stratmap"]


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
    found |= _rates(found)
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


def _summary(found: list[dict[str, Any]], pages: int) -> dict[str, Any]:
    """Rates over all rounds, the highest memory of any, and the hours that all files take at that rate."""
    total = {key: sum(one[key] for one in found) for key in ("seconds", "cpu_seconds", "pages", "files")}
    return {
        "seconds": round(total["seconds"], 2),
        "pages": total["pages"],
        "files": total["files"],
        **_rates(total),
        "peak_mb": max(one["peak_mb"] for one in found),
        "load_seconds": round(statistics.median(one["load_seconds"] for one in found), 2),
        "seconds_for_all_files_extrapolated": round(pages * total["seconds"] / total["pages"]),
    }


def _rates(one: dict[str, Any]) -> dict[str, float]:
    """Rates of a measurement, or of the sums of several."""
    return {
        "pages_per_second": round(one["pages"] / one["seconds"], 2),
        "files_per_second": round(one["files"] / one["seconds"], 2),
        "cpu_seconds_per_1000_pages": round(1_000 * one["cpu_seconds"] / one["pages"], 1),
        "cores_used": round(one["cpu_seconds"] / one["seconds"], 2),
    }


def _ratios(turns: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Medians over the rounds of the loop's figure by stratmap's: above 1 stratmap needs less."""
    return {
        name: {
            key: round(statistics.median(loop[key] / one[key] for loop, one in pairs), 2)
            for key in ("seconds", "cpu_seconds", "peak_mb")
        }
        for name in turns
        if name != "plain loop"
        for pairs in [list(zip(turns["plain loop"], turns[name], strict=True))]
    }


def _whole_ratios(whole: dict[str, Any], loop: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The loop's time and CPU time a page, over its rounds, by those of stratmap over all files."""
    return {
        name: {
            "seconds": round(one["pages_per_second"] / loop["pages_per_second"], 2),
            "cpu_seconds": round(loop["cpu_seconds_per_1000_pages"] / one["cpu_seconds_per_1000_pages"], 2),
            "peak_mb": round(loop["peak_mb"] / one["peak_mb"], 2),
        }
        for name, one in whole.items()
    }


def table(figures: dict[str, Any], command: str) -> str:
    """The figures for people."""
    head = "| what | files/s | pages/s | CPU s per 1,000 pages | cores used | euro per 1,000 pages | peak MB |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    lines += [_row(f"{name}, all files", one) for name, one in figures["whole"].items()]
    lines += [_row(f"{name}, in turn", one) for name, one in figures["turns"].items()]
    rounds, longest = figures["rounds"], figures["longest"]
    ratios = " ".join(
        f"The loop needs {one['seconds']} times the time, {one['cpu_seconds']} times the CPU time and {one['peak_mb']} "
        f"times the memory of {name}."
        for name, one in figures["ratios"].items()
    )
    ratios += " ".join(
        f" A page takes the loop {one['seconds']} times the time and {one['cpu_seconds']} times the CPU time that it takes "
        f"{name} on all files; its memory is {one['peak_mb']} times as high."
        for name, one in figures["whole_ratios"].items()
    )
    all_files = ", ".join(
        f"{name} {one['seconds_for_all_files_extrapolated'] / 60:.1f}" for name, one in figures["turns"].items()
    )
    return (
        f"# Tagging an archive\n\n`{command}`\n\n{figures['files']:,} files with {figures['pages']:,} pages in nine "
        f"formats; load of the machine at the end: {', '.join(map(str, figures['load']))}. Price: {_PRICE} euro for an "
        f"hour of one core.\n\n" + "\n".join(lines) + f"\n\nIn turn: rounds: {rounds['number']}, of {rounds['files']} "
        f"files each, drawn {rounds['drawn']}, the same for all; models loaded before the clock. Where `cores used` is "
        f"far below what was asked for, the machine was busy: compare CPU time then, not time. Minutes for all files, "
        f"extrapolated from these pages: {all_files}. {ratios}\n\nOne file of {longest['pages']} pages alone, in "
        f"stratmap: {longest['seconds']:.1f} s, at most {longest['peak_mb']} MB.\n"
    )


def _row(name: str, one: dict[str, Any]) -> str:
    cost = one["cpu_seconds_per_1000_pages"] / 3600 * _PRICE
    rates = f"{one['files_per_second']:.1f} | {one['pages_per_second']:.1f} | {one['cpu_seconds_per_1000_pages']:.0f}"
    return f"| {name} | {rates} | {one['cores_used']:.2f} | {cost:.4f} | {one['peak_mb']:.0f} |"


if __name__ == "__main__":
    main()
