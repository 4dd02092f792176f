"""The layers that emulators of the chip run, and those that they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import SimulatorScopeError
from neurodeploy.program import Dense, Edge, Flatten, Program
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.target import random_samples
from targets.loihi.simulators.judges import BRIAN, NENGO, JudgedRun, _call, require_scope
from targets.loihi.simulators.unrolled import INPUT, unrolled
from tests.unit.targets.loihi.programs import KERNEL, conv, dense, driven, neuron
from tests.unit.targets.loihi.test_time import WEIGHT, delayed, recurrent


def image() -> Program:
    """Return a convolution, and a dense layer behind it."""
    first = conv(KERNEL, (2, 5, 4), stride=(2, 1), padding=(1, 0))
    nodes = (
        *first.nodes,
        Flatten("flat", Edge("conv")),
        Dense("fc.synapse", Edge("flat"), 2 * np.arange(-12, 24).reshape(3, 12), -6),
        neuron("fc", "fc.synapse"),
    )
    return Program(nodes, "fc")


def test_every_connection_is_a_number() -> None:
    program = image()
    first, second = unrolled(program)
    samples = random_samples(program, 8, 3, 0.4, 2)
    golden = run_golden(program, samples)
    drive = samples.reshape(8, 3, -1) @ first.connections[0].weight.T << 6
    # The current's first step is what arrives.
    assert np.array_equal(golden["conv"].u[0].reshape(3, -1), drive[0])
    assert first.connections[0].source == INPUT
    assert second.connections[0].source == 0
    assert first.parameters["threshold"].shape == (12,)


@pytest.mark.parametrize("late", [False, True])
def test_an_emulator_is_given_every_connection_and_its_delays(late: bool) -> None:
    program = delayed(WEIGHT % 5) if late else recurrent()
    run = JudgedRun(program, random_samples(program, 4, 2, 0.5, 3))
    call = _call([run, run], [unrolled(program)] * 2, None)
    (layer,) = unrolled(program)
    assert call.job["networks"] == 2 * [
        {"layers": [{"sources": [[link.source, late] for link in layer.connections]}]}
    ]
    for number in (0, 1):
        for count, link in enumerate(layer.connections):
            assert np.array_equal(call.arrays[f"n{number}.l0.w{count}"], link.weight)
            assert (f"n{number}.l0.d{count}" in call.arrays) == late
            if late:
                assert np.array_equal(call.arrays[f"n{number}.l0.d{count}"], link.delays)
        assert np.array_equal(call.arrays[f"n{number}.samples"], run.samples)
        for key, value in layer.parameters.items():
            assert np.array_equal(call.arrays[f"n{number}.l0.{key}"], value)


def test_own_spikes_come_from_the_layer_itself() -> None:
    (layer,) = unrolled(recurrent())
    assert [link.source for link in layer.connections] == [INPUT, 0]


@pytest.mark.parametrize(
    ("program", "judge", "words"),
    [
        (driven(), NENGO, "input: takes currents"),
        (dense(shift=1), BRIAN, "fc.synapse: has sums that Lava's loader shifts"),
        (delayed(WEIGHT % 3), NENGO, "fc: has delays"),
        (dense(bias=3), BRIAN, "fc: has a bias"),
        (dense(threshold=[80, 81, 80]), BRIAN, "fc: has neurons with differing parameters"),
        (dense(np.full((1, 150), 254)), NENGO, r"fc: may exceed 2\^21"),
        (dense(bias=4095, current_decay=0), None, ""),
    ],
)
def test_what_an_emulator_does_not_know_is_said(
    program: Program, judge: Environment | None, words: str
) -> None:
    run: Any = JudgedRun(program, random_samples(program, 6, 2, 0.8, 1))
    if judge is None:
        assert len(require_scope(NENGO, run)) == 1
        return
    with pytest.raises(SimulatorScopeError, match=words) as caught:
        require_scope(judge, run)
    assert caught.value.remedy == "verify with --simulator lava"


def test_states_that_leave_their_bits_are_beyond_an_emulator() -> None:
    program = dense(np.full((1, 40), 254), current_decay=0, voltage_decay=0, threshold=131071)
    run = JudgedRun(program, np.ones((30, 1, 40), dtype=np.int64))
    with pytest.raises(SimulatorScopeError, match="fc: wraps its current"):
        require_scope(NENGO, run)
    with pytest.raises(SimulatorScopeError, match="fc: exceeds 24 bits"):
        require_scope(BRIAN, run)
    quiet = replace(run, samples=np.zeros((30, 1, 40), dtype=np.int64))
    assert require_scope(BRIAN, quiet)
