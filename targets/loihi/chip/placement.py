"""The greedy placement of a network on the cores of a chip, from the last layer to the first.

A core is filled with neurons until one of its limits is reached. Because it works backward, a
layer's neurons know to how many cores they send, so axons out are counted while neurons are placed.
A layer that reads itself is placed again until its number of cores is the assumed one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np

from neurodeploy.chips.resources import Core, LayerNeeds, Placement, Slice, Use
from neurodeploy.program import Flatten, Integers, Neuron, Program, Synapse
from snncore.dynamics.zoo.readout import shows_voltage
from targets.loihi.chip.chips import CHIPS, MESSAGE_BITS, Chip
from targets.loihi.chip.connections import Connections
from targets.loihi.chip.spread import sent_away, spread_over

_TRIES = 5


@dataclass
class _Open:
    """A core that is being filled."""

    slices: list[Slice] = field(default_factory=list)
    neurons: int = 0
    axons_in: int = 0
    axons_out: int = 0
    bits: int = 0


@dataclass(frozen=True)
class _Layer:
    node: Neuron
    neurons: int
    inputs: tuple[Connections, ...]

    @cached_property
    def least_bits(self) -> Integers:
        """The minimum bits of the neurons up to each one."""
        each = sum((link.least_bits() for link in self.inputs), np.zeros(self.neurons, np.int64))
        return np.concatenate([[0], np.cumsum(each)])

    @property
    def reads_itself(self) -> bool:
        """Whether its own spikes come back to it."""
        return any(each.source == self.node.name for each in self.inputs)

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """Return the axons in, and the bits of synapse memory, of a range of neurons."""
        axons = bits = 0
        for each in self.inputs:
            more = each.needs(first, last, each.events(first, last))
            axons, bits = axons + more[0], bits + more[1]
        return axons, bits


class _DoesNotFitError(Exception):
    """An error: one neuron needs more than an empty core has."""


def placement(program: Program, chip: Chip, *, spread: bool = True) -> Placement:
    """Return the network on the chip's cores, or why it does not fit.

    Without `spread`, cores that need several chips are not dealt to them, which takes longest.
    """
    layers = layers_of(program, chip)
    try:
        cores, of_layer = _placed(layers, chip)
    except _DoesNotFitError as error:
        problem = (str(error.args[0]), str(error.args[1]))
        return Placement(chip.name, (), chip.cores, _needs(layers, {}), (problem,), chip.notes)
    problems = tuple(_lacking(layers, chip))
    limit, chips = chip.cores, None
    if len(cores) > chip.cores:
        board = next((each for each in chip.boards if len(cores) <= each.chips * limit), None)
        if board is None:
            problems = (*problems, _crowded(of_layer, len(cores), chip))
        else:
            if spread:
                links = {layer.node.name: layer.inputs for layer in layers}
                chips = spread_over(board, cores, links, chip.cores)
            limit *= board.chips
    needs = _needs(layers, of_layer)
    return Placement(chip.name, cores, limit, needs, problems, chip.notes, chips)


def crossings(program: Program, placed: Placement) -> dict[str, Integers]:
    """Return for each layer to how many cores of other chips each of its neurons sends."""
    chip = next(each for each in CHIPS if each.name == placed.chip)
    layers = layers_of(program, chip)
    return sent_away(placed, {layer.node.name: layer.inputs for layer in layers})


def layers_of(program: Program, chip: Chip) -> list[_Layer]:
    """Return the layers of neurons with their synapses."""
    return [_layer(program, node, chip) for node in program.layers]


def _crowded(of_layer: dict[str, tuple[int, int]], cores: int, chip: Chip) -> tuple[str, str]:
    """Return the layer that takes most of too many cores, and the number that there are."""
    largest = max(of_layer, key=lambda name: of_layer[name][0])
    most = max((board.chips for board in chip.boards), default=1)
    words = f"{chip.name} has {chip.cores}"
    if most > 1:
        words = f"{chip.boards[-1].name} has {most * chip.cores} on {most} chips of {chip.name}"
    takes = f"takes {of_layer[largest][0]} of the {cores} cores that the network needs, and "
    return largest, takes + words


def _lacking(layers: list[_Layer], chip: Chip) -> Iterator[tuple[str, str]]:
    for layer in layers:
        if layer.node.ports is not None and not chip.programmable:
            name = layer.node.equations.name
            yield layer.node.name, f"has {name} neurons, and those of {chip.name} are CUBA LIF"
        if _sends_numbers(layer.node) and not chip.message_bits:
            yield layer.node.name, f"sends numbers, and a spike of {chip.name} carries none"


def _layer(program: Program, node: Neuron, chip: Chip) -> _Layer:
    inputs = []
    for edge in node.inputs:
        synapse = program.by_name[edge.source]
        if not isinstance(synapse, Synapse):
            continue
        name = synapse.source.source
        # A loop's own step is not a delay of its synapses.
        late = max(each.delay for each in synapse.sources) - synapse.source.delay
        shape = program.shapes[name]
        while isinstance(flat := program.by_name[name], Flatten):
            name = flat.source.source
        target = program.shapes[synapse.name]
        memory = (chip.shares_kernels, chip.packing_known)
        inputs.append(Connections(name, synapse, shape, target, late, *memory))
    return _Layer(node, prod(program.shapes[node.name]), tuple(inputs))


def _placed(
    layers: list[_Layer], chip: Chip
) -> tuple[tuple[Core, ...], dict[str, tuple[int, int]]]:
    """Return the cores in the order of the layers, and each layer's cores and bits of memory."""
    loops = [each.node.name for each in layers if each.reads_itself]
    greedy = _Greedy(chip, layers, dict.fromkeys(loops, 0)).run()
    for _ in range(_TRIES):
        assumed = {name: greedy.of_layer[name][0] for name in loops}
        if assumed == greedy.assumed:
            break
        greedy = _Greedy(chip, layers, assumed).run()
    return greedy.cores(), greedy.of_layer


