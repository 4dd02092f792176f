"""Programs: one exact meaning, which text, file and both engines agree on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from neurodeploy.errors import SamplesError, ValidationError
from neurodeploy.program import (
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    Neuron,
    Program,
    Signal,
    dumps,
    loads,
)
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator import simulate
from neurodeploy.simulator.carrier import carried_step
from neurodeploy.verification.compare import compare
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI

PLAIN = {"current_decay": 1024, "voltage_decay": 300, "threshold": 90, "bias": 0}


def neurons(name: str, *edges: Edge, **parameters: object) -> Neuron:
    values = {key: np.asarray(value) for key, value in (PLAIN | parameters).items()}
    return Neuron(name, edges, CUBA_LIF, LOIHI, values)


def recurrent(draw: np.random.Generator) -> Program:
    """Branches, a loop, delays, a shift and a channel's own parameters in one program."""
    return Program(
        (
            Input("in", (2, 5, 5)),
            Conv2d("c", Edge("in"), draw.integers(-60, 90, (4, 1, 3, 3)), groups=2),
            neurons("a", Edge("c"), threshold=draw.integers(1, 90, (4, 1, 1)), bias=3),
            Flatten("f", Edge("a")),
            Dense("d", Edge("f"), draw.integers(-90, 120, (6, 36))),
            Dense("late", Edge("f", 2), draw.integers(-90, 120, (6, 36)), shift=2),
            Dense("loop", Edge("b", 1), draw.integers(-200, 200, (6, 6))),
            neurons("b", Edge("d"), Edge("late"), Edge("loop"), current_decay=4096),
            Dense("e", Edge("b", 3), draw.integers(-90, 250, (3, 6)), accumulator_bits=8),
            neurons("z", Edge("e"), voltage_decay=0, threshold=300),
        ),
        "z",
    )


def test_a_program_is_read_back_from_its_text() -> None:
    program = recurrent(np.random.default_rng(0))
    again = loads(dumps(program))
    assert again == program
    assert again.sha256 == program.sha256
    assert again.text() == program.text()


def test_any_number_changed_changes_the_text_and_the_digest() -> None:
    program = recurrent(np.random.default_rng(0))
    for index, node in enumerate(program.nodes):
        changes: list[object] = []
        if isinstance(node, Dense | Conv2d):
            weight = node.weight.copy()
            weight.flat[-1] += 1
            changes += [replace(node, weight=weight), replace(node, exponent=1)]
        if isinstance(node, Neuron):
            parameters = {**node.parameters, "threshold": node.parameters["threshold"] + 1}
            changes.append(replace(node, parameters=parameters))
        for change in changes:
            nodes = (*program.nodes[:index], change, *program.nodes[index + 1 :])
            other = Program(nodes, program.output)
            assert other != program
            assert other.sha256 != program.sha256
            assert other.text() != program.text()


@pytest.mark.parametrize("count", [1, 3, 70])
def test_fast_is_golden_with_loops_delays_and_branches(count: int) -> None:
    draw = np.random.default_rng(count)
    program = recurrent(draw)
    samples = draw.random((17, count, 2, 5, 5)) < 0.4
    golden = simulate(program, samples)
    link = compare("fast", golden, simulate(program, samples, engine="fast"), 0.0)
    assert link.same, link.divergence
    assert all(golden[name].s.any() for name in ("a", "b", "z"))


def test_a_delay_and_a_loop_come_when_they_are_due() -> None:
    one = np.array([[64]])
    fire = {"current_decay": 4096, "voltage_decay": 4096, "threshold": 63}
    program = Program(
        (
            Input("in", (1,)),
            Dense("d", Edge("in", 2), one),
            Dense("again", Edge("n", 3), one),
            neurons("n", Edge("d"), Edge("again"), **fire),
        ),
        "n",
    )
    samples = np.zeros((12, 1, 1), dtype=np.int64)
    samples[0] = 1
    for engine in ("golden", "fast"):
        output = simulate(program, samples, engine=engine).output.reshape(-1)
        assert output.tolist() == [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1]


def _driven(**parameters: object) -> Program:
    return Program((Input("in", (3,), Signal.CURRENT), neurons("n", Edge("in"), **parameters)), "n")


