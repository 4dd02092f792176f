"""A network on cores: every neuron once, no limit passed, and what has no room is named."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from neurodeploy.chips.operations import fired
from neurodeploy.chips.resources import LayerOperations, Placement
from neurodeploy.program import Conv2d, Dense, Edge, Input, Program
from neurodeploy.simulator import run_golden
from neurodeploy.target import KnowsBoards, KnowsChips, Severity, on_chip
from targets.loihi.check import check
from targets.loihi.chip.chips import CHIPS, LOIHI_1, LOIHI_2, Board, Chip
from targets.loihi.chip.connections import Connections
from targets.loihi.chip.energy import energy, latency
from targets.loihi.chip.placement import _Layer, layers_of, placement
from targets.loihi.chip.spread import sent_away
from targets.loihi.target import target
from tests.unit.neurodeploy.program.test_fan import NODES, connections
from tests.unit.targets.loihi.programs import dense, network, neuron

# Limits so small that small networks meet all of them.
TINY = replace(
    LOIHI_1,
    name="tiny",
    neurons=9,
    synapse_bits=64 * 40,
    axons_in=24,
    axons_out=12,
    boards=(),
)


def deep() -> Program:
    """Return two dense layers."""
    rng = np.random.default_rng(5)
    return Program(
        (
            Input("input", (20,)),
            Dense("a", Edge("input"), 2 * rng.integers(-50, 50, (30, 20)), -6),
            neuron("first", "a"),
            Dense(
                "b",
                Edge("first"),
                2 * rng.integers(-50, 50, (10, 30)) * (rng.random((10, 30)) < 0.4),
            ),
            neuron("second", "b", exponent=0),
        ),
        "second",
    )


def require_sound(program: Program, placed: Placement) -> None:
    """Check that every neuron is on one core, and that no core holds more than it can."""
    for layer in program.layers:
        size = int(np.prod(program.shapes[layer.name]))
        parts = [
            range(part.first, part.last)
            for core in placed.cores
            for part in core.slices
            if part.layer == layer.name
        ]
        assert [neuron for part in parts for neuron in part] == list(range(size))
    for core in placed.cores:
        assert all(use.limit is None or use.used <= use.limit for use in core.uses)


@pytest.mark.parametrize("chip", [*CHIPS, TINY], ids=lambda chip: chip.name)
def test_places_every_neuron_within_the_limits(chip: Chip) -> None:
    program = deep() if chip is TINY else network()
    placed = placement(program, chip)
    assert placed.fits
    require_sound(program, placed)
    assert len(placed.cores) == (14 if chip is TINY else 1)
    assert sum(each.neurons for each in placed.layers) == sum(
        core.uses[0].used for core in placed.cores
    )


def test_axons_out_are_counted_by_the_cores_they_lead_to() -> None:
    placed = placement(deep(), TINY)
    readers = [core for core in placed.cores if any(p.layer == "second" for p in core.slices)]
    out = sum(core.uses[3].used for core in placed.cores)
    weight = deep().synapses[1].weight
    assert len(readers) > 1
    assert len(weight) <= out <= weight.shape[1] * len(readers)


@pytest.mark.parametrize("rate", [1.0, 0.4, 0.1])
@pytest.mark.parametrize(("node", "shape"), NODES, ids=lambda x: getattr(x, "name", ""))
def test_events_of_a_range_are_its_connections(
    node: Dense | Conv2d, shape: tuple[int, ...], rate: float
) -> None:
    used = np.random.default_rng(0).random(node.weight.shape) < rate
    full = replace(node, weight=used.astype(np.int64))
    each = connections(full, shape)
    target_shape = each.shape[1:]
    flat = each.reshape(each.shape[0], -1)
    full_kernels = Connections("in", full, shape, target_shape, 0, False, True)
    for first, last in [(0, flat.shape[1]), (1, 3), (2, flat.shape[1] - 1), (0, 1)]:
        events, sums = full_kernels.events(first, last), flat[:, first:last].sum(axis=1)
        assert np.array_equal(events.each(), sums)
        assert np.array_equal(events.senders(), np.flatnonzero(sums))
        marked = np.zeros_like(sums)
        events.mark(marked)
        assert np.array_equal(marked, sums > 0)
        assert events.axons == np.count_nonzero(sums)


def test_cores_are_full_and_filled_in_few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    weight = 2 * random.integers(-50, 50, (8, 8, 3, 3)) * (random.random((8, 8, 3, 3)) < 0.7)
    convolution = Conv2d("conv", Edge("input"), weight, padding=(1, 1))
    program = Program((Input("input", (8, 24, 24)), convolution, neuron("lif", "conv")), "lif")
    chip = replace(LOIHI_1, name="small", cores=2000, synapse_bits=64 * 150)
    needs, tries = _Layer.needs, []

    def counting(layer: _Layer, first: int, last: int) -> tuple[int, int]:
        tries.append(last - first)
        return needs(layer, first, last)

    monkeypatch.setattr(_Layer, "needs", counting)
    placed = placement(program, chip)
    assert len(placed.cores) > 150
    assert len(tries) < 8 * len(placed.cores)
    require_sound(program, placed)
    whole = Connections("input", convolution, (8, 24, 24), (8, 24, 24), 0, False, True)
    for core in placed.cores[1:]:
        (part,) = core.slices
        axons, bits = whole.needs(
            part.first - 1, part.last, whole.events(part.first - 1, part.last)
        )
        assert bits > chip.synapse_bits or axons > 4096


def test_a_neuron_with_too_many_axons_is_named() -> None:
    program = dense(np.ones((2, 4097), dtype=np.int64) * 2)
    (problem,) = placement(program, LOIHI_1).problems
    assert problem == ("fc", "one neuron needs 4097 input axons, and a core of Loihi 1 has 4096")
    # What was given no core takes none, and no memory there.
    (needs,) = placement(program, LOIHI_1).layers
    assert (needs.cores, needs.synapse_bits, needs.fan_in) == (0, 0, 4097)
    (finding,) = [each for each in check(program) if "Loihi 1" in each.message]
    assert (finding.node, finding.severity) == ("fc", Severity.WARNING)
    assert placement(program, LOIHI_2).fits


def test_what_fits_no_chip_is_refused() -> None:
    weight = np.ones((1, 150_000), dtype=np.int64)
    weight[0, ::2] = 200
    errors = [each for each in check(dense(weight)) if each.severity == Severity.ERROR]
    assert {each.node for each in errors} == {"fc"}
    assert any("a core of Loihi 2 has 1048576" in each.message for each in errors)


def test_a_network_of_too_many_cores_names_its_largest_layer() -> None:
    small = replace(TINY, cores=3)
    ((layer, words),) = placement(deep(), small).problems
    assert layer == "first"
    assert words == "takes 9 of the 14 cores that the network needs, and tiny has 3"


def test_the_target_knows_its_chips() -> None:
    assert isinstance(target, KnowsChips)
    assert isinstance(target, KnowsBoards)
    names = [each.chip for each in target.placements(deep())]
    assert names == ["Loihi 1", "Loihi 2"]


def test_energy_is_a_range_with_its_source() -> None:
    (cost,) = energy([LayerOperations("a", 1000.0, 100.0, 3.0)])
    assert (cost.low, cost.high) == (23600 + 5200, 23600 + 8100)
    assert "Table 2" in cost.source


def test_a_chip_without_room_has_no_energy() -> None:
    counted = (LayerOperations("fc", 1000.0, 100.0, 3.0),)
    too_many_axons = dense(np.ones((2, 4097), dtype=np.int64) * 2)
    report = on_chip(target, too_many_axons, counted)
    assert [(each.chip, each.fits) for each in report.placements] == [
        ("Loihi 1", False),
        ("Loihi 2", True),
    ]
    assert report.energies == ()
    assert report.operations == counted
    assert [each.chip for each in on_chip(target, deep(), counted).energies] == ["Loihi 1"]


def test_what_is_not_published_is_counted_at_its_least() -> None:
    weight = np.full((10, 18_000), 2)
    nodes = (Input("in", (18_000,)), Dense("d", Edge("in"), weight))
    program = Program((*nodes, neuron("n", "d", exponent=0)), "n")
    first, second = placement(program, LOIHI_1), placement(program, LOIHI_2)
    assert "needs 18000 input axons" in first.problems[0][1]
    assert not second.problems
    (memory,) = (use for core in second.cores for use in core.uses if use.what == "synapse bits")
    assert memory.used == 10 * 18_000
    assert {finding.severity for finding in check(program)} == {Severity.WARNING}


# Four chips of five cores, of which `deep` needs three.
BOARD = replace(TINY, cores=5, boards=(Board("a small board", 2), Board("a board of four", 4)))


def test_more_cores_than_a_chip_has_are_spread_over_the_smallest_board_that_has_room() -> None:
    program = deep()
    placed = placement(program, BOARD)
    assert placed.fits
    require_sound(program, placed)
    spread = placed.spread
    assert spread is not None
    assert (spread.board, spread.chips, placed.core_limit) == ("a board of four", 4, 20)
    assert len(spread.chip_of) == len(placed.cores) == 14
    assert max(map(spread.chip_of.count, spread.chip_of)) <= 5
    # A check asks only whether there is room.
    assert placement(program, BOARD, spread=False) == replace(placed, spread=None)


def test_axons_between_cores_and_chips_are_those_of_the_weights() -> None:
    program = deep()
    placed = placement(program, BOARD)
    assert placed.spread is not None
    chips = placed.spread.chip_of
    home = {
        (part.layer, neuron): index
        for index, core in enumerate(placed.cores)
        for part in core.slices
        for neuron in range(part.first, part.last)
    }
    weight = program.synapses[1].weight
    pairs = {
        (source, home["second", target])
        for target, source in zip(*np.nonzero(weight), strict=True)
        if home["first", source] != home["second", target]
    }
    away = [(source, to) for source, to in pairs if chips[home["first", source]] != chips[to]]
    assert placed.spread.axons == len(pairs)
    assert placed.spread.across == len(away)
    sent = sent_away(placed, {layer.node.name: layer.inputs for layer in layers_of(program, BOARD)})
    expected = np.bincount([source for source, _ in away], minlength=30)
    assert np.array_equal(sent["first"], expected)
    assert not sent["second"].any()


def test_a_network_beyond_the_largest_board_says_how_many_cores_there_are() -> None:
    small = replace(BOARD, cores=3)
    ((layer, words),) = placement(deep(), small).problems
    assert layer == "first"
    assert words.endswith("a board of four has 12 on 4 chips of tiny")


def test_spikes_across_chips_are_counted_from_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("targets.loihi.target", "targets.loihi.chip.placement"):
        monkeypatch.setattr(import_module(module), "CHIPS", (BOARD,))
    program = deep()
    samples = np.random.default_rng(7).integers(0, 2, (6, 3, 20))
    trace = run_golden(program, samples)
    assert trace["first"].s.any()
    spikes = fired(program, trace, samples)
    (placed,) = on_chip(target, program, spikes=spikes).placements
    assert placed.spread is not None
    sent = target.crossings(program, placed)
    expected = (trace["first"].s.sum(axis=(0, 1)) * sent["first"]).sum() / 3
    assert placed.spread.spikes == pytest.approx(expected)
    assert placed.spread.spikes > 0


def test_the_time_of_a_step_is_that_of_the_busiest_core() -> None:
    program = deep()
    placed = replace(placement(program, TINY), chip=LOIHI_1.name)
    # Four steps; each neuron of `second` gets five events a step, those of `first` none.
    counted = (LayerOperations("first", 0.0, 4 * 30, 0.0), LayerOperations("second", 200.0, 40, 0))
    (time,) = latency([placed], counted)
    per_core = [
        sum((part.last - part.first) * (17.5 if part.layer == "second" else 0) for part in c.slices)
        for c in placed.cores
    ]
    neurons = [core.uses[0].used for core in placed.cores]
    pairs = list(zip(per_core, neurons, strict=True))
    assert time.low == pytest.approx(max(busy + 5.3 * count for busy, count in pairs) + 113)
    busiest = pairs[time.core]
    assert time.high == pytest.approx(busiest[0] + 8.4 * busiest[1] + 465)
    assert latency([replace(placed, problems=(("first", "is too wide"),))], counted) == ()
