"""A network on PAICORE: groups that read the same values, no limit passed, copies that are paid."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from neurodeploy.chips.partition import CoreGraph
from neurodeploy.chips.resources import Placement
from neurodeploy.program import Add, Conv2d, Dense, Edge, Flatten, Input, Node, Program
from targets.paicore.chip import placement as placing
from targets.paicore.chip.facts import AXONS, CORES, DENDRITES
from targets.paicore.chip.groups import Group, groups_of, senders
from targets.paicore.chip.layers import layers_of
from targets.paicore.chip.placement import crossings, group_graph, placement
from targets.paicore.chip.tiling import tilings
from tests.unit.targets.loihi.programs import neuron

RNG = np.random.default_rng(0)


def weights(*shape: int, most: int = 100) -> Any:
    return RNG.integers(-most, most, shape)


def dense(*widths: int, most: int = 100) -> Program:
    """Return layers of dense weights, of 8 bits or fewer."""
    nodes: list[Node] = [Input("input", (widths[0],))]
    for index, (inputs, outputs) in enumerate(pairwise(widths)):
        synapse = Dense(f"w{index}", Edge(nodes[-1].name), weights(outputs, inputs, most=most))
        nodes += [synapse, neuron(f"n{index}", synapse.name)]
    return Program(tuple(nodes), nodes[-1].name)


def images(side: int, *channels: int, groups: int = 1, end: int = 10) -> Program:
    """Return convolutions of images, and a dense layer behind them."""
    nodes: list[Node] = [Input("input", (channels[0], side, side))]
    for index, (inputs, outputs) in enumerate(pairwise(channels)):
        name, shape = f"w{index}", (outputs, inputs // groups, 3, 3)
        convolution = Conv2d(name, Edge(nodes[-1].name), weights(*shape), (1, 1), (1, 1))
        convolution = Conv2d(
            name, convolution.source, convolution.weight, (1, 1), (1, 1), groups=groups
        )
        nodes += [convolution, neuron(f"n{index}", name)]
    nodes += [Flatten("flat", Edge(nodes[-1].name))]
    last = Dense("last", Edge("flat"), weights(end, channels[-1] * side * side))
    return Program((*nodes, last, neuron("out", "last")), "out")


def of_layers(placed: Placement) -> dict[str, int]:
    return {each.layer: each.cores for each in placed.layers}


# As PAIBox 1.3.0's mapper counts them (a routing group's cores).
@pytest.mark.parametrize(
    ("widths", "most", "cores"),
    [
        # 8 bits: 64 neurons a core.
        ((784, 512, 10), 100, [8, 1]),
        # 1,153 values: two rows for each bit.
        ((1153, 64), 100, [2]),
        ((1152, 64), 100, [1]),
        # 4 bits: 128 neurons a core.
        ((100, 256, 10), 7, [2, 1]),
        # Three cores are not 2**n.
        ((100, 192), 100, [4]),
        ((784, 1024, 1024, 10), 100, [16, 16, 1]),
        ((300, 700, 200, 50), 100, [16, 4, 1]),
        ((2500, 100, 30), 100, [8, 1]),
        ((5000, 40), 100, [8]),
        # 2 bits.
        ((64, 64, 64), 1, [1, 1]),
    ],
)
def test_dense_layers_take_as_many_cores_as_paiboxs_mapper_counts(
    widths: tuple[int, ...], most: int, cores: list[int]
) -> None:
    placed = placement(dense(*widths, most=most))
    assert placed.fits
    assert [*of_layers(placed).values()] == cores


def sound(program: Program, groups: list[Group]) -> dict[str, np.ndarray[Any, Any]]:
    """Return how often each neuron is on the chip, after checking every group."""
    copies = {
        node.name: np.zeros(program.shapes[node.name], int).reshape(-1) for node in program.layers
    }
    for group in groups:
        assert group.cores <= group.size <= 512
        assert group.axons <= AXONS * (group.rows // group.layer.weight_bits)
        np.add.at(copies[group.layer.name], group.neurons, 1)
    return copies


@pytest.mark.parametrize(
    "program",
    [images(9, 2, 8, 12), images(16, 4, 16, 16, groups=4), images(24, 2, 32), dense(50, 900, 40)],
    ids=["odd", "grouped", "wide", "dense"],
)
def test_every_neuron_has_a_copy_for_each_group_that_reads_it(program: Program) -> None:
    layers, problems = layers_of(program)
    assert not problems
    groups = groups_of(layers, tilings(layers))
    copies = sound(program, groups)
    read = {name: np.zeros_like(count) for name, count in copies.items()}
    for group in groups:
        for source, block, shape in senders(group):
            if source in read:
                read[source].reshape(shape)[block] += 1
    for name, count in copies.items():
        assert np.array_equal(count, np.maximum(read[name], 1)), name


def test_a_group_reads_whatever_leads_to_its_neurons() -> None:
    program = images(9, 2, 8, 12)
    layers, _ = layers_of(program)
    for group in groups_of(layers, tilings(layers)):
        if group.layer.name == "out":
            continue
        (each,) = group.layer.weights
        assert isinstance(each.node, Conv2d)
        ((_, block, shape),) = senders(group)
        reached = np.zeros(program.shapes[each.source], bool)
        reached.reshape(shape)[block] = True
        for number in np.unique(group.neurons):
            _, row, column = np.unravel_index(number, group.layer.grid)
            window = reached[:, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            assert window.all()


def test_cores_hold_what_they_can_and_say_so() -> None:
    placed = placement(images(9, 2, 8, 12))
    assert placed.spread is None
    assert all(use.used <= (use.limit or 0) for core in placed.cores for use in core.uses)
    assert max(core.share for core in placed.cores) == 1
    neurons = {part for core in placed.cores for part in core.slices}
    numbers = {(part.layer, n) for part in neurons for n in range(part.first, part.last)}
    assert len(numbers) == sum(each.neurons for each in placed.layers)
    rows = sum(use.used for core in placed.cores for use in core.uses if use.what == "dendrites")
    assert sum(each.synapse_bits for each in placed.layers) == rows * AXONS


def test_a_network_on_several_chips_crosses_little_and_counts_it() -> None:
    program = images(32, 2, 16, 32)
    placed = placement(program)
    spread = placed.spread
    assert placed.fits
    assert spread is not None
    layers, _ = layers_of(program)
    groups = groups_of(layers, tilings(layers))
    chips = np.repeat(spread.chip_of, 1)
    assert len(chips) == len(placed.cores) == sum(group.cores for group in groups)
    firsts = np.cumsum([0, *(group.cores for group in groups)])[:-1]
    used = np.bincount(chips[firsts], [group.size for group in groups])
    assert used.max() <= CORES
    assert len(used) == spread.used == len(spread.places) > 1
    assert len(set(spread.places)) == spread.used
    away = crossings(program, placed)
    assert sum(int(each.sum()) for each in away.values()) == spread.across > 0
    # Chips filled in the order of the layers exchange more.
    graph = group_graph(layers, groups)
    assert isinstance(graph, CoreGraph)
    in_order = np.cumsum(graph.sizes) // CORES
    assert graph.cut(in_order) > spread.across


def test_layers_that_read_one_source_join_as_many_rows() -> None:
    nodes = (
        Input("input", (1200,)),
        Dense("a", Edge("input"), weights(64, 1200)),
        neuron("n", "a"),
        Dense("b", Edge("n"), weights(40, 64)),
        neuron("first", "b"),
        Dense("c", Edge("n"), weights(40, 64)),
        Dense("d", Edge("input"), weights(40, 1200)),
        Add("sum", (Edge("c"), Edge("d"))),
    )
    program = Program((*nodes[:5], nodes[6], neuron("second", "d")), "second")
    layers, _ = layers_of(program)
    chosen = tilings(layers)
    assert chosen["second"].extension == chosen["n"].extension == 1
    assert chosen["first"].extension == 0
    _, problems = layers_of(Program((*nodes, neuron("end", "sum")), "end"))
    assert problems == [("end", "reads values that no weights lead to")]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (dense(8, 4, most=300), "has weights of more than 8 bits, and a core holds up to 8"),
        (dense(73_729, 2), "reads 73729 values, and a core takes 73728"),
    ],
    ids=["wide", "many"],
)
def test_what_has_no_room_is_named(program: Program, words: str) -> None:
    placed = placement(program)
    assert placed.problems == (("n0", words),)
    assert not placed.cores


def test_a_grid_that_is_full_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "GRID", (1, 1))
    placed = placement(images(32, 2, 16, 32))
    assert not placed.fits
    ((layer, words),) = placed.problems
    assert layer == "n0"
    assert words.endswith("has no room for them")


def test_low_bits_that_no_weight_has_take_no_row() -> None:
    fine = dense(20, 30)
    assert isinstance(fine.nodes[1], Dense)
    coarse = replace(fine.nodes[1], weight=4 * fine.nodes[1].weight)
    again = replace(fine, nodes=(fine.nodes[0], coarse, *fine.nodes[2:]))
    assert placement(again).cores == placement(fine).cores


def test_neurons_of_a_core_are_counted_in_its_rows() -> None:
    (core,) = placement(dense(20, 30)).cores
    assert [(use.what, use.used) for use in core.uses] == [
        ("dendrites", 30 * 8),
        ("axons", 20),
        ("neurons", 30),
    ]
    assert core.share == 30 * 8 / DENDRITES
