"""Random networks as C: golden, the text read back, and the judges, in both forms.

A failure names the network, such as `chip 17`, which `chip_case(17)` makes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from neurodeploy.simulator import run_golden
from neurodeploy.target import Severity, Simulation, chip_part
from neurodeploy.verification.compare import compare
from targets.c import target
from targets.c.check import network_of
from targets.c.compile import texts_of
from targets.c.simulators.simulate import JUDGES, Judge, Run, run_texts
from tests.conformance.attentive_networks import attentive_case
from tests.conformance.chip_networks import chip_case
from tests.conformance.moving_networks import moving_case
from tests.conformance.networks import Case, random_case, timed_case
from tests.conformance.summary import show
from tests.conformance.summing_networks import summing_case
from tests.conformance.zoo_networks import zoo_case
from tests.unit.programs import random_program, random_samples

BATCH = 20
STEPS = 24


def branching_case(seed: int) -> Case:
    """Draw a network with branches, delays, loops and neurons of several number systems."""
    program = random_program(seed, ports=seed % 3 == 0)
    return Case(f"branching {seed}", program, random_samples(program, seed, STEPS, 2))


def cases(full: bool) -> Iterator[Case]:
    """Yield the networks of the suite."""
    yield from (chip_case(seed) for seed in range(100 if full else 2))
    yield from (branching_case(seed) for seed in range(150 if full else 3))
    yield from (random_case(seed) for seed in range(50 if full else 1))
    yield from (timed_case(seed) for seed in range(50 if full else 1))
    yield from (moving_case(seed) for seed in range(100 if full else 2))
    yield from (attentive_case(seed, late=seed % 5 == 4) for seed in range(50 if full else 1))
    yield from (summing_case(seed, late=seed % 5 == 4) for seed in range(50 if full else 1))
    yield from (zoo_case(seed) for seed in range(108 if full else 3))


@dataclass
class Tally:
    """The comparisons, and what went wrong."""

    networks: int = 0
    refused: int = 0
    runs: int = 0
    values: int = 0
    spikes: int = 0
    failures: list[str] = field(default_factory=list)

    def judge(self, judge: Judge, runs: list[tuple[Case, Run]]) -> None:
        """Compare the traces of some networks with golden."""
        traces = run_texts(judge, [run for _, run in runs], Simulation())
        for (case, run), trace in zip(runs, traces, strict=True):
            golden = run_golden(run.network.program, run.samples)
            link = compare(f"golden = {judge.toolchain}", golden, trace, 0.0)
            self.runs += 1
            self.values += link.compared
            self.spikes += golden.spikes()
            if not link.same:
                words = link.divergence.sentence() if link.divergence else link.reason
                form = "event" if run.network.by_event else "dense"
                self.failures.append(f"{case.name}, {form}, {judge.toolchain}: {words}")

    def sentence(self) -> str:
        """Return the result in words."""
        return (
            f"{self.networks:,} networks ({self.refused} refused), {self.runs:,} runs, "
            f"{self.values:,} values, {self.spikes:,} spikes, {len(self.failures)} runs differ"
        )


def runs_of(case: Case, tally: Tally, forms: tuple[bool, ...]) -> Iterator[tuple[Case, Run]]:
    """Yield a network in several forms, after reading each back."""
    tally.networks += 1
    if any(finding.severity == Severity.ERROR for finding in target.check(case.program)):
        tally.refused += 1
        return
    for by_event in forms:
        artifact = target.compile(case.program, form="event" if by_event else "dense")
        if target.read(artifact) != case.program:
            tally.failures.append(f"{case.name}: read back as another program")
        network = network_of(chip_part(case.program), by_event)
        yield case, Run(network, texts_of(network), case.samples[:STEPS])


def test_every_network_computes_golden_s_values(full: bool, pytestconfig: pytest.Config) -> None:
    tally, pending = Tally(), list[tuple[Case, Run]]()
    for index, case in enumerate(cases(full)):
        forms = (True, False) if full or index % 3 == 0 else (index % 2 == 0,)
        case = replace(case, samples=case.samples[:, :2])
        pending += runs_of(case, tally, forms)
        if len(pending) >= BATCH:
            tally.judge(JUDGES["host"], pending)
            pending = []
    if pending:
        tally.judge(JUDGES["host"], pending)
    show(pytestconfig, "C: golden = host", tally.sentence())
    assert not tally.failures, "\n".join([tally.sentence(), *tally.failures])
    assert tally.spikes > 20 * tally.networks
    assert tally.refused <= tally.networks // 20
