"""The chip's neuron: one step as equations, and the numbers that the chip computes it with."""

from __future__ import annotations

from typing import Any

from neurodeploy.target import ExampleNeuron
from snncore.dynamics import Format, NumberSystem, select, spike, trace

# States have 16 bits and saturate at both ends.
LARGEST_STATE = (1 << 15) - 1


def _step(v: Any, x: Any, *, threshold: Any) -> Any:
    """Integrate the input; at the threshold fire, and begin again at 0."""
    h = v + x
    s = spike(h - threshold)
    return select(s, 0.0, h), s


EQUATIONS = trace(_step, states=("v",), parameters=("threshold",), name="Mychip")
NUMBERS = NumberSystem("mychip", (("v", Format(16, 0)),), (("threshold", 0),))

# The conformance kit builds a network of every structure of these neurons.
EXAMPLES = {"neuron": ExampleNeuron(EQUATIONS, NUMBERS, {"threshold": 90})}
