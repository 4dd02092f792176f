"""Samples with which a counterexample shows: a run from rest that ends in a wrong step.

1. Random samples run through the golden interpreter, and the files' step is computed beside every
   step of the layer.
2. Where the layer reads the samples themselves, or their weighted sums, a solver looks for samples
   of a few steps after which the files' step is another.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Edge
from neurodeploy.program import Neuron, Program, Signal, Synapse
from neurodeploy.proof.goals.layer import FILE, LayerGoals, source_names
from neurodeploy.proof.goals.question import Question, Verdict
from neurodeploy.proof.solvers.solvers import asked
from neurodeploy.simulator.golden import GoldenRun
from neurodeploy.target import random_samples
from neurodeploy.target.steps import Leaves
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.bits.circuit import Circuit, Wire, bits_of
from snncore.dynamics.bits.running import run, widest
from snncore.dynamics.bits.table import step as exact_step

Samples = NDArray[np.int64]
_RATES = (0.05, 0.3, 1.0)
_STEPS, _COUNT, _SEEDS = 24, 16, 2
# Beyond so many inputs of a neuron, or values of a layer, nothing is searched.
_MOST_INPUTS, _MOST_VALUES = 256, 1 << 16
_MOST_STEPS = 3
_MOST_BITS = 62


def drawn(program: Program, goals: LayerGoals) -> Samples | None:
    """Return random integers (T, 1, ...) after which a layer's step in the files is wrong."""
    sides = goals.sides
    wires = [*sides.equalities.values(), *(wire for _, wire in sides.computed.conditions)]
    size = int(np.prod(program.shapes[goals.node.name]))
    if widest(wires) > _MOST_BITS or size * _COUNT > _MOST_VALUES:
        return None
    for rate in _RATES:
        for seed in range(_SEEDS):
            samples = random_samples(program, _STEPS, _COUNT, rate, seed)
            watched = _Watched(program, goals, wires)
            for number, row in enumerate(samples):
                watched.advance(row)
                if watched.wrong is not None:
                    return samples[: number + 1, [watched.wrong]]
    return None


class _Watched(GoldenRun):
    """A run that computes the files' step of one layer beside the program's."""

    def __init__(self, program: Program, goals: LayerGoals, wires: list[Wire]) -> None:
        super().__init__(program, _COUNT)
        self.goals, self.wires = goals, wires
        # The first sample in which a step was wrong.
        self.wrong: int | None = None

    def neurons(self, node: Neuron) -> Samples:
        """Take a layer one step on, and return what it sends."""
        if node.name == self.goals.node.name:
            values: dict[str, NDArray[np.int64]] = dict(self.states[node.name])
            for edge, name in source_names(self.goals.sources).items():
                values[name] = self.value(edge)
            values |= node.parameters
            values |= {f"{FILE}{k}": v for k, v in self.goals.step.parameters.items()}
            shape = self.zeros[node.name].shape
            for right in run(self.wires, values):
                wrong = ~np.broadcast_to(np.asarray(right, bool), shape)
                samples = wrong.reshape(len(wrong), -1).any(axis=1)
                if self.wrong is None and samples.any():
                    self.wrong = int(np.argmax(samples))
        return super().neurons(node)


def solved(
    program: Program, goals: LayerGoals, neuron: tuple[int, ...], *, seconds: float, solver: str
) -> Samples | None:
    """Return integers (T, 1, ...) that a solver found, after which one neuron's step is wrong."""
    shape = program.shapes[goals.node.name]
    index = tuple(n % length for n, length in zip(neuron, shape, strict=False))
    index += (0,) * (len(shape) - len(index))
    weights = _weights(program, goals.node, index)
    if weights is None:
        return None
    for steps in range(1, _MOST_STEPS + 1):
        question, inputs = _chain(program, goals, neuron, weights, steps)
        (answer,) = asked([question], seconds=seconds, solver=solver)
        if answer.verdict == Verdict.REFUTED:
            samples = np.zeros((steps, 1, *program.input.shape), np.int64)
            flat = samples.reshape(steps, -1)
            for number, names in enumerate(inputs):
                for position, name in names.items():
                    flat[number, position] = answer.numbers.get(name, 0)
            return samples
    return None


