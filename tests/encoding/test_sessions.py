"""Runs of several texts at a time: the order, the values, and what an error does."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from stratmap.artefacts import shipped_folder
from stratmap.encoding.onnx_encoder import OnnxEncoder
from stratmap.encoding.sessions import cores, run_each

TEXTS = [f"Report {n}: " + "people crossed the border and were received. " * (n % 7) for n in range(20)]


def doubled(outputs, feeds):
    return [feeds["x"] * 2]


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
def test_outputs_stand_in_the_order_of_the_inputs(threads):
    inputs = [{"x": np.array([n])} for n in range(30)]
    found = list(run_each(SimpleNamespace(run=doubled), ["y"], inputs, threads))
    assert [int(values[0][0]) for values in found] == [2 * n for n in range(30)]


def test_several_runs_go_on_at_the_same_time():
    together = threading.Barrier(2, timeout=20)

    def run(outputs, feeds):
        together.wait()  # breaks unless a second run has begun
        return [feeds["x"]]

    assert len(list(run_each(SimpleNamespace(run=run), ["y"], [{"x": np.zeros(1)}] * 4, 2))) == 4


def test_an_error_of_a_run_reaches_the_caller():
    def run(outputs, feeds):
        if int(feeds["x"][0]) == 3:
            raise ValueError("no such thing")
        return [feeds["x"]]

    with pytest.raises(ValueError, match="no such thing"):
        list(run_each(SimpleNamespace(run=run), ["y"], [{"x": np.array([n])} for n in range(6)], 2))


def test_no_input_gives_no_output():
    assert list(run_each(SimpleNamespace(run=doubled), ["y"], [])) == []


def test_vectors_do_not_depend_on_the_number_of_threads():
    one, two = (OnnxEncoder(shipped_folder("encoder"), threads) for threads in (1, 2))
    assert np.array_equal(one.encode(TEXTS), two.encode(TEXTS))


def test_a_process_has_at_least_one_core():
    assert cores() >= 1
