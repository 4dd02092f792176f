"""A chip's facts that a chain of layers needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snncore.dynamics import Equations, NumberSystem
from snncore.dynamics.arithmetic.interval import Interval


@dataclass(frozen=True)
class ChainForm:
    """The neurons that stand side by side in a layer, and the numbers that relay a spike."""

    equations: Equations
    system: NumberSystem
    # The weights of a layer that holds both signs.
    weights: Interval
    # Parameters with which a neuron sends on a spike that comes in by `relay_weight`.
    relay: Mapping[str, int]
    relay_weight: int
    # Parameters with which a neuron fires if two spikes come in by that, and not for one.
    both: Mapping[str, int]
    # Parameters with which a neuron never fires while its sums are at most `most_silent`.
    silent: Mapping[str, int]
    most_silent: int
    # The registers of dense sums and of convolutions.
    dense_bits: int
    kernel_bits: int
    # The other target that a refused network may go to.
    elsewhere: str = "onnx"
    # Those that one with attention may go to.
    attentive: str = "onnx"
