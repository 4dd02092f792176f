"""Runs of NIR files by the nir package's own reading of them.

1. nir must read every file, and read what export wrote: each node, edge and number, bit for bit.
2. Where floats round nothing that the program does not, the file is stepped in float32.
3. Otherwise every layer is driven by the program's spikes, and its sums are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SimulatorError, SimulatorScopeError
from neurodeploy.program import Neuron, Program
from neurodeploy.program.ranges import ranges
from neurodeploy.sandbox import Call, Environment, Limits, WorkerResult, run_many
from neurodeploy.target import Simulation
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics import Overflow
from targets.nir.file.tree import Leaf, Scaled, Tree
from targets.nir.graph.nodes import layer_of, nodes_of
from targets.nir.graph.units import input_unit, reads_sums
from targets.nir.simulators.runs import FileRun, node_names
from targets.nir.simulators.sums import golden_sums

REFERENCE = Environment(
    name="nir-reference",
    title="nir 1.0.8",
    python="3.11",
    worker=Path(__file__).with_name("worker.py"),
    self_test={"self_test": True},
    requirements=("nir==1.0.8",),
    download_mb=25,
    disk_mb=110,
    other_pythons=("3.12", "3.13", "3.14"),
    hashes=Path(__file__).with_name("requirements") / "nir-reference.txt",
)
_EXACT = 1 << 24


def run_files(runs: Sequence[FileRun], simulation: Simulation) -> list[Trace]:
    """Return each run's trace: spikes and voltages, or sums.

    Raises:
        SimulatorScopeError: if floats round what the program does not, or the other way round.
        SimulatorError: if nir reads another network, is missing or fails.
    """
    for run in runs:
        if run.forced is None:
            require_exact(run.program, run.dt)
    jobs = max(1, simulation.jobs)
    shares = [runs[first::jobs] for first in range(min(jobs, len(runs)))]
    calls = [_call(share, simulation.limits) for share in shares]
    results = run_many(REFERENCE, calls, jobs=jobs, progress=simulation.progress)
    return [_trace(run, results[index % jobs], index // jobs) for index, run in enumerate(runs)]


def compared_run(run: FileRun, golden: Trace, simulation: Simulation) -> tuple[Trace, Trace]:
    """Return the golden trace and nir's, or the sums of both if floats differ from the program.

    Raises:
        SimulatorError: if nir reads another network, is missing or fails.
    """
    try:
        (trace,) = run_files([run], simulation)
    except SimulatorScopeError:
        (trace,) = run_files([driven(run, golden)], simulation)
        return golden_sums(run.program, run.samples, golden, run.dt), trace
    return golden, trace


def driven(run: FileRun, golden: Trace) -> FileRun:
    """Return the same run, whose layers are driven by the golden spikes and show their sums.

    Raises:
        SimulatorScopeError: if float32 does not hold a sum; names the layer.
    """
    sums = golden_sums(run.program, run.samples, golden, run.dt)
    for node in run.program.layers:
        largest = int(abs(sums[node.name].values["sum"]).max())
        if largest >= _EXACT:
            raise _beyond(node, f"has a sum of {largest}, beyond the 24 bits of float32")
    return replace(run, forced=golden)


def is_exact(program: Program, dt: float) -> bool:
    """Return whether a file's floats compute the program's integers."""
    try:
        require_exact(program, dt)
    except SimulatorScopeError:
        return False
    return True


def require_exact(program: Program, dt: float) -> None:
    """Check that a file's floats compute the program's integers.

    Raises:
        SimulatorScopeError: if they do not; names the layer.
    """
    proved = ranges(program)
    for node in program.layers:
        if not layer_of(node, program, dt).exact:
            raise _beyond(node, "rounds its leak, which NIR does not")
        largest = proved.layers[node.name].drive.largest()
        fraction = node.system.state("v").fraction
        if largest << fraction >= _EXACT:
            raise _beyond(node, f"may have a sum of {largest}, beyond the 24 bits of float32")
        for state in node.equations.states:
            form = node.system.state(state)
            if form.overflow != Overflow.SATURATE and largest << form.fraction > form.limits[1]:
                raise _beyond(node, f"may wrap its {state}, which floats do not")


def _call(runs: Sequence[FileRun], limits: Limits | None) -> Call:
    networks, arrays, size = [], dict[str, NDArray[Any]](), 0
    for index, run in enumerate(runs):
        arrays[f"network{index}"] = np.frombuffer(run.content, np.uint8)
        arrays[f"network{index}.samples"] = run.samples
        layers = node_names(run.program)
        forced = [] if run.forced is None else [*layers.values()]
        for number, node in enumerate(run.program.layers):
            if run.forced is not None:
                sent = run.forced[node.name].values["s"]
                arrays[f"network{index}.forced{number}"] = _floats(node, sent)
        networks.append({"dt": run.dt, "layers": [*layers.values()], "forced": forced})
        size += len(run.content) + run.samples.size
    return Call({"networks": networks}, arrays, limits or Limits(300 + size * 1e-4, 4096))


def _floats(node: Neuron, sent: NDArray[Any]) -> NDArray[Any]:
    """Return what a layer sends as NIR has it: spikes, or a readout in the units of training."""
    return np.ldexp(sent.astype(np.float64), node.readout.exponent) if node.graded else sent


def _trace(run: FileRun, result: WorkerResult, index: int) -> Trace:
    _require_same(run, result, index)
    layers = {}
    for position, node in enumerate(run.program.layers):
        stem = f"network{index}.layer{position}"
        if run.forced is not None:
            power = -input_unit(node) if reads_sums(run.program, node) else 0
            layers[node.name] = LayerTrace({"sum": _whole(result.arrays[f"{stem}.sum"], power)})
            continue
        form = node.system.state("v")
        voltage = _whole(result.arrays[f"{stem}.v"], form.fraction - node.exponent)
        if voltage.min() < form.limits[0] or (node.graded and voltage.max() > form.limits[1]):
            raise _beyond(node, "reaches the end of its voltage, which floats do not have")
        power = -node.readout.exponent if node.graded else 0
        sent = _whole(result.arrays[f"{stem}.s"], power)
        layers[node.name] = LayerTrace({"s": sent, "v": voltage}, not node.graded)
    return Trace(layers, run.program.output, run.program.readout)


def _whole(values: NDArray[Any], power: int) -> NDArray[Any]:
    """Return values in integers of the program; fractions stay, so that they are seen."""
    scaled = np.ldexp(values.astype(np.float64), power)
    return scaled.astype(np.int64) if (scaled == np.rint(scaled)).all() else scaled


def _require_same(run: FileRun, result: WorkerResult, index: int) -> None:
    """Check that nir read what export wrote.

    Raises:
        SimulatorError: otherwise; names the node.
    """
    graphs: Any = result.result["graphs"]
    graph = graphs[index]
    tree, edges = nodes_of(run.program, run.dt)
    if sorted(map(tuple, graph["edges"])) != sorted(edges):
        raise SimulatorError("nir reads other edges than those of the program")
    described = {name: (number, kind) for number, (name, kind, _) in enumerate(graph["nodes"])}
    if described.keys() != tree.keys():
        raise SimulatorError("nir reads other nodes than those of the program")
    for name, members in tree.items():
        number, kind = described[name]
        for key, value in members.items():
            if key == "type":
                same = value == kind
            else:
                read = result.arrays.get(f"network{index}.node{number}.{key}")
                same = read is not None and _same(value, read)
            if not same:
                raise SimulatorError(f"nir reads another {key} of {name} than export wrote")


def _same(value: Leaf | Tree, read: NDArray[Any]) -> bool:
    array = value.floats() if isinstance(value, Scaled) else np.asarray(value)
    return (array.dtype, array.shape) == (read.dtype, read.shape) and bool((array == read).all())


def _beyond(node: Neuron, reason: str) -> SimulatorScopeError:
    words = f"{node.name}: {reason}"
    return SimulatorScopeError(words, remedy="verify without it: --simulator none")
