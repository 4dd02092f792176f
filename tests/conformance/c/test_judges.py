"""Every judge computes golden's values, and each finds the bugs that are planted in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from neurodeploy.errors import SimulatorError
from neurodeploy.program import Dense, Edge, Input, Program
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.target import Simulation
from neurodeploy.trace import Trace
from targets.c.check import network_of
from targets.c.compile import texts_of
from targets.c.simulators.simulate import JUDGES, Run, measured, run_texts
from targets.c.text.network import Network
from tests.unit.programs import driven, neurons, random_program, random_samples, small

pytestmark = pytest.mark.usefixtures("zig")


def late() -> Program:
    """Return neurons that read their input a few steps late."""
    nodes = (Input("in", (3,)), Dense("d", Edge("in", 2), np.eye(3, dtype=int) * 100))
    return Program((*nodes, neurons("n", "d", bias=1)), "n")


def wrapping() -> Program:
    """Return neurons whose sums wrap in a narrow register."""
    weight = np.array([[120, 120, 90], [100, -120, 7], [-120, -90, -120]])
    dense = Dense("d", Edge("in"), weight, accumulator_bits=8)
    return Program((Input("in", (3,)), dense, neurons("n", "d", threshold=60)), "n")


def samples_of(program: Program, steps: int = 40) -> np.ndarray:
    """Return samples that reach far."""
    if program.input.signal.value == "spikes":
        return random_samples(program, 0, steps, 2)
    shape = (steps, 2, *program.input.shape)
    return np.random.default_rng(0).integers(-120_000, 120_000, shape)


def equal(golden: Trace, other: Trace) -> bool:
    """Return whether two traces have the same values."""
    return all(
        np.array_equal(golden[name].values[key], other[name].values[key])
        for name in golden
        for key in golden[name].values
    )


# The bug, a program, and the change of its text.
BUGS: Mapping[str, tuple[Callable[[], Program], str, str]] = {
    ">= for >": (small, r"(t\d+ = t\d+) > 0;", r"\1 >= 0;"),
    "floor for to-zero of a negative decay": (driven, r"\(t\d+ / INT64_C\(4096\)\)", ""),
    "a wrap for a clip": (driven, r"(t\d+) < -8388607 \? -8388607 : .*;", ""),
    "a width short by a bit": (wrapping, r"\+ 128\) & 255\) - 128", "+ 64) & 127) - 64"),
    "a delay off by one": (late, r"\+ 1\) % 3", "+ 2) % 3"),
    "a reset to 1": (small, r"(t\d+ > 0 \?) 0 :", r"\1 1 :"),
    "a sum that forgets its first": (small, r"for \(i = 0; i < 3; i\+\+\) \{\n +sums", ""),
}


def planted(bug: str, network: Network) -> dict[str, str]:
    """Return the text of a network with one bug."""
    _, pattern, words = BUGS[bug]
    texts = texts_of(network)
    text = texts["network.c"]
    if bug.startswith("floor"):
        match = re.search(pattern, text)
        assert match is not None
        operand = match[0].split()[0].strip("(")
        floor = f"({operand} >= 0 ? {operand} >> 12 : ~(~{operand} >> 12))"
        changed = text.replace(match[0], floor, 1)
    elif bug.startswith("a wrap for"):
        match = re.search(pattern, text)
        assert match is not None
        wrapped = f"(({match[1]} + 8388608) & 16777215) - 8388608;"
        changed = text.replace(match[0], wrapped, 1)
    elif bug.startswith("a sum"):
        match = re.search(pattern, text)
        assert match is not None
        changed = text.replace(match[0], match[0].replace("i = 0", "i = 1"), 1)
    else:
        changed = re.sub(pattern, words, text, count=1)
    assert changed != text
    return {**texts, "network.c": changed}


JUDGED = ("host", "cortex-m4")


@pytest.mark.parametrize("judge", JUDGED)
def test_a_planted_bug_is_found(judge: str, full: bool) -> None:
    runs, wrong = [], []
    # Without --full, the judges share the bugs.
    bugs = list(BUGS) if full else list(BUGS)[JUDGED.index(judge) :: len(JUDGED)]
    for bug in bugs:
        program = BUGS[bug][0]()
        network, samples = network_of(program, bug != "a width short by a bit"), samples_of(program)
        if bug.startswith("a wrap"):
            samples = np.full_like(samples, 120_000)
        runs.append(Run(network, texts_of(network), samples))
        wrong.append(Run(network, planted(bug, network), samples))
    right, changed = (run_texts(JUDGES[judge], each, Simulation()) for each in (runs, wrong))
    missed = []
    for bug, run, good, bad in zip(bugs, runs, right, changed, strict=True):
        golden = run_golden(run.network.program, run.samples)
        assert equal(golden, good), bug
        missed += [bug] if equal(golden, bad) else []
    assert not missed


@pytest.mark.parametrize("judge", ["zig", "cortex-m4", "riscv32"])
def test_every_judge_computes_golden_s_values(judge: str, zig: Environment, full: bool) -> None:
    runs, spikes = [], 0
    for seed in range(100 if full else 4):
        network = network_of(random_program(seed, ports=True), seed % 2 == 0)
        samples = random_samples(network.program, seed, 12, 2)
        runs.append(Run(network, texts_of(network), samples))
    for run, (trace, numbers) in zip(
        runs, measured(JUDGES[judge], runs, Simulation()), strict=True
    ):
        golden = run_golden(run.network.program, run.samples)
        assert equal(golden, trace), run.network.program.text()
        spikes += golden.spikes()
        if judge != "zig":
            assert numbers["flash"] > 100
            assert numbers["data"] == 0
            assert numbers["instructions"] > len(run.samples)
    assert spikes


def test_undefined_behaviour_is_found() -> None:
    network = network_of(driven(), True)
    texts = texts_of(network)
    # A sum of 32 bits that overflows.
    text = re.sub(r"(= input_x) \* 64;", r"\1 * 640000;", texts["network.c"])
    assert text != texts["network.c"]
    run = Run(network, {**texts, "network.c": text}, samples_of(network.program))
    with pytest.raises(SimulatorError, match="signed integer overflow"):
        run_texts(JUDGES["host"], [run], Simulation())


def test_a_write_beyond_an_array_is_found() -> None:
    network = network_of(small(), True)
    texts = texts_of(network)
    text = re.sub(r"sums = n->sums.s16;", "sums = n->sums.s16 + 4000;", texts["network.c"])
    assert text != texts["network.c"]
    run = Run(network, {**texts, "network.c": text}, samples_of(network.program))
    with pytest.raises(SimulatorError, match="AddressSanitizer"):
        run_texts(JUDGES["host"], [run], Simulation())
