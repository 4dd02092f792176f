"""784-512-10 over 32 steps, one thread: our scan against hand-written graphs and torch in floats.

Correctness first: every graph must give the golden interpreter's spikes. Then the export of ten
million weights: its time and memory.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import onnxruntime
import torch
from _onnx_peers import SHIFT, layer_wise, whole_network
from _table import compared

from neurodeploy.program import Dense, Edge, Input, Neuron, Node, Program
from neurodeploy.simulator import run_golden
from neurodeploy.target import target
from snncore.dynamics import Format, NumberSystem, Rounding
from snncore.dynamics.zoo.spiking import Fire, Reset, biased_lif

STEPS, WIDTHS, THRESHOLDS = 32, (784, 512, 10), (900, 1500)
SYSTEM = NumberSystem(
    "int24",
    (("v", Format(24, 0)),),
    (("decay", SHIFT), ("threshold", 0), ("bias", 0)),
    rounding=Rounding.FLOOR,
)
LIF = biased_lif(Fire(Reset.SOFT))


def lif(name: str, source: str, threshold: int) -> Neuron:
    """Return neurons that leak an eighth of their voltage every step."""
    values = {"decay": np.array(1), "threshold": np.array(threshold), "bias": np.array(0)}
    return Neuron(name, (Edge(source),), LIF, SYSTEM, values)


def network(weights: list[np.ndarray]) -> Program:
    """Return the network as a program."""
    nodes: list[Node] = [Input("input", (weights[0].shape[1],))]
    for position, weight in enumerate(weights):
        nodes.append(Dense(f"fc{position}", Edge(nodes[-1].name), weight))
        nodes.append(lif(f"lif{position}", f"fc{position}", THRESHOLDS[min(position, 1)]))
    return Program(tuple(nodes), nodes[-1].name)


def session(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that runs the file in onnxruntime, with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    opened = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    name = opened.get_inputs()[0].name
    return lambda samples: opened.run(None, {name: samples})[0]


@torch.no_grad()
def eager(weights: list[torch.Tensor], samples: torch.Tensor) -> torch.Tensor:
    """Run the same network in floats, step by step as a training library does."""
    states = [torch.zeros(samples.shape[1], len(weight)) for weight in weights]
    rows = []
    for step in range(len(samples)):
        value = samples[step]
        for position, weight in enumerate(weights):
            h = states[position] - states[position] / 2**SHIFT + value @ weight.T
            value = (h >= THRESHOLDS[position]).float()
            states[position] = h - value * THRESHOLDS[position]
        rows.append(value)
    return torch.stack(rows)


def interleaved(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the best time of each, taken in turns so that other load affects all alike."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def speed(count: int) -> None:
    """Print the times for a batch of this size."""
    random = np.random.default_rng(0)
    shapes = zip(WIDTHS[1:], WIDTHS[:-1], strict=True)
    weights = [random.integers(-100, 128, shape) for shape in shapes]
    program = network(weights)
    samples = (random.random((STEPS, count, WIDTHS[0])) < 0.1).astype(np.uint8)
    golden = run_golden(program, samples)
    assert golden.spikes() > 0
    files = {
        "ours": target("onnx").compile(program).files["network.onnx"],
        "by hand, layer-wise": layer_wise(weights, list(THRESHOLDS)),
        "by hand, one scan": whole_network(weights, list(THRESHOLDS)),
    }
    runs = {name: session(content) for name, content in files.items()}
    for name, run in runs.items():
        if not np.array_equal(run(samples), golden.output):
            raise SystemExit(f"{name}: differs from the golden interpreter")
    floats = [torch.tensor(weight, dtype=torch.float32) for weight in weights]
    real = torch.from_numpy(samples).float()
    works: dict[str, Callable[[], object]] = {
        name: lambda run=run: run(samples) for name, run in runs.items()
    }
    works["torch, floats"] = lambda: eager(floats, real)
    best = interleaved(works, 300 if count == 1 else 60)
    hand = min(best["by hand, layer-wise"], best["by hand, one scan"])
    shown = ", ".join(f"{name} {seconds * 1e3:.2f} ms" for name, seconds in best.items())
    peers = {name: 1e3 * seconds for name, seconds in best.items() if name != "ours"}
    compared(f"784-512-10 in onnxruntime, 32 steps, batch {count}", 1e3 * best["ours"], peers)
    print(
        f"batch {count}: {shown}; {best['torch, floats'] / best['ours']:.1f} times as fast as "
        f"torch, {best['ours'] / hand:.2f} times the best by hand"
    )


def export() -> None:
    """Print time and memory of exporting ten million weights."""
    random = np.random.default_rng(0)
    weights = [random.integers(-127, 128, (3162, 3162))]
    program = network(weights)
    size = program.parameter_count()
    start = time.perf_counter()
    target("onnx").compile(program)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    target("onnx").compile(network(weights))
    _, peak = tracemalloc.get_traced_memory()
    times = peak / weights[0].nbytes
    print(
        f"export of {size:,} weights: {seconds:.1f} s; at most {peak / 1e6:.0f} MB beside the "
        f"program's {weights[0].nbytes / 1e6:.0f} MB ({times:.2f} times)"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for batch in (1, 64):
        speed(batch)
    export()
