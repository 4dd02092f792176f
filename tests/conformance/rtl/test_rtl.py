"""Random networks as Verilog: golden, the files read back, and Icarus.

A failure names the network, such as `chip 17`, which `chip_case(17)` makes again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import pytest

from neurodeploy.errors import SimulatorError
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.target import Severity, Simulation, chip_part
from neurodeploy.verification.compare import compare
from targets.rtl import target
from targets.rtl.check import network_of
from targets.rtl.compile import texts_of
from targets.rtl.simulators.simulate import Run, run_texts
from tests.conformance.attentive_networks import attentive_case
from tests.conformance.chip_networks import chip_case
from tests.conformance.moving_networks import moving_case
from tests.conformance.networks import Case, random_case, timed_case
from tests.conformance.summary import show
from tests.conformance.summing_networks import summing_case
from tests.conformance.zoo_networks import zoo_case
from tests.unit.programs import random_program, random_samples

BATCH = 10
STEPS = 12


def branching_case(seed: int) -> Case:
    """Draw a network with branches, delays, loops and neurons of several number systems."""
    program = random_program(seed, ports=seed % 3 == 0)
    return Case(f"branching {seed}", program, random_samples(program, seed, STEPS, 2))


def cases(full: bool) -> Iterator[Case]:
    """Yield the networks of the suite."""
    yield from (chip_case(seed) for seed in range(100 if full else 1))
    yield from (branching_case(seed) for seed in range(150 if full else 3))
    yield from (random_case(seed) for seed in range(50 if full else 1))
    yield from (timed_case(seed) for seed in range(50 if full else 1))
    yield from (moving_case(seed) for seed in range(100 if full else 1))
    yield from (attentive_case(seed, late=seed % 5 == 4) for seed in range(50 if full else 0))
    yield from (summing_case(seed, late=seed % 5 == 4) for seed in range(50 if full else 1))
    yield from (zoo_case(seed) for seed in range(108 if full else 2))


@dataclass
class Tally:
    """The comparisons, and what went wrong."""

    networks: int = 0
    refused: int = 0
    runs: int = 0
    values: int = 0
    spikes: int = 0
    failures: list[str] = field(default_factory=list)

    def judge(self, judge: Environment, runs: list[tuple[Case, Run]]) -> None:
        """Compare the traces of some networks with golden."""
        traces = run_texts(judge, [run for _, run in runs], Simulation())
        for (case, run), trace in zip(runs, traces, strict=True):
            golden = run_golden(run.network.program, run.samples)
            link = compare(f"golden = {judge.name}", golden, trace, 0.0)
            self.runs += 1
            self.values += link.compared
            self.spikes += golden.spikes()
            if not link.same:
                words = link.divergence.sentence() if link.divergence else link.reason
                self.failures.append(f"{case.name}, {judge.name}: {words}")

    def sentence(self) -> str:
        """Return the result in words."""
        return (
            f"{self.networks:,} networks ({self.refused} refused), {self.runs:,} runs, "
            f"{self.values:,} values, {self.spikes:,} spikes, {len(self.failures)} runs differ"
        )


def runs_of(case: Case, tally: Tally) -> Iterator[tuple[Case, Run]]:
    """Yield a network, after reading it back, unless it is refused."""
    tally.networks += 1
    if any(finding.severity == Severity.ERROR for finding in target.check(case.program)):
        tally.refused += 1
        return
    artifact = target.compile(case.program)
    if target.read(artifact) != case.program:
        tally.failures.append(f"{case.name}: read back as another program")
    network = network_of(chip_part(case.program))
    yield case, Run(network, texts_of(network), case.samples[:STEPS])


@pytest.mark.timeout(7200)
def test_every_network_computes_golden_s_values(
    full: bool, icarus: Environment, pytestconfig: pytest.Config
) -> None:
    tally, pending = Tally(), list[tuple[Case, Run]]()
    for case in cases(full):
        pending += runs_of(replace(case, samples=case.samples[:, :1]), tally)
        if len(pending) >= BATCH:
            tally.judge(icarus, pending)
            pending = []
    if pending:
        tally.judge(icarus, pending)
    show(pytestconfig, "RTL: golden = icarus", tally.sentence())
    assert not tally.failures, "\n".join([tally.sentence(), *tally.failures])
    assert tally.spikes > 10 * tally.runs
    assert tally.runs > tally.networks // 2


@pytest.mark.timeout(7200)
def test_verilator_computes_golden_s_values(
    full: bool, verilator: Environment, pytestconfig: pytest.Config
) -> None:
    """The first 500 in short runs: it compiles every network for seconds."""
    tally, pending = Tally(), list[tuple[Case, Run]]()
    drawn = islice(cases(True), 500) if full else map(branching_case, range(2))
    for case in drawn:
        pending += runs_of(replace(case, samples=case.samples[:8, :1]), tally)
        if len(pending) >= BATCH:
            tally.judge(verilator, pending)
            pending = []
    if pending:
        tally.judge(verilator, pending)
    show(pytestconfig, "RTL: golden = verilator", tally.sentence())
    assert not tally.failures, "\n".join([tally.sentence(), *tally.failures])
    assert tally.spikes > tally.runs > 0


# What is planted in nd_top.v, and what stands there instead.
BUGS = {
    "a comparison turned around": (r"(\w+) >= 1'sd0\) \? 2'sd1", r"\1 < 1'sd0) ? 2'sd1"),
    "no rounding toward zero": (r"\((\w+) < 1'sd0\) \? \1 \+ \d+'sd\d+ : \1", r"\1"),
    "sums that are not cleared": (r"\? 1'sd0 : total \+", "? total : total +"),
    "a weight too late": (r"row \+ i;", "row + i + 1;"),
    "states that are too narrow": (r"nd_ram #\(\d\d, (\d+, \d+)\) q", r"nd_ram #(6, \1) q"),
    "a delay off by one": (r"_base - (\d+) :", r"_base :"),
    ">= for >": (r"\((t\d+) > 1'sd0\) \? 2'sd1", r"(\1 >= 1'sd0) ? 2'sd1"),
    "a wrap for a clip": (r"(t\d+) = \((t\d+) < (-\d+'sd\d+)\) \? \3 : .*;", r"\1 = \2;"),
    "a width short by a bit": (r"wire signed \[1:0\] sent;", "wire signed [0:0] sent;"),
}


# Few neurons ever stand exactly at their threshold.
_RARE = (">= for >",)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_seen(name: str, icarus: Environment) -> None:
    pattern, words = BUGS[name]
    tally, runs = Tally(), list[tuple[Case, Run]]()
    most = 24 if name in _RARE else 4
    for seed in range(100):
        for case, run in runs_of(branching_case(seed), tally):
            before = run.texts["nd_top.v"]
            if (after := re.sub(pattern, words, before)) != before:
                runs.append((case, replace(run, texts={**run.texts, "nd_top.v": after})))
        if len(runs) == most:
            break
    assert len(runs) >= 4
    try:
        tally.judge(icarus, runs)
    except SimulatorError as error:
        # Registers without a value, or wires of unlike widths.
        tally.failures.append(error.message)
    assert tally.failures
