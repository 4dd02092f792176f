"""Ten million weights to a package for Lynxi: the time, and the memory beside the program."""

from __future__ import annotations

import resource
import time
from itertools import pairwise

import numpy as np
from _common import SCRATCH

from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from neurodeploy.simulator import simulate
from neurodeploy.target import open_artifact
from quant import chip_format
from snncore.dynamics.zoo import Fire, Reset, biased_lif
from targets.lynxi import target

WIDTHS = (2560, 2048, 2048, 256)
STEPS = 4


def main() -> None:
    """Print what an export takes, once it was read back."""
    program = network()
    weights, held = program.parameter_count(), sum(s.weight.nbytes for s in program.synapses)
    # The fast engine computes the golden vectors; torch itself is no part of the export.
    simulate(program, np.zeros((1, 1, WIDTHS[0])), engine="fast")
    before, start = peak(), time.perf_counter()
    artifact = target.compile(program, steps=STEPS).write(SCRATCH / "lynxi")
    taken, grown = time.perf_counter() - start, peak() - before
    start = time.perf_counter()
    again = target.read(open_artifact(SCRATCH / "lynxi"))
    reading = time.perf_counter() - start
    if again != program:
        raise SystemExit("the package holds another program")
    size = sum(map(len, artifact.files.values()))
    print(f"export, {weights:,} weights: {taken:.1f} s, {size / 1e6:.0f} MB of files")
    print(f"at most {grown / 1e6:.0f} MB more than before: {grown / held:.2f} of the weights")
    print(f"read, compared and certified again: {reading:.1f} s")


def peak() -> int:
    """The most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def network() -> Program:
    """A dense network of LIF neurons, spiking, with weights of eight bits."""
    random, form = np.random.default_rng(0), chip_format("lynxi")
    equations = biased_lif(Fire(Reset.SOFT))
    given = {"decay": 16, "threshold": 900, "bias": 0}
    parameters = {key: np.asarray(value) for key, value in given.items()}
    nodes: list[object] = [Input("in", (WIDTHS[0],))]
    for number, (before, after) in enumerate(pairwise(WIDTHS)):
        weight = random.integers(-127, 128, (after, before))
        nodes.append(Dense(f"dense{number}", Edge(nodes[-1].name), weight))
        edges = (Edge(f"dense{number}"),)
        nodes.append(Neuron(f"lif{number}", edges, equations, form.system, parameters))
    return Program(tuple(nodes), nodes[-1].name)


if __name__ == "__main__":
    main()
