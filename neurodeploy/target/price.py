"""The price of another structure: neurons, synapses and cores, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurodeploy.chips.resources import Placement
from neurodeploy.data.structure import Pair
from neurodeploy.program import Program
from neurodeploy.target.protocol import KnowsChips, Target


@dataclass(frozen=True)
class Price:
    """The needs of a network as it is, and in the structure that a target's files hold."""

    neurons: Pair
    synapses: Pair
    # For each chip: its cores; 0 where a neuron has no room on one.
    cores: Mapping[str, Pair]

    def sentence(self) -> str:
        """Return the price in words."""
        words = [f"{name} {_change(pair)}" for name, pair in self.cores.items()]
        counts = f"{_change(self.neurons)} neurons, {_change(self.synapses)} synapses"
        return f"branches as a chain of layers: {counts}, cores: {', '.join(words)}"


def price_of(before: Program, after: Program, chip: Target) -> Price | None:
    """Return the price of a target's structure, or None if the network has it already."""
    if after is before or not isinstance(chip, KnowsChips):
        return None
    pairs = list(zip(chip.placements(before), chip.placements(after), strict=True))
    cores = {old.chip: (len(old.cores), len(new.cores)) for old, new in pairs}
    old, new = pairs[0]
    return Price((_neurons(old), _neurons(new)), (_synapses(old), _synapses(new)), cores)


def _neurons(placed: Placement) -> int:
    return sum(each.neurons for each in placed.layers)


def _synapses(placed: Placement) -> int:
    return sum(each.synapses for each in placed.layers)


def _change(pair: Pair) -> str:
    return f"{pair[0]:,} -> {pair[1]:,}"
