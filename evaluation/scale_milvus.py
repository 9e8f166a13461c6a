"""What an index in Milvus costs: `python -m evaluation.scale_milvus --passages 10000 --out FILE`.

Makes an index of invented documents (vectors at random, words drawn as in a language), once searched in this process
and once in a Milvus Lite server of its own, and writes times, memory and bytes on the disk as JSON. The figures of
`docs/scale.md` come from here; those of a Milvus cluster do not, and the page says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stratmap.files import atomic_write_text
from stratmap.index import Index, Indexable
from stratmap.milvus import MilvusIndex
from stratmap.reading import read_text
from stratmap.records import Filters, Passage
from stratmap.settings import IndexSettings

DIM, PER_DOCUMENT, WORDS, VOCABULARY = 384, 20, 90, 50_000
SEARCHES = 20


def documents(passages: int) -> Iterator[Indexable]:
    """Invented documents; word frequencies fall as 1/rank."""
    rng = np.random.default_rng(5)
    shares = 1 / np.arange(1, VOCABULARY + 1)
    shares /= shares.sum()
    for number in range(passages // PER_DOCUMENT):
        drawn = rng.choice(VOCABULARY, (PER_DOCUMENT, WORDS), p=shares)
        texts = [" ".join(f"w{word}" for word in row) for row in drawn]
        document = read_text("\n\n".join(texts), f"d{number}.md")
        page, found, at = document.pages[0].text, [], 0
        for text in texts:
            at = page.index(text, at)
            found.append(Passage(document.doc_id, 0, None, at, at + len(text), at, text))
        vectors = rng.normal(size=(PER_DOCUMENT, DIM)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        yield Indexable(document, tuple(found), vectors, year=2000 + number % 25)


def batches(passages: int, size: int = 100) -> Iterator[list[Indexable]]:
    """The documents in groups of one transaction."""
    group: list[Indexable] = []
    for document in documents(passages):
        group.append(document)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def measured(index: Index, passages: int) -> dict[str, Any]:
    """Seconds of filling, of the first search and of later ones with and without a filter."""
    started = time.perf_counter()
    for group in batches(passages):
        index.add(group)
    if isinstance(index, MilvusIndex):
        index.catch_up()
    facts: dict[str, Any] = {"fill_s": round(time.perf_counter() - started, 1)}
    rng = np.random.default_rng(9)
    queries = rng.normal(size=(SEARCHES, DIM)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    started = time.perf_counter()
    index.search("w7 w300", queries[0], 10)
    facts["first_search_s"] = round(time.perf_counter() - started, 2)
    spent = -time.process_time()
    for name, filters in (("search", None), ("filtered", Filters(year_from=2010, year_to=2014))):
        times = []
        for n in range(SEARCHES):
            started = time.perf_counter()
            index.search(f"w{n} w{50 + 7 * n} w{2_000 + n}", queries[n], 10, filters)
            times.append(time.perf_counter() - started)
        facts[f"{name}_ms"] = {"median": _ms(times, 50), "p95": _ms(times, 95)}
    spent += time.process_time()
    facts["own_cpu_ms_a_search"] = round(1000 * spent / (2 * SEARCHES), 1)
    facts["bytes"] = sum(path.stat().st_size for path in index.folder.rglob("*") if path.is_file())
    return facts


def _ms(times: list[float], share: int) -> float:
    return round(1000 * float(np.percentile(times, share)), 1)


def of_milvus(folder: Path, passages: int) -> dict[str, Any]:
    """The same index in a Milvus Lite server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "server"
    words = ["server", "--data-dir", str(data), "--port", str(port)]
    code = f"import sys; sys.argv[1:] = {words!r}; from milvus_lite.cmdline import main; main()"
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        settings = IndexSettings(backend="milvus", uri=f"http://127.0.0.1:{port}", service_timeout_s=120.0)
        index = MilvusIndex.open(folder / "milvus", "invented", "invented-1", DIM, settings, make=True)
        facts = measured(index, passages)
        facts["server_peak_mb"] = _peak_mb(server.pid)
        facts["server_cpu_s"] = _cpu_s(server.pid)
        facts["server_bytes"] = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
        index.close()
        return facts
    finally:
        server.terminate()
        server.wait(60)


def _peak_mb(process: int) -> int:
    [line] = [one for one in Path(f"/proc/{process}/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return round((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 1)


def table(measured_so_far: dict[str, Any]) -> str:
    """The table of `docs/scale.md`."""
    lines = [
        "| passages | searched in | filling | a question, median (95%) | first question | this process | server, memory "
        "| folder | server, disk |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in sorted(measured_so_far, key=lambda one: (int(one.split()[1]), one)):
        m, (backend, passages) = measured_so_far[name], name.split()
        there = (
            [f"{m['server_peak_mb']:,} MB", f"{m['server_bytes'] / 1e6:,.0f} MB"] if backend == "milvus" else ["", ""]
        )
        where = "Milvus Lite" if backend == "milvus" else "this process"
        lines.append(
            f"| {int(passages):,} | {where} | {m['fill_s']:,.0f} s | {m['search_ms']['median']:,.0f} "
            f"({m['search_ms']['p95']:,.0f}) ms | {m['first_search_s']:.1f} s | {m['own_peak_mb']:,} MB | {there[0]} "
            f"| {m['bytes'] / 1e6:,.0f} MB | {there[1]} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=10_000)
    parser.add_argument("--backend", choices=("faiss", "milvus"), default="milvus")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.backend == "faiss":
            settings = IndexSettings()
            facts = measured(
                Index.open(Path(folder) / "faiss", "invented", "invented-1", DIM, settings, make=True), args.passages
            )
        else:
            facts = of_milvus(Path(folder), args.passages)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    load = round(float(Path("/proc/loadavg").read_text().split()[0]), 1)
    known = json.loads(args.out.read_text()) if args.out.exists() else {}
    known[f"{args.backend} {args.passages}"] = {
        **facts, "own_peak_mb": own, "own_cpu_s": round(time.process_time(), 1), "load_after": load, "python": platform.python_version(),
    }  # fmt: skip
    atomic_write_text(args.out, json.dumps(known, indent=1, sort_keys=True) + "\n")
    print(json.dumps(known[f"{args.backend} {args.passages}"]))


if __name__ == "__main__":
    main()
