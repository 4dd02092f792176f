"""Networks that do not fit are refused with a place and a remedy, and bounds hold in any run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.data.network.encoding import Encoding
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Dense, Edge, Flatten, Input, Program, Signal
from neurodeploy.simulator import run_golden
from neurodeploy.target import Severity, random_samples
from targets.xylo import target
from targets.xylo.bounds import bounds_of
from targets.xylo.chain import channel_events
from targets.xylo.check import accepted, weight_shift
from targets.xylo.chips import AUDIO_2, AUDIO_3
from tests.unit.targets.xylo.programs import network, neurons


def errors(program: Program) -> list[str]:
    findings = target.check(program)
    assert all(finding.remedy for finding in findings)
    return [f"{each.node}: {each.message}" for each in findings if each.severity == Severity.ERROR]


def with_input(first: Input) -> Program:
    program = network()
    return Program((first, *program.nodes[1:]), program.output)


def image() -> Program:
    program = network()
    weights = replace(program.nodes[1], source=Edge("flat"))
    nodes = (Input("in", (2, 1)), Flatten("flat", Edge("in")), weights, *program.nodes[2:])
    return Program(nodes, program.output)


def alone() -> Program:
    nodes = (Input("in", (2,)), Dense("w", Edge("in"), [[9, 9]]), neurons("n", "w", last=True))
    return Program(nodes, "n")


def late() -> Program:
    program = network()
    nodes = [replace(n, source=Edge("h", 1)) if n.name == "o.w" else n for n in program.nodes]
    return Program(tuple(nodes), "o")


REFUSED: dict[str, tuple[Program, str]] = {
    "one layer": (alone(), "n: reads the samples, and the chip's outputs read hidden neurons"),
    "a late edge": (late(), "o.w: does not read h, nor its own neurons one step before"),
    "an image": (image(), "in: the samples are not a vector"),
    "currents": (with_input(Input("in", (2,), Signal.CURRENT)), "in: its values are not counts"),
    "too many events": (
        with_input(Input("in", (2,), Signal.CURRENT, Encoding(0, 0, 16))),
        "in: its values are not counts of 0 to 15",
    ),
    "negative events": (
        with_input(Input("in", (2,), Signal.CURRENT, Encoding(0, -1, 9))),
        "in: its values are not counts of 0 to 15",
    ),
    "channels": (network(np.ones((1, 17), int), ((1,),)), "in: 17 channels are more than"),
    "a wide weight": (network(((129, 2), (3, 4))), "h.w.weight: does not fit 8 bits times"),
    "no decay": (network(hidden={"current_decay": 0}), "h.current_decay: 0/32768 is not"),
    "a whole decay": (network(hidden={"voltage_decay": 1 << 15}), "h.voltage_decay: 32768/32768"),
    "another decay": (network(last={"current_decay": 3}), "o.current_decay: 3/32768 is not"),
    "no threshold": (network(hidden={"threshold": 0}), "h.threshold: is not in 1..32767"),
    "a bias": (network(hidden={"bias": [0, 3]}), "h.bias: is added to the input"),
    "a current": (
        network(hidden={"current_decay": 16}),
        "h: the current of neuron 0 may reach -40960..61440, beyond 16 bits",
    ),
    "too many outputs": (network(second=np.ones((33, 2), int)), "o: takes part in 33 output"),
    "too many neurons": (network(np.ones((1001, 2), int), np.ones((1, 1001), int)), "h: takes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_its_place(name: str) -> None:
    program, words = REFUSED[name]
    messages = errors(program)
    assert any(each.startswith(words) for each in messages), messages
    with pytest.raises(DoesNotFitError):
        target.compile(program)


def test_what_fits_one_chip_alone_is_a_warning() -> None:
    wide = network(np.ones((129, 2), int), np.ones((9, 129), int))
    placed = {each.chip: each for each in target.placements(wide)}
    assert not placed[AUDIO_2.name].fits
    assert not placed[AUDIO_3.name].fits
    for program, chip in (
        (network(np.ones((129, 2), int), np.ones((8, 129), int)), AUDIO_3),
        (network(second=np.ones((9, 2), int)), AUDIO_2),
    ):
        assert errors(program) == []
        assert any(chip.name in each.message for each in target.check(program))


def test_fan_out_between_hidden_neurons_counts() -> None:
    own = np.ones((65, 65), int)
    program = network(np.ones((65, 1), int), np.ones((1, 65), int), own=own, hidden={})
    placed = {each.chip: each for each in target.placements(program)}
    words = "has a neuron with 65 synapses to others, and Xylo Audio 2 has 64"
    assert ("h", words) in placed[AUDIO_2.name].problems


def test_a_weight_shift_is_the_smallest_that_fits() -> None:
    assert weight_shift([np.array([127, -128])]) == 0
    assert weight_shift([np.array([254, -4])]) == 1
    assert weight_shift([np.array([129])]) is None
    assert weight_shift([np.array([127 << 7])]) == 7
    assert weight_shift([np.array([127 << 8])]) is None


@pytest.mark.parametrize("seed", range(6))
def test_no_run_exceeds_its_bounds(seed: int) -> None:
    random = np.random.default_rng(seed)
    program = network(
        random.integers(-30, 60, (5, 4)),
        random.integers(-30, 60, (2, 5)),
        own=random.integers(-6, 7, (5, 5)),
        hidden={"threshold": random.integers(30, 200, 5)},
    )
    assert errors(program) == []
    trace = run_golden(program, random_samples(program, 40, 4, 0.7, seed))
    reached = False
    for layer, bound in zip(
        accepted(program), bounds_of(accepted(program), channel_events(program)), strict=True
    ):
        values = trace[layer.neuron.name].values
        charge, sent = values["charge"].reshape(-1, layer.size), values["s"].reshape(-1, layer.size)
        assert (charge.max(0) <= bound.highest).all()
        assert (charge.min(0) >= bound.lowest).all()
        assert (sent.max(0) <= bound.counts).all()
        reached |= bool((sent.max(0) == bound.counts).any())
    assert reached
