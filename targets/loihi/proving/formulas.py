"""The steps of Lava's fixed-point processes, written from their documented formulas.

A file has no text of a step: it names a kind of neurons, which Lava's process of that kind computes
on words of 32 bits, with products of 64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from snncore.dynamics import Equations
from snncore.dynamics.bits.circuit import Circuit, Wire
from snncore.dynamics.zoo.readout import CUBA_INTEGRATOR
from snncore.dynamics.zoo.resonator import RESONATOR
from snncore.dynamics.zoo.sigma_delta import DELTA, SIGMA, SIGMA_DELTA
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF
from targets.loihi.chip.format import (
    ADDER_BITS,
    DECAY_BITS,
    FRACTION,
    RESETTING_RESONATOR,
    STATE_BITS,
    UNITY,
)

# States and inputs by name, and parameters, to the next states and what is sent.
Formula = Callable[
    ["Lava", Mapping[str, Wire], Mapping[str, Wire], Mapping[str, Wire]],
    tuple[dict[str, Wire], Wire],
]


@dataclass(frozen=True)
class Lava:
    """The operations that Lava's processes are made of."""

    circuit: Circuit

    def word(self, a: Wire) -> Wire:
        """Return what a word of the process holds of a number."""
        return self.circuit.low(a, ADDER_BITS)

    def number(self, value: int) -> Wire:
        """Return a constant."""
        return self.circuit.constant(value)

    def shifted(self, product: Wire) -> Wire:
        """Return the sign of a product times its shifted magnitude."""
        c = self.circuit
        negative = c.less(product, self.number(0))
        size = c.choose(negative, c.negate(product), product)
        size = c.shift_floor(size, DECAY_BITS)
        return c.choose(negative, c.negate(size), size)

    def aligned(self, a: Wire) -> Wire:
        """Return a number with the fraction of a state."""
        return self.word(self.circuit.shift_left(a, FRACTION))

    def clipped(self, a: Wire) -> Wire:
        """Return a state that stops at the ends of its register."""
        c, most = self.circuit, (1 << (STATE_BITS - 1)) - 1
        low, high = self.number(-most), self.number(most)
        return c.choose(c.less(high, a), high, c.choose(c.less(a, low), low, a))


def lif(
    lava: Lava,
    states: Mapping[str, Wire],
    inputs: Mapping[str, Wire],
    parameters: Mapping[str, Wire],
) -> tuple[dict[str, Wire], Wire]:
    """Return a step of leaky integrate and fire with a current."""
    c, most = lava.circuit, 1 << (STATE_BITS - 1)
    unity, turn = lava.number(UNITY), lava.number(2 * most)
    left = c.subtract(unity, parameters["current_decay"])
    u = lava.word(lava.shifted(c.multiply(left, states["u"])))
    u = lava.word(c.add(u, lava.aligned(lava.word(inputs["x"]))))
    above = c.choose(c.less(lava.number(most), u), c.subtract(u, turn), u)
    below = c.less_equal(above, lava.number(-most))
    u = lava.word(c.choose(below, c.add(u, turn), above))
    left = c.subtract(unity, parameters["voltage_decay"])
    v = lava.word(lava.shifted(c.multiply(left, states["v"])))
    v = lava.clipped(lava.word(c.add(c.add(v, u), lava.aligned(parameters["bias"]))))
    fired = c.less(c.shift_left(parameters["threshold"], FRACTION), v)
    return {"u": u, "v": c.choose(fired, lava.number(0), v)}, c.number(fired)


def _turned(
    lava: Lava,
    states: Mapping[str, Wire],
    inputs: Mapping[str, Wire],
    parameters: Mapping[str, Wire],
) -> tuple[Wire, Wire]:
    """Return the next parts of a resonator's state before it is reset."""
    c = lava.circuit
    sine, cosine = parameters["sine"], parameters["cosine"]
    real, imag = states["real"], states["imag"]

    def product(factor: Wire, state: Wire) -> Wire:
        return lava.shifted(c.multiply(factor, state))

    turned = c.subtract(product(cosine, real), product(sine, imag))
    first = lava.clipped(c.add(turned, lava.aligned(inputs["a"])))
    turned = c.add(product(sine, real), product(cosine, imag))
    return first, lava.clipped(c.add(turned, lava.aligned(inputs["b"])))


