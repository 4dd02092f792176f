"""Steps a second of the C of a network, one stream, one core: against the fast engine and ONNX.

Correctness first: C and onnxruntime must send what the golden interpreter sends. Times are those of
the processor, taken in turns, and the best of several rounds.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from _table import compared
from numpy.typing import NDArray

from neurodeploy.flow.pipeline import compiled
from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Neuron, Node, Program
from neurodeploy.simulator import run_golden, simulate
from neurodeploy.target import target
from snncore.dynamics import Format, NumberSystem
from snncore.dynamics.zoo.spiking import Fire, Reset, biased_lif

STEPS, RATE, ROUNDS = 256, 0.15, 7
LIF = biased_lif(Fire(Reset.SOFT))
SYSTEM = NumberSystem(
    "int16", (("v", Format(16, 0)),), (("decay", 3), ("threshold", 0), ("bias", 0))
)
RUN = """
#include "network.h"
static nd_network network;
void nd_many(int32_t steps, const int32_t *input, int32_t *output);
void nd_many(int32_t steps, const int32_t *input, int32_t *output)
{
    nd_init(&network);
    for (; steps > 0; steps--, input += ND_INPUTS, output += ND_OUTPUTS)
        nd_step(&network, input, output);
}
"""
FLAGS = {"-O2": ("-O2",), "-O3 -march=native": ("-O3", "-march=native")}


def lif(name: str, source: str, threshold: int) -> Neuron:
    """Return neurons that leak an eighth of their voltage every step."""
    values = {"decay": np.array(1), "threshold": np.array(threshold), "bias": np.array(0)}
    return Neuron(name, (Edge(source),), LIF, SYSTEM, values)


def dense(*widths: int) -> Program:
    """Return layers of dense weights."""
    random = np.random.default_rng(0)
    nodes: list[Node] = [Input("input", (widths[0],))]
    for position, (inputs, outputs) in enumerate(pairwise(widths)):
        weight = random.integers(-100, 128, (outputs, inputs))
        nodes.append(Dense(f"fc{position}", Edge(nodes[-1].name), weight))
        nodes.append(lif(f"lif{position}", f"fc{position}", 900))
    return Program(tuple(nodes), nodes[-1].name)


def image() -> Program:
    """Return 8x8 pixels, eight channels of a convolution (512 neurons), and ten classes."""
    random = np.random.default_rng(0)
    kernel, weight = random.integers(-60, 128, (8, 1, 3, 3)), random.integers(-100, 128, (10, 512))
    nodes: tuple[Node, ...] = (
        Input("input", (1, 8, 8)),
        Conv2d("conv", Edge("input"), kernel, padding=(1, 1)),
        lif("lif0", "conv", 300),
        Flatten("flat", Edge("lif0")),
        Dense("fc", Edge("flat"), weight),
        lif("lif1", "fc", 900),
    )
    return Program(nodes, "lif1")


NETWORKS: dict[str, Callable[[], Program]] = {
    "64-32-10": lambda: dense(64, 32, 10),
    "8x8 conv 8, 10 (522 neurons)": image,
    "784-512-10": lambda: dense(784, 512, 10),
}


def in_c(
    program: Program, form: str, flags: tuple[str, ...], folder: Path
) -> Callable[[NDArray[np.int32]], NDArray[np.int32]]:
    """Return a function that steps the compiled network over samples (T, 1, ...)."""
    for name, content in target("c").compile(program, form=form).files.items():
        (folder / name).write_bytes(bytes(content))
    (folder / "many.c").write_text(RUN)
    command = ["cc", "-std=c99", *flags, "-shared", "-fPIC", "network.c", "many.c"]
    library = f"{form}{len(flags)}.so"
    subprocess.run([*command, "-o", library], cwd=folder, check=True)
    many = ctypes.CDLL(str(folder / library)).nd_many
    size = int(np.prod(program.shapes[program.output]))

    def run(samples: NDArray[np.int32]) -> NDArray[np.int32]:
        output = np.zeros((len(samples), size), np.int32)
        many(
            ctypes.c_int32(len(samples)),
            ctypes.c_void_p(samples.ctypes.data),
            ctypes.c_void_p(output.ctypes.data),
        )
        return output

    return run


def in_onnx(program: Program) -> Callable[[NDArray[np.int32]], NDArray[np.int64]]:
    """Return a function that calls the step form in onnxruntime for every step."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    content = bytes(compiled(program, target="onnx", form="step").files["network.onnx"])
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    first, *inputs = session.get_inputs()
    outputs = [each.name for each in session.get_outputs()]
    kinds = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}

    def run(samples: NDArray[np.int32]) -> NDArray[np.int64]:
        rows = samples.astype(np.uint8)
        states = {
            each.name: np.zeros(
                [n if isinstance(n, int) else 1 for n in each.shape], kinds[each.type]
            )
            for each in inputs
        }
        shown = []
        for row in rows:
            sent, *following = session.run(outputs, {first.name: row, **states})
            states = dict(zip(states, following, strict=True))
            shown.append(sent)
        return np.stack(shown)

    return run


def outputs_of(program: Program, samples: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return what the fast engine sends."""
    return simulate(program, samples, engine="fast").output


def main() -> None:
    """Print the steps a second of every network and engine."""
    torch.set_num_threads(1)
    for name, make in NETWORKS.items():
        program = make()
        random = np.random.default_rng(1)
        samples = (random.random((STEPS, 1, *program.input.shape)) < RATE).astype(np.int32)
        golden = run_golden(program, samples)
        assert golden.spikes() > STEPS
        with tempfile.TemporaryDirectory() as folder:
            works: dict[str, Callable[[], NDArray[np.int64]]] = {
                f"C, {form}, {words}": partial(in_c(program, form, flags, Path(folder)), samples)
                for form in ("event", "dense")
                for words, flags in FLAGS.items()
            }
        works["fast engine"] = partial(outputs_of, program, samples)
        works["onnxruntime, step form"] = partial(in_onnx(program), samples)
        report(name, works, golden.output)


def report(
    name: str, works: dict[str, Callable[[], NDArray[np.int64]]], expected: NDArray[np.int64]
) -> None:
    """Check every engine, time all in turns, and print them."""
    for engine, work in works.items():
        if not np.array_equal(work().reshape(expected.shape), expected):
            raise SystemExit(f"{name}: {engine} differs from the golden interpreter")
    best = dict.fromkeys(works, float("inf"))
    for _ in range(ROUNDS):
        for engine, work in works.items():
            start = time.process_time()
            work()
            best[engine] = min(best[engine], time.process_time() - start)
    slowest = best["onnxruntime, step form"]
    mine = min(seconds for engine, seconds in best.items() if engine.startswith("C, "))
    each = {engine: 1e3 * best[engine] / STEPS for engine in list(best)[-2:]}
    compared(f"a step of {name} in C", 1e3 * mine / STEPS, each)
    for engine, seconds in best.items():
        print(f"{name}: {engine}: {STEPS / seconds:,.0f} steps/s, {slowest / seconds:.1f} times")


if __name__ == "__main__":
    main()
