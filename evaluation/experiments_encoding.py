"""Ways to run the encoder's graphs: `python -m evaluation.experiments_encoding [FOLDER...]`.

Comes in: annotated passages, the shipped pair of graphs and the pairs in any other folders. Goes out: a table on standard output and in
`evaluation/results/encoding-experiments.json`: threads, batches and graphs with processor and wall time a passage, and
the cosine to what the shipped way gives. Ways take turns; figures are medians of the rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.benchmark_speed import passages
from evaluation.provenance import record
from stratmap.artefacts import shipped_folder
from stratmap.encoding.onnx_encoder import LOWER, TOKENIZER, UPPER, load_tokenizer

ROUNDS = 4
PASSAGES = 48


@dataclass(frozen=True)
class Pair:
    """The lower and the upper graph, run one after the other."""

    lower: Any
    upper: Any


def pair(folder: Path, threads: int, spin: bool) -> Pair:
    """Both graphs of a folder."""
    return Pair(session(folder / LOWER, threads, spin), session(folder / UPPER, threads, spin))


def session(path: Path, threads: int, spin: bool) -> Any:
    """A session with so many threads in one run."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def batch(graphs: Pair, rows: Sequence[list[int]]) -> np.ndarray:
    """Vectors of padded rows in one run."""
    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)], mask[number, : len(row)] = row, 1
    hidden = graphs.lower.run(["hidden"], {"input_ids": ids, "attention_mask": mask})[0]
    return np.asarray(graphs.upper.run(["embedding"], {"hidden": hidden, "attention_mask": mask})[0])


def in_batches(graphs: Pair, rows: Sequence[list[int]], size: int, callers: int = 1) -> np.ndarray:
    """Vectors in the order of the rows, run in batches of like length."""
    order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    with ThreadPoolExecutor(callers) as pool:
        found = list(pool.map(lambda group: batch(graphs, [rows[number] for number in group]), groups))
    out = np.zeros((len(rows), found[0].shape[1]), dtype=np.float32)
    for group, vectors in zip(groups, found, strict=True):
        out[group] = vectors
    return out


def main() -> None:
    shipped = shipped_folder("encoder")
    rows = [e.ids for e in load_tokenizer(shipped / TOKENIZER).encode_batch_fast(passages(PASSAGES))]
    one, two, spinning = pair(shipped, 1, False), pair(shipped, 2, False), pair(shipped, 2, True)
    ways: dict[str, Callable[[], np.ndarray]] = {
        "one text a run, one thread": lambda: in_batches(one, rows, 1),
        "one text a run, two runs at a time, one thread each (shipped)": lambda: in_batches(one, rows, 1, 2),
        "one text a run, two threads": lambda: in_batches(two, rows, 1),
        "one text a run, two spinning threads": lambda: in_batches(spinning, rows, 1),
        "batches of 8 of like length, one thread": lambda: in_batches(one, rows, 8),
        "batches of 32 of like length, one thread": lambda: in_batches(one, rows, 32),
    }
    for folder in map(Path, sys.argv[1:]):
        other = pair(folder, 1, False)
        ways[f"{folder.name}, one text a run, one thread"] = lambda other=other: in_batches(other, rows, 1)
    right = ways["one text a run, one thread"]()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    cosines: dict[str, np.ndarray] = {}
    for _ in range(ROUNDS):
        for name, run in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            cosines[name] = (run() * right).sum(axis=1)
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    figures = {}
    for name, taken in times.items():
        wall, cpu = (1000 * float(np.median([t[k] for t in taken])) / len(rows) for k in (0, 1))
        figures[name] = {
            "wall_ms": wall,
            "cpu_ms": cpu,
            "cosine_mean": float(cosines[name].mean()),
            "cosine_least": float(cosines[name].min()),
        }
        print(
            f"| {name} | {cpu:.1f} | {wall:.1f} | {cosines[name].mean():.4f} | {cosines[name].min():.4f} |", flush=True
        )
    record(
        "encoding-experiments",
        figures,
        "python -m evaluation.experiments_encoding",
        f"{PASSAGES} passages of tagging/train.jsonl",
    )


if __name__ == "__main__":
    main()
