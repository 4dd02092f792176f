"""The limits of the chips, and what a network takes of them.

The numbers are those of Rockpool 3.1.0's documentation and of its mappers for these chips.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodeploy.chips.resources import Core, LayerNeeds, Placement, Slice, Use
from targets.xylo.chain import Layer, blocks
from targets.xylo.format import CHANNELS

_WEIGHT_BITS = 8


@dataclass(frozen=True)
class Chip:
    """One chip's limits."""

    name: str
    hidden: int
    outputs: int
    # The hidden neurons, from the first on, that input channels reach; None if all.
    reached: int | None
    # The hidden neurons, up to the last one, that outputs read; None if all.
    read: int | None
    # The synapses from one hidden neuron to others, and of all of them.
    fan_out: int
    synapses: int


AUDIO_2 = Chip("Xylo Audio 2", 1000, 8, None, None, 64, 32 * 1000)
AUDIO_3 = Chip("Xylo Audio 3", 992, 32, 128, 128, 1024, 32 * 992)
CHIPS = (AUDIO_2, AUDIO_3)
_NOTES = (
    "limits are those of Rockpool 3.1.0's documentation and mappers",
    "32 synapses a hidden neuron on average, for each of its two currents, of which one is used",
)


def placement(layers: list[Layer], chip: Chip) -> Placement:
    """Return the network on the one core of a chip, or why it does not fit."""
    hidden = sum(layer.size for layer in layers[:-1])
    fan_out = _fan_out(layers)
    slices = tuple(Slice(layer.neuron.name, 0, layer.size) for layer in layers)
    uses = (
        Use("input channels", int(layers[0].forward.weight.shape[1]), CHANNELS),
        Use("hidden neurons", hidden, chip.hidden),
        Use("output neurons", layers[-1].size, chip.outputs),
        Use("synapses between hidden neurons", int(fan_out.sum()), chip.synapses),
    )
    needs = tuple(_needs(layer) for layer in layers)
    problems = tuple(_problems(layers, chip, uses, fan_out))
    cores = (Core(slices, uses),)
    return Placement(chip.name, cores, 1, needs, problems, _NOTES)


def _problems(
    layers: list[Layer], chip: Chip, uses: tuple[Use, ...], fan_out: np.ndarray
) -> Iterator[tuple[str, str]]:
    last, widest = layers[-1], max(layers[:-1], key=lambda layer: layer.size)
    places = (layers[0], widest, last, widest)
    for use, layer in zip(uses, places, strict=True):
        if use.limit is not None and use.used > use.limit:
            yield layer.neuron.name, f"takes part in {_beyond(use.used, use.what, use.limit, chip)}"
    first, before = layers[0], layers[-2]
    if chip.reached is not None and first.size > chip.reached:
        words = _beyond(first.size, "neurons that inputs reach", chip.reached, chip)
        yield first.neuron.name, f"has {words}"
    if chip.read is not None and before.size > chip.read:
        words = _beyond(before.size, "neurons that outputs read", chip.read, chip)
        yield before.neuron.name, f"has {words}"
    for first_number, layer in blocks(layers):
        most = int(fan_out[first_number : first_number + layer.size].max(initial=0))
        if most > chip.fan_out:
            words = _beyond(most, "synapses to others", chip.fan_out, chip)
            yield layer.neuron.name, f"has a neuron with {words}"


def _beyond(used: int, what: str, limit: int, chip: Chip) -> str:
    return f"{used} {what}, and {chip.name} has {limit}"


def _fan_out(layers: list[Layer]) -> np.ndarray:
    """Return the synapses of each hidden neuron to hidden neurons."""
    total = sum(layer.size for layer in layers[:-1])
    counts = np.zeros(total, dtype=np.int64)
    following = dict(zip(map(id, layers), layers[1:-1], strict=False))
    for first, layer in blocks(layers):
        own = slice(first, first + layer.size)
        if layer.back is not None:
            counts[own] += np.count_nonzero(layer.back.weight, axis=0)
        after = following.get(id(layer))
        if after is not None:
            counts[own] += np.count_nonzero(after.forward.weight, axis=0)
    return counts


def _needs(layer: Layer) -> LayerNeeds:
    connected = sum(np.count_nonzero(each.weight, axis=1) for each in layer.synapses)
    synapses = int(np.sum(connected))
    return LayerNeeds(
        layer.neuron.name,
        layer.size,
        fan_in=int(np.max(connected)),
        synapses=synapses,
        synapse_bits=synapses * _WEIGHT_BITS,
        encoding="one weight a synapse",
        delay=0,
        message_bits=0,
        cores=1,
    )
