"""How fast the web app is: the time from the command to the first page, and tagging a page of text at four users.

    python -m evaluation.app_speed [--starts 3] [--users 4] [--texts 25]

Starts the command as a person would, over an empty folder (tagging needs no archive), and asks it over HTTP. The load
of the machine is recorded beside the figures.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evaluation.provenance import record
from stratmap.app.samples import SAMPLES

COMMAND = "python -m evaluation.app_speed"
PAGE = 2_500  # characters of a printed page
WAIT_S = 180.0


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--texts", type=int, default=25)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        starts = [_start(Path(folder)) for _ in range(options.starts)]
        with _serving(Path(folder)) as port:
            _wait(port)
            _tag(port, 0)  # the model is opened by the first text
            tagging = _together(port, options.users, options.texts)
    figures = {
        "start_s": [round(value, 2) for value in starts],
        "start_median_s": round(statistics.median(starts), 2),
        "tag_one_page": tagging,
        "load_before": round(load, 1),
    }
    path = record("app-speed", figures, COMMAND, f"the app's samples, cut to {PAGE:,} characters")
    print(json.dumps(figures, indent=1), f"\nwritten to {path}")


@contextmanager
def _serving(folder: Path) -> Iterator[int]:
    """The command over an empty folder, started and stopped; gives the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("stratmap"), "app", "--index", folder / "none", "--port", str(port)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([str(part) for part in command], stdout=quiet, stderr=quiet)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _start(folder: Path) -> float:
    """Seconds from the command to the first whole page."""
    began = time.perf_counter()
    with _serving(folder) as port:
        _wait(port)
        return time.perf_counter() - began


def _wait(port: int) -> None:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        try:
            status, _ = _request(port, "GET", "/")
        except OSError:
            time.sleep(0.02)
            continue
        if status == 200:
            return
    raise SystemExit(f"the app did not answer within {WAIT_S:g} s")


def _request(port: int, method: str, path: str, value: Any = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        body = None if value is None else json.dumps(value)
        connection.request(method, path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _tag(port: int, number: int) -> float:
    """Milliseconds for one text; each text is another one."""
    samples = list(SAMPLES.values())
    whole = f"Report {number}. " + "\n\n".join(samples[number % 3 :] + samples[: number % 3])
    began = time.perf_counter()
    status, body = _request(port, "POST", "/gradio_api/run/tag_text", {"data": [whole[:PAGE]]})
    if status != 200:
        raise SystemExit(f"expected an answer, found {status}: {body[:200]!r}")
    return (time.perf_counter() - began) * 1_000


def _together(port: int, users: int, texts: int) -> dict[str, Any]:
    """Each user sends one text after the other, all users at the same time."""

    def person(which: int) -> list[float]:
        return [_tag(port, which * texts + number) for number in range(1, texts + 1)]

    began = time.perf_counter()
    with ThreadPoolExecutor(users) as pool:
        times = sorted(value for found in pool.map(person, range(users)) for value in found)
    seconds = time.perf_counter() - began
    return {
        "users": users,
        "texts": len(times),
        "characters": PAGE,
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[min(len(times) - 1, int(0.95 * len(times)))], 1),
        "texts_per_s": round(len(times) / seconds, 1),
    }


if __name__ == "__main__":
    main()
