"""The largest currents and counts of spikes that any input can bring about.

The chip adds the events of a step to a current one after another, and each of these sums saturates;
a program adds them up first. Both are the same as long as no sum leaves the register, which is
proved here from the weights of one sign alone:

1. A current that leaks by a shift of k and receives at most P in a step stays within P * 2^k.
2. A voltage below its threshold that a current of at most I drives fires (threshold - 1 + I) /
   threshold times, rounded down, and at most as often as the neuron can.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.program import Integers
from targets.xylo.chain import Layer
from targets.xylo.format import LARGEST, LOWEST, shift_of
from targets.xylo.neuron import MOST_HIDDEN, MOST_OUTPUT

_TURNS = 64


@dataclass(frozen=True)
class LayerBound:
    """The ends of each current of a layer, and its neurons' spikes."""

    highest: Integers
    lowest: Integers
    # The most spikes in one step.
    counts: Integers

    @property
    def saturates(self) -> Integers:
        """The numbers of the neurons whose current may leave its register."""
        return np.flatnonzero((self.highest > LARGEST) | (self.lowest < LOWEST))

    @property
    def largest(self) -> int:
        """The largest size of a current, on the positive side's scale."""
        return max(int(self.highest.max()), -int(self.lowest.min()) - 1, 0)


def bounds_of(layers: list[Layer], events: int) -> list[LayerBound]:
    """Return the bounds of every layer, whose first one reads so many events a channel."""
    sent = np.full(layers[0].forward.weight.shape[1], events, dtype=np.int64)
    bounds = []
    for layer in layers:
        most = MOST_OUTPUT if layer is layers[-1] else MOST_HIDDEN
        bound = _settled(layer, sent, most)
        bounds.append(bound)
        sent = bound.counts
    return bounds


def _settled(layer: Layer, sent: Integers, most: int) -> LayerBound:
    """Return the smallest counts of a layer that its own loop does not exceed."""
    counts = np.zeros(layer.size, dtype=np.int64)
    bound = _bound(layer, sent, counts, most)
    turns = 0
    while layer.back is not None and (grows := bound.counts > counts).any():
        # What still grows after many turns is taken to have no end of its own.
        counts = np.where(grows, bound.counts if turns < _TURNS else most, counts)
        bound, turns = _bound(layer, sent, counts, most), turns + 1
    return bound


def _bound(layer: Layer, sent: Integers, own: Integers, most: int) -> LayerBound:
    pairs = [(each.weight, own if each is layer.back else sent) for each in layer.synapses]
    up = sum(np.maximum(weight, 0) @ counts for weight, counts in pairs)
    down = sum(np.minimum(weight, 0) @ counts for weight, counts in pairs)
    shifts = np.array([shift_of(int(value)) or 0 for value in layer.spread("current_decay")])
    highest, lowest = np.asarray(up << shifts), np.asarray(down << shifts)
    threshold = layer.spread("threshold")
    # What is left of the current after its leak drives the voltage.
    voltage = np.minimum(threshold - 1 + highest - up, LARGEST)
    return LayerBound(highest, lowest, np.minimum(voltage // threshold, most))