def _weights(
    program: Program, node: Neuron, index: tuple[int, ...]
) -> dict[Edge, dict[int, int]] | None:
    """Return by edge how much each input value adds to one neuron's drive, if it is a sum."""
    size = int(np.prod(program.input.shape))
    for edge in node.inputs:
        source = program.by_name[edge.source]
        plain = source.name == program.input.name
        weighs = isinstance(source, Synapse) and source.source == Edge(program.input.name)
        # Sums that are shifted down, or that come late, are not those of one step.
        shifts = bool(vars(source).get("shift")) or vars(source).get("delays") is not None
        if edge.delay or shifts or not (plain or weighs):
            return None
    if size > _MOST_VALUES:
        return None
    probe = GoldenRun(program, size)
    probe.advance(np.eye(size, dtype=np.int64).reshape(size, *program.input.shape))
    rows = {}
    for edge in node.inputs:
        values = probe.value(edge)
        column = values.reshape(size, -1)[:, int(np.ravel_multi_index(index, values.shape[1:]))]
        rows[edge] = {int(n): int(column[n]) for n in np.flatnonzero(column)}
    used = {position for row in rows.values() for position in row}
    return rows if used and len(used) <= _MOST_INPUTS else None


def _chain(
    program: Program,
    goals: LayerGoals,
    neuron: tuple[int, ...],
    weights: dict[Edge, dict[int, int]],
    steps: int,
) -> tuple[Question, list[dict[int, str]]]:
    """Return the claim that the last of some steps from rest is right, and the inputs' names."""
    circuit, node = Circuit(), goals.node
    own = {k: circuit.constant(v) for k, v in goals.rows.values_of(neuron).items()}
    parameters = {name: own[name] for name in node.parameters}
    files = {name: own[f"{FILE}{name}"] for name in goals.step.parameters}
    states = dict.fromkeys(node.equations.states, circuit.constant(0))
    values = _input_range(program)
    used = sorted({position for row in weights.values() for position in row})
    names: list[dict[int, str]] = []
    assumed: list[Wire] = []
    right: list[Wire] = []
    for number in range(steps):
        names.append({position: f"input.{number}.{position}" for position in used})
        bits = max(bits_of(values.low), bits_of(values.high))
        wires = {p: circuit.variable(name, bits) for p, name in names[-1].items()}
        assumed += [circuit.within(wire, values.low, values.high) for wire in wires.values()]
        sources = {edge: _sum(circuit, row, wires) for edge, row in weights.items()}
        # A register that would wrap is another sum.
        for edge, total in sources.items():
            assumed.append(circuit.within(total, *_ends(goals.sources[edge])))
        drives = {
            port: _total(circuit, [sources[edge] for edge in edges])
            for port, edges in node.drives.items()
        }
        expected = exact_step(circuit, node.integer_equations, states, drives, parameters)
        computed = goals.step.compute(circuit, Leaves(states, sources, files))
        right = [
            *(circuit.equal(wire, computed.next_states[s]) for s, wire in expected[0].items()),
            circuit.equal(expected[1], computed.output),
            *(wire for _, wire in computed.conditions),
        ]
        states = expected[0]
    claimed = circuit.every(right)
    return Question(f"{node.name}.samples", circuit, tuple(assumed), claimed), names


def _input_range(program: Program) -> Interval:
    """Return the values of the samples that are searched."""
    encoding = program.input.encoding
    if encoding is not None:
        return Interval(encoding.low, encoding.high)
    if program.input.signal == Signal.SPIKES:
        return Interval(0, 1)
    return Interval(-(1 << 20), 1 << 20)


def _sum(circuit: Circuit, row: dict[int, int], wires: dict[int, Wire]) -> Wire:
    terms = [circuit.multiply(wires[p], circuit.constant(w)) for p, w in row.items()]
    return _total(circuit, terms)


def _total(circuit: Circuit, terms: list[Wire]) -> Wire:
    total = circuit.constant(0)
    for term in terms:
        total = circuit.add(total, term)
    return total


def _ends(values: Interval) -> tuple[int, int]:
    return values.low, values.high
