"""The check that every weight reaches the simulation unchanged: `loader` models the changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from neurodeploy.program import Dense, Integers, Synapse
from neurodeploy.target import Finding
from snncore.dynamics.arithmetic.interval import Interval
from targets.loihi.chip.format import FORMAT
from targets.loihi.file.loader import loaded_together
from targets.loihi.findings import error, place_of, warning

_WEIGHTS = Interval(FORMAT.weights.minimum, FORMAT.weights.maximum)
# Without a sign, each of the eight bits is one of magnitude.
_ONE_SIGN = Interval(-255, 255)


def weight_findings(nodes: Sequence[Synapse]) -> Iterator[Finding]:
    """Yield what is wrong with weights that the loader scales together."""
    name = f"{nodes[0].name}.weight"
    empty = next((node for node in nodes if node.narrow_weight.size == 0), None)
    if empty is not None:
        yield error(
            f"{empty.name}.weight", "there are none", "give the layer an input and an output"
        )
        return
    low = min(int(node.narrow_weight.min()) for node in nodes)
    high = max(int(node.narrow_weight.max()) for node in nodes)
    if low == 0 == high and isinstance(nodes[0], Dense):
        remedy = "train the layer, prune it from the network, or keep one weight"
        yield error(name, "every weight is 0, which the loader cannot load", remedy)
        return
    one_sign = low >= 0 or high <= 0
    outside = list(_outside(nodes, _ONE_SIGN if one_sign else _WEIGHTS))
    if outside:
        yield outside[0]
        return
    if all(isinstance(node, Dense) for node in nodes):
        yield from _changed(nodes)
    odd = any((node.narrow_weight & 1).any() for node in nodes)
    if not one_sign and odd and max(-low - 1, high) > 127:
        message = "odd weights beyond 127 need nine bits, which the chip does not have"
        yield warning(name, message, "use quant layers, whose weights are even")


def _outside(nodes: Sequence[Synapse], limits: Interval) -> Iterator[Finding]:
    remedy = "use quant layers, clamp the weights, or scale weights and threshold by 1/2"
    for node in nodes:
        where = np.argwhere((node.narrow_weight < limits.low) | (node.narrow_weight > limits.high))
        if len(where):
            value = int(node.narrow_weight[tuple(where[0])])
            message = f"{value} does not fit {limits.low}..{limits.high} of 8 bits"
            yield error(place_of(f"{node.name}.weight", where[0]), message, remedy)


def _changed(nodes: Sequence[Synapse]) -> Iterator[Finding]:
    """Yield the weights that the loader would silently change."""
    loaded = loaded_together([node.narrow_weight for node in nodes])
    for node, synapse in zip(nodes, loaded or (), strict=False):
        if synapse.shift == 0 and (synapse.weight == node.narrow_weight).all():
            continue
        effective = synapse.weight / 2.0**synapse.shift
        index: Integers = np.argwhere(effective != node.narrow_weight)[0]
        value = int(node.narrow_weight[tuple(index)])
        yield error(
            place_of(f"{node.name}.weight", index),
            f"the loader would make {value} into {effective[tuple(index)]:g}, since no weight of "
            f"the layer is positive and the lowest is {int(node.narrow_weight.min())}",
            "make a weight positive, or make the weights even and the lowest not a power of two",
        )