class _Greedy:
    def __init__(self, chip: Chip, layers: list[_Layer], assumed: dict[str, int]) -> None:
        self.chip, self.layers, self.assumed = chip, layers, assumed
        self.open = [_Open()]
        self.of_layer: dict[str, tuple[int, int]] = {}
        # The neurons of each layer that were placed at a time, the last time.
        self.last_range: dict[str, int] = {}
        # The number of cores to which each neuron of a layer sends.
        self.sends: dict[str, Integers] = {
            layer.node.name: np.full(layer.neurons, assumed.get(layer.node.name, 0), dtype=np.int64)
            for layer in layers
        }

    def run(self) -> _Greedy:
        """Place every layer, and return this.

        Raises:
            _DoesNotFitError: if one neuron needs more than an empty core has.
        """
        for layer in reversed(self.layers):
            last, cores, bits = layer.neurons, 0, 0
            while last > 0:
                first = self._furthest(layer, last)
                if first == last:
                    self.open.append(_Open())
                    first = self._furthest(layer, last)
                if first == last:
                    raise _DoesNotFitError(layer.node.name, self._reason(layer, last))
                bits += self._add(layer, first, last)
                cores, last = cores + 1, first
            self.of_layer[layer.node.name] = (cores, bits)
        return self

    def cores(self) -> tuple[Core, ...]:
        """Return the cores, in the order of the layers."""
        chip = self.chip
        return tuple(
            Core(
                tuple(reversed(core.slices)),
                (
                    Use("neurons", core.neurons, chip.neurons),
                    Use("synapse bits", core.bits, chip.synapse_bits),
                    Use("axons in", core.axons_in, chip.axons_in),
                    Use("axons out", core.axons_out, chip.axons_out),
                ),
            )
            for core in reversed(self.open)
        )

    def _furthest(self, layer: _Layer, last: int) -> int:
        """Return the first neuron of the largest range up to `last` that fits the open core."""
        core, least = self.open[-1], layer.least_bits
        # Ranges that certainly do not fit are skipped.
        enough = int(np.searchsorted(least, least[last] - (self.chip.synapse_bits - core.bits)))
        low = max(0, enough, last - (self.chip.neurons - core.neurons))
        if low >= last or not self._has_room(layer, last - 1, last):
            return last
        # Most cores of a layer hold about as many neurons as the core before.
        guess = last - self.last_range.get(layer.node.name, last - low)
        first = _first(lambda each: self._has_room(layer, each, last), low, last - 1, guess)
        self.last_range[layer.node.name] = last - first
        return first

    def _has_room(self, layer: _Layer, first: int, last: int) -> bool:
        core, chip = self.open[-1], self.chip
        axons, bits = layer.needs(first, last)
        out = core.axons_out + int(self.sends[layer.node.name][first:last].sum())
        return (
            core.bits + bits <= chip.synapse_bits
            and (chip.axons_in is None or core.axons_in + axons <= chip.axons_in)
            and (chip.axons_out is None or out <= chip.axons_out)
        )

    def _add(self, layer: _Layer, first: int, last: int) -> int:
        core = self.open[-1]
        axons, bits = layer.needs(first, last)
        core.slices.append(Slice(layer.node.name, first, last))
        core.neurons += last - first
        core.axons_in, core.bits = core.axons_in + axons, core.bits + bits
        core.axons_out += int(self.sends[layer.node.name][first:last].sum())
        for each in layer.inputs:
            if each.source in self.sends and each.source != layer.node.name:
                each.events(first, last).mark(self.sends[each.source])
        return bits

    def _reason(self, layer: _Layer, last: int) -> str:
        """Return what one neuron needs more of than an empty core has."""
        chip = self.chip
        axons, bits = layer.needs(last - 1, last)
        out = int(self.sends[layer.node.name][last - 1])
        for unit, needed, limit in (
            ("input axons", axons, chip.axons_in),
            ("output axons", out, chip.axons_out),
            ("bits of synapse memory", bits, chip.synapse_bits),
        ):
            if limit is not None and needed > limit:
                return f"one neuron needs {needed} {unit}, and a core of {chip.name} has {limit}"
        return f"one neuron has no room on a core of {chip.name}"


