"""Steps of the demo's network as its input comes: sessions, and onnxruntime in this process.

Correctness first: every output must be the golden interpreter's.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import onnxruntime
import torch
from _common import SCRATCH, demo_network
from numpy.typing import NDArray

import neurodeploy as nd

ENGINES = ("golden", "fast", "onnxruntime", "c")
Step = Callable[[NDArray[np.int64]], NDArray[np.int64]]


def plain_runtime(program: nd.Program, streams: int) -> Step:
    """Return a step of the ONNX file in this process, whose states go round."""
    from neurodeploy.flow.pipeline import compiled

    artifact = compiled(program, target="onnx", form="step").write(SCRATCH / "step")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(artifact.path / "network.onnx"), options)
    samples, *states = session.get_inputs()
    kinds = {"tensor(uint8)": np.uint8, "tensor(int32)": np.int32, "tensor(int64)": np.int64}
    values = {each.name: np.zeros((streams, *each.shape[1:]), kinds[each.type]) for each in states}

    def step(row: NDArray[np.int64]) -> NDArray[np.int64]:
        output, *after = session.run(
            None, {samples.name: row.astype(kinds[samples.type]), **values}
        )
        values.update(zip(values, after, strict=True))
        return output

    return step


def median(step: Step, samples: NDArray[np.int64], expected: NDArray[np.int64]) -> float:
    """Return the median microseconds of a step, after a check of every output."""
    times = []
    for row, right in zip(samples, expected, strict=True):
        begin = time.perf_counter()
        output = step(row)
        times.append(time.perf_counter() - begin)
        if not np.array_equal(output, right):
            raise SystemExit("a step differs from the golden interpreter")
    return statistics.median(times) * 1e6


def main() -> None:
    """Print the time of a step for each engine, and its ratio to onnxruntime in this process."""
    torch.set_num_threads(1)
    network, digits = demo_network()
    program = nd.lower(network, example=digits.test, target="onnx")
    for streams in (1, 16):
        once = digits.test[:, :streams].numpy().astype(np.int64)
        samples = np.concatenate([once] * (400 // len(once)))
        expected = nd.simulate(program, samples, engine="golden").output
        plain = median(plain_runtime(program, streams), samples, expected)
        print(f"{streams} streams, onnxruntime in this process: {plain:,.0f} us a step")
        for engine in ENGINES:
            with nd.Session(program, engine=engine, streams=streams) as session:
                micros = median(session.step, samples, expected)
            print(f"{streams} streams, {engine}: {micros:,.0f} us a step, {micros / plain:.2f}")


if __name__ == "__main__":
    main()
