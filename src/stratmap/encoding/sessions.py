"""ONNX graphs: opening them, and running one text after the other on all cores.

Comes in: a graph's file, and the inputs of many texts. Goes out: a session, and the outputs in the order of the texts.
It knows no tokens and no meaning of outputs.

A run takes one thread, and as many runs go on at the same time as threads are given: two runs of one thread each make
more of two cores than one run of two threads, which meet at every operator. Threads do not spin while they wait:
spinning doubled the processor time of a passage where other processes wanted the cores as well
(`evaluation/results/encoding-experiments.md`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from stratmap.errors import EncodingError

Inputs = Mapping[str, np.ndarray]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


def open_session(path: Path) -> Any:
    """An onnxruntime session on the CPU, one thread a run.

    Raises:
        EncodingError: The graph cannot be loaded.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own types, which it does not export
        detail = " ".join(str(error).split())[:160]
        raise EncodingError(f"{path}: expected an ONNX graph that onnxruntime can run ({detail}).") from error


def run_each(
    session: Any, outputs: Sequence[str], inputs: Sequence[Inputs], threads: int = 0
) -> Iterator[list[np.ndarray]]:
    """The outputs of a graph for each of many inputs, in their order.

    Args:
        session: An onnxruntime session; it may be shared between threads.
        outputs: Names of the outputs wanted.
        inputs: One mapping a run.
        threads: Runs at the same time; 0 takes all cores that the process may use.
    """
    return at_once(lambda one: session.run(list(outputs), dict(one)), inputs, threads)


def at_once(work: Callable[[_In], _Out], items: Sequence[_In], threads: int = 0) -> Iterator[_Out]:
    """What `work` makes of each of many items, in their order.

    Args:
        work: A run of one thread, or several after one another.
        items: What it takes.
        threads: Runs at the same time; 0 takes all cores that the process may use.
    """
    callers = min(threads or cores(), len(items))
    if callers <= 1:
        return (work(one) for one in items)
    return _pool(threads or cores()).map(work, items)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1  # pragma: no cover - systems without affinities


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    """One pool for all graphs: encoder, tower and reranker take turns, so that they never want more than the cores."""
    return ThreadPoolExecutor(threads, thread_name_prefix="onnx")
