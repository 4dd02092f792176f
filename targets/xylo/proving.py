"""The chip's step, written from SynSense's documentation of it, with the numbers of a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.program import Integers, Neuron
from neurodeploy.target import chip_part
from neurodeploy.target.steps import ArtifactSteps, ComputedStep, LayerStep, Leaves, SumBound
from snncore.dynamics.bits.circuit import Circuit, Wire
from targets.xylo.bounds import bounds_of
from targets.xylo.chain import Layer, blocks, channel_events
from targets.xylo.check import accepted
from targets.xylo.format import LARGEST, LOWEST, STATE_BITS
from targets.xylo.neuron import LARGEST_SHIFT, MOST_HIDDEN, MOST_OUTPUT
from targets.xylo.read import Specification, read_artifact, specification_in

_ORIGIN = "Xylo's documented formulas, with the numbers of specification.json"


def steps_in(artifact: Artifact) -> ArtifactSteps:
    """Return the steps that the chip computes with a file's numbers.

    Raises:
        ArtifactError: if the file is damaged.
    """
    program = chip_part(read_artifact(artifact))
    layers, chip = accepted(program), specification_in(artifact)
    steps = {}
    for first, layer in blocks(layers):
        own = slice(first, first + layer.size)
        steps[layer.neuron.name] = _step(layer.neuron, chip, own, "", MOST_HIDDEN)
    last = layers[-1].neuron
    steps[last.name] = _step(last, chip, slice(None), "_out", MOST_OUTPUT)
    return ArtifactSteps(program, steps, _sums(layers, channel_events(program)))


def _step(node: Neuron, chip: Specification, own: slice, end: str, most: int) -> LayerStep:
    """Return the step of some of the chip's neurons."""
    parameters = {
        "current_share": _shares(chip.values[f"dash_syn{end}"][own]),
        "voltage_share": _shares(chip.values[f"dash_mem{end}"][own]),
        "threshold": chip.values[f"threshold{end}"][own],
    }

    def compute(circuit: Circuit, leaves: Leaves) -> ComputedStep:
        events = circuit.constant(0)
        for edge in node.inputs:
            events = circuit.add(events, leaves.sources[edge])
        return _computed(circuit, leaves, events, most)

    return LayerStep(_ORIGIN, parameters, compute)


def _shares(dashes: Integers) -> Integers:
    """Return what a shift leaves of 2**15, for each neuron."""
    return np.int64(1 << LARGEST_SHIFT) >> dashes


def _computed(circuit: Circuit, leaves: Leaves, events: Wire, most: int) -> ComputedStep:
    """Return a step: events, the leak of the current, that of the voltage, and spikes.

    It is written without cases, as hardware would have it. The conditions state that each of its
    parts is the documented one, so that solvers need not look for that through 31 subtractions.
    """
    c, states, parameters = circuit, leaves.states, leaves.parameters
    charge = _saturated(c, c.add(states["u"], events))
    leaks = [
        _Leak.of(c, charge, parameters["current_share"]),
        _Leak.of(c, states["v"], parameters["voltage_share"]),
    ]
    left = c.subtract(charge, leaks[0].taken)
    current = _saturated(c, left)
    conditions = [("the current stays within its register", c.equal(current, left))]
    conditions += [("a leak is the documented one", each.as_documented(c)) for each in leaks]
    change = _saturated(c, c.subtract(current, leaks[1].taken))
    voltage, threshold = _saturated(c, c.add(states["v"], change)), parameters["threshold"]
    count = c.constant(0)
    for _ in range(most):
        rest = _saturated(c, c.subtract(voltage, threshold))
        fires = c.less_equal(c.constant(0), rest)
        documented = c.equal(fires, c.less_equal(threshold, voltage))
        conditions.append(("a neuron fires at its threshold", documented))
        # One that does not reach it any more stays as it is.
        voltage = c.choose(fires, rest, voltage)
        count = c.add(count, c.number(fires))
    following = {"charge": charge, "u": current, "change": change, "v": voltage}
    return ComputedStep(following, count, tuple(conditions))


@dataclass(frozen=True)
class _Leak:
    """The leak of a value, and the value shifted to the right by its neuron's number."""

    value: Wire
    shifted: Wire
    taken: Wire

    @classmethod
    def of(cls, c: Circuit, value: Wire, share: Wire) -> _Leak:
        """Return the larger of the shifted value and, for one above zero, 1.

        A shift by a neuron's own number is a product with a power of two, rounded down.
        """
        shifted = c.shift_floor(c.multiply(share, value), LARGEST_SHIFT)
        least = c.negate(c.shift_floor(c.negate(value), LARGEST_SHIFT))
        smaller = c.choose(c.less(value, least), value, least)
        return cls(value, shifted, c.choose(c.less(smaller, shifted), shifted, smaller))

    def as_documented(self, c: Circuit) -> Wire:
        """Return whether it is the shifted value, or 1 with its sign where that is 0."""
        zero = c.constant(0)
        negative, positive = c.less(self.value, zero), c.less(zero, self.value)
        one = c.choose(negative, c.constant(-1), c.number(positive))
        return c.equal(self.taken, c.choose(c.equal(self.shifted, zero), one, self.shifted))


def _saturated(c: Circuit, value: Wire) -> Wire:
    """Return a number as a register of 16 bits holds it, which stops at its ends."""
    low, high = c.constant(LOWEST), c.constant(LARGEST)
    within = c.choose(c.less(value, low), low, c.choose(c.less(high, value), high, value))
    return c.low(within, STATE_BITS)


def _sums(layers: list[Layer], events: int) -> dict[str, SumBound]:
    """Return the largest current that events may bring about, one after another."""
    bounds = zip(layers, bounds_of(layers, events), strict=True)
    words = f"int{STATE_BITS}, one event after another"
    return {
        node.name: SumBound(bound.largest, LARGEST, words)
        for layer, bound in bounds
        for node in layer.synapses
    }