def resonator(
    lava: Lava,
    states: Mapping[str, Wire],
    inputs: Mapping[str, Wire],
    parameters: Mapping[str, Wire],
) -> tuple[dict[str, Wire], Wire]:
    """Return a step of resonate and fire by the phase."""
    c = lava.circuit
    real, imag = _turned(lava, states, inputs, parameters)
    threshold, zero = c.shift_left(parameters["threshold"], FRACTION), lava.number(0)
    fired = c.every(
        [
            c.less_equal(threshold, real),
            c.less_equal(zero, imag),
            c.less(states["imag"], zero),
        ]
    )
    return {"real": real, "imag": imag}, c.number(fired)


def resetting_resonator(
    lava: Lava,
    states: Mapping[str, Wire],
    inputs: Mapping[str, Wire],
    parameters: Mapping[str, Wire],
) -> tuple[dict[str, Wire], Wire]:
    """Return a step of resonate and fire with a reset."""
    c = lava.circuit
    real, imag = _turned(lava, states, inputs, parameters)
    threshold = c.shift_left(parameters["threshold"], FRACTION)
    fired = c.less_equal(threshold, imag)
    below = c.subtract(threshold, lava.number(1))
    following = {
        "real": c.choose(fired, lava.number(0), real),
        "imag": c.choose(fired, below, imag),
    }
    return following, c.number(fired)


def _sent(lava: Lava, new: Wire, states: Mapping[str, Wire], threshold: Wire) -> dict[str, Wire]:
    """Return the states of a neuron that sends changes, and what it sends as "sent"."""
    c, zero = lava.circuit, lava.number(0)
    change = lava.word(c.add(lava.word(c.subtract(new, states["act"])), states["residue"]))
    size = lava.word(c.choose(c.less(change, zero), c.negate(change), change))
    large = c.less_equal(lava.aligned(threshold), size)
    sent = c.choose(large, change, zero)
    residue = lava.word(c.subtract(change, sent))
    return {"act": new, "residue": residue, "change": change, "sent": sent}


def delta(
    lava: Lava,
    states: Mapping[str, Wire],
    inputs: Mapping[str, Wire],
    parameters: Mapping[str, Wire],
) -> tuple[dict[str, Wire], Wire]:
    """Return a step of neurons that send the changes of their input."""
    c = lava.circuit
    new = lava.aligned(lava.word(c.multiply(parameters["gain"], inputs["x"])))
    following = _sent(lava, new, states, parameters["threshold"])
    return following, c.shift_floor(following.pop("sent"), FRACTION)


def sigma_delta(
    lava: Lava,
    states: Mapping[str, Wire],
    inputs: Mapping[str, Wire],
    parameters: Mapping[str, Wire],
) -> tuple[dict[str, Wire], Wire]:
    """Return a step of neurons that send the changes of a rectified sum."""
    c, zero = lava.circuit, lava.number(0)
    sigma = lava.word(c.add(states["sigma"], lava.word(inputs["x"])))
    total = lava.word(c.add(sigma, lava.aligned(parameters["bias"])))
    new = c.choose(c.less(total, zero), zero, total)
    following = _sent(lava, new, states, parameters["threshold"])
    output = c.shift_floor(following.pop("sent"), FRACTION)
    return {"sigma": sigma, **following}, output


def sigma(
    lava: Lava,
    states: Mapping[str, Wire],
    inputs: Mapping[str, Wire],
    parameters: Mapping[str, Wire],
) -> tuple[dict[str, Wire], Wire]:
    """Return a step of neurons that add up."""
    total = lava.word(lava.circuit.add(states["sigma"], lava.word(inputs["x"])))
    return {"sigma": total}, total


FORMULAS: tuple[tuple[Equations, Formula], ...] = (
    (CUBA_LIF, lif),
    (DRIVEN_CUBA_LIF, lif),
    (CUBA_INTEGRATOR, lif),
    (RESONATOR, resonator),
    (RESETTING_RESONATOR, resetting_resonator),
    (DELTA, delta),
    (SIGMA_DELTA, sigma_delta),
    (SIGMA, sigma),
)