@pytest.mark.parametrize(
    ("largest", "parameters", "kind"),
    [
        (40, {"current_decay": 4096, "voltage_decay": 4096}, torch.float32),
        (40, {}, torch.float64),
        ((1 << 24) - 1, {"current_decay": 0, "voltage_decay": 0}, torch.float64),
    ],
)
def test_each_carrier_is_exact_where_it_is_taken(
    largest: int, parameters: dict[str, object], kind: torch.dtype
) -> None:
    program = _driven(**parameters)
    draw = np.random.default_rng(2)
    samples = draw.integers(-largest, largest + 1, (200, 4, 3))
    golden = simulate(program, samples)
    link = compare("fast", golden, simulate(program, samples, engine="fast"), 0.0)
    assert link.same, link.divergence
    from snncore.dynamics.arithmetic.interval import Interval

    proved = ranges(program, Interval(-largest, largest)).layers["n"]
    assert carried_step(program.layers[0], proved).kind == kind
    for state in ("u", "v"):
        low, high = golden["n"].values[state].min(), golden["n"].values[state].max()
        assert proved.states[state].low <= low
        assert high <= proved.states[state].high


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros((2, 1, 4)), r"not \(T, N, 3\)"),
        (np.zeros((2, 3)), "not"),
        (np.zeros((0, 1, 3)), "empty"),
        (np.full((2, 1, 3), 2), "0 or 1"),
        (np.full((2, 1, 3), 0.5), "whole"),
        (np.full((2, 1, 3), np.nan), "NaN"),
        (np.full((2, 1, 3), "x"), "numbers"),
        (np.full((2, 1, 3), 1 + 1j), "numbers"),
    ],
    ids=["width", "axes", "empty", "two", "half", "nan", "text", "complex"],
)
def test_samples_that_do_not_fit_are_one_clear_error(samples: object, words: str) -> None:
    program = Program(
        (Input("in", (3,)), Dense("d", Edge("in"), np.eye(3)), neurons("n", Edge("d"))), "n"
    )
    for engine in ("golden", "fast"):
        with pytest.raises(SamplesError, match=words):
            simulate(program, samples, engine=engine)


def _wrong(change: Callable[[], object], words: str, name: str) -> object:
    return pytest.param(change, words, id=name)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        _wrong(lambda: Program((Input("a", (2,)), Input("a", (2,))), "a"), "two nodes", "twice"),
        _wrong(lambda: Program((Input("a", (2,)),), "b"), "not a node", "output"),
        _wrong(lambda: Program((Input("a", ()),), "a"), "not the shape", "shape"),
        _wrong(lambda: Dense("d", Edge("a"), [[0.5]]), "not an integer", "half"),
        _wrong(lambda: Dense("d", Edge("a"), [[float("nan")]]), "NaN", "nan"),
        _wrong(lambda: Dense("d", Edge("a"), [1, 2]), "axes", "axes"),
        _wrong(lambda: Conv2d("c", Edge("a"), np.ones((1, 1, 1, 1)), (0, 1)), "stride", "stride"),
        _wrong(lambda: Edge("a", -1), "back", "delay"),
        _wrong(
            lambda: Program(
                (Input("a", (2,)), Dense("d", Edge("n"), np.eye(2)), neurons("n", Edge("d"))), "n"
            ),
            "in the step that computes it",
            "cycle",
        ),
        _wrong(
            lambda: Program((Input("a", (2,)), Dense("d", Edge("a"), np.ones((1, 3)))), "d"),
            "takes 3 inputs",
            "width",
        ),
    ],
)
def test_what_is_no_program_says_why(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make()


def test_damaged_text_is_one_clear_error() -> None:
    text = dumps(recurrent(np.random.default_rng(0)))
    for end in range(0, len(text) - 1, max(1, len(text) // 60)):
        with pytest.raises(ValidationError, match="program"):
            loads(text[:end])
    for old, new in (("Dense", "os.system"), ('"schema": 1', '"schema": 9'), ("int", "bool")):
        with pytest.raises(ValidationError):
            loads(text.replace(old, new))