def _first(holds: Callable[[int], bool], low: int, high: int, guess: int) -> int:
    """Return the first number from `low` to `high` that holds; those behind it, and `high`, do.

    More neurons never need less, so it is found by growing steps from the guess, then bisection.
    """
    fails, middle, step = low - 1, guess, 1
    while high - fails > 1:
        if not fails < middle < high:
            middle = (fails + high) // 2
        if holds(middle):
            high, middle = middle, middle - step
        else:
            fails, middle = middle, middle + step
        step *= 2
    return high


def _needs(layers: list[_Layer], placed: dict[str, tuple[int, int]]) -> tuple[LayerNeeds, ...]:
    needs = []
    for layer in layers:
        total = sum((each.fan_in() for each in layer.inputs), np.zeros(1, dtype=np.int64))
        cores, bits = placed.get(layer.node.name, (0, 0))
        needs.append(
            LayerNeeds(
                layer.node.name,
                layer.neurons,
                int(total.max()),
                int(total.sum()) if layer.inputs else 0,
                bits,
                ", ".join(dict.fromkeys(each.encoding for each in layer.inputs)) or "none",
                max((each.delay for each in layer.inputs), default=0),
                MESSAGE_BITS if _sends_numbers(layer.node) else 0,
                cores,
            )
        )
    return tuple(needs)


def _sends_numbers(node: Neuron) -> bool:
    """Return whether spikes carry numbers; a readout's voltage is probed and not sent."""
    return node.graded and not shows_voltage(node.equations)
