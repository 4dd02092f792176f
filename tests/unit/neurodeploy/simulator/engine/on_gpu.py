"""A program's integers in Triton against the golden interpreter; a script for a process of its own.

Under TRITON_INTERPRET=1 it needs no GPU. It prints the layers in integers and the spikes of each
program, or fails in the first.
"""

import sys

import numpy as np
import torch

from neurodeploy.program import Dense, Edge, Flatten, Input, MaxPool2d, Program
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.engine.compiled import Compiled
from neurodeploy.simulator.engine.on_gpu import TritonLayer
from neurodeploy.simulator.fast import Engine
from snncore.dynamics.arithmetic.interval import Interval
from tests.unit.neurodeploy.simulator.test_integers import drawn, network
from tests.unit.programs import neurons, random_program, random_samples

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pooling(rng: np.random.Generator) -> Program:
    """Return pools of spikes and of numbers, and neurons with other thresholds at each pixel."""
    return Program(
        (
            Input("in", (5, 9, 8)),
            neurons("a", "in", threshold=rng.integers(0, 3, (5, 9, 8)), bias=1),
            MaxPool2d("pool", Edge("a"), (3, 2), (2, 2), (1, 1)),
            Flatten("flat", Edge("pool")),
            Dense("d", Edge("flat"), rng.integers(-100, 120, (7, 5 * 5 * 5))),
            neurons("b", "d", threshold=rng.integers(1, 3000, 7)),
        ),
        "b",
    )


def check(program: Program, samples: np.ndarray) -> str:
    """Return the layers that ran in integers, and the spikes.

    Raises:
        RuntimeError: if a value is not golden's.
    """
    golden = run_golden(program, samples)
    seen = Interval(int(samples.min()), int(samples.max()))
    engine = Engine(program, seen, DEVICE, Compiled.TRITON, keeps=True)
    arrays = engine.run(samples.astype(np.int64), states=True)
    alone = engine.run(torch.from_numpy(samples).to(DEVICE), states=False)
    for name in golden:
        for key, expected in golden[name].values.items():
            results = [arrays[name][key], *([alone[name][key]] if key == "s" else [])]
            for values in results:
                if not np.array_equal(values.cpu().numpy(), expected):
                    raise RuntimeError(f"{name}.{key} differs from golden")
    neurons = sum(type(layer) is TritonLayer for layer in engine.layers.values())
    products = sum(sums is not None for sums in engine._sums.values())
    return f"{neurons}/{len(engine.layers)} {products} {golden.spikes()}"


def show(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def main(full: bool) -> None:
    """Check convolutions and dense weights at their extremes, pools, and random programs."""
    for lowest, low, high in ((-128, 0, 1), (-2000, -3000, 255), (-128, 0, 255))[
        : 3 if full else 2
    ]:
        for seed in range(3 if full else 1):
            rng = np.random.default_rng(seed)
            program = network(rng, (3, 1, 32)[seed % 3], lowest)
            show(check(program, drawn(rng, (2, 1, *program.input.shape), low, high)))
    rng = np.random.default_rng(0)
    show(check(pooling(rng), rng.integers(0, 2, (3, 1, 5, 9, 8))))
    for seed in range(200, 260 if full else 201):
        program = random_program(seed)
        show(check(program, random_samples(program, seed, 5, 2)))


if __name__ == "__main__":
    main("--full" in sys.argv)
