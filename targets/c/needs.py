"""The memory that a network needs: flash, and RAM for one `nd_network`.

The arrays and the struct are exact for processors of 32 bits. The code is estimated from the number
of its statements, by what zig makes of the conformance kit's networks for a Cortex-M4 at -Os: as
much a statement as the largest of these took.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from neurodeploy.errors import DoesNotFitError, ValidationError
from targets.c.text.network import Network
from targets.c.text.synapses import integer_width_of
from targets.c.text.words import integer_width

_A_STATEMENT = 8
_SIZE = re.compile(r"(\d{1,10})([KM]?)")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


@dataclass(frozen=True)
class Needs:
    """Bytes: of numbers and code in flash, and of the state in RAM."""

    numbers: int
    code: int
    ram: int

    @property
    def flash(self) -> int:
        """The bytes in flash."""
        return self.numbers + self.code


def needs_of(network: Network) -> Needs:
    """Return the memory that a network needs."""
    numbers = sum(layer_bytes(network, name) for name in network.memory.numbers)
    statements = network.code().count(";")
    return Needs(numbers, statements * _A_STATEMENT, network.ram)


def layer_bytes(network: Network, name: str) -> int:
    """Return the bytes of a node's constant arrays."""
    size = 0
    for weights in network.weights:
        if weights.node.name == name:
            size += weights.node.narrow_weight.size * integer_width_of(weights.node) // 8
            if weights.delays is not None:
                size += weights.delays.size * integer_width(weights.delays) // 8
    for layer in network.layers:
        if layer.node.name == name:
            arrays = [layer.node.parameters[key] for key in layer.step.parameters]
            size += sum(each.size * integer_width(each) // 8 for each in arrays)
    return size


def bytes_of(name: str, text: str) -> int | None:
    """Return the bytes that an option allows, such as 256K, or None for any number.

    Raises:
        ValidationError: if the text is not a size.
    """
    if text == "any":
        return None
    size = _SIZE.fullmatch(text.upper().removesuffix("B"))
    if size is None:
        raise ValidationError(f"option {name}: {text!r} is not a size", remedy="write 256K or 1M")
    return int(size[1]) * _UNITS[size[2]]


def require_room(network: Network, flash: int | None, ram: int | None) -> None:
    """Check that a network fits the memory that there is.

    Raises:
        DoesNotFitError: otherwise; names the layer that takes most.
    """
    needs = needs_of(network)
    if ram is not None and needs.ram > ram:
        sizes = {n.name: sum(f[3] * (f[2] or 1) for f in row) for n, row in network.fields}
        dense = "--option form=dense, or " if network.by_event else ""
        _refuse("RAM", needs.ram, ram, sizes, f"use {dense}fewer neurons")
    if flash is not None and needs.flash > flash:
        sizes = {name: layer_bytes(network, name) for name in network.memory.numbers}
        _refuse("flash", needs.flash, flash, sizes, "use fewer or narrower weights")


def _refuse(what: str, needed: int, allowed: int, sizes: dict[str, int], remedy: str) -> None:
    largest = max(sizes, key=lambda name: sizes[name])
    raise DoesNotFitError(
        f"{largest}: the network takes {needed:,} bytes of {what}, of which {sizes[largest]:,} are "
        f"this layer's, and there are {allowed:,}",
        remedy=remedy,
    )
