"""Random networks as C: golden, the text read back, and the judges, in both forms.

A failure names the network, such as `chip 17`, which `chip_case(17)` makes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

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


# By kind of network: how one is drawn, how many with --full, and how many in `make test`.
KINDS: dict[str, tuple[Callable[[int], Case], int, int]] = {
    "chip": (chip_case, 100, 1),
    "branching": (branching_case, 150, 2),
    "random": (random_case, 50, 1),
    "timed": (timed_case, 50, 1),
    "moving": (moving_case, 100, 1),
    "attentive": (lambda seed: attentive_case(seed, late=seed % 5 == 4), 50, 1),
    "summing": (lambda seed: summing_case(seed, late=seed % 5 == 4), 50, 1),
    "zoo": (zoo_case, 108, 2),
}


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


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_every_network_computes_golden_s_values(
    kind: str, full: bool, pytestconfig: pytest.Config
) -> None:
    tally, pending = Tally(), list[tuple[Case, Run]]()
    draw, many, few = KINDS[kind]
    for seed in range(many if full else few):
        case = draw(seed)
        forms = (True, False) if seed % 3 == 0 else (seed % 2 == 0,)
        pending += runs_of(replace(case, samples=case.samples[:, :2]), tally, forms)
        if len(pending) >= BATCH:
            tally.judge(JUDGES["host"], pending)
            pending = []
        assert not tally.failures, "\n".join([tally.sentence(), *tally.failures])
    if pending:
        tally.judge(JUDGES["host"], pending)
    show(pytestconfig, f"C: golden = host, {kind}", tally.sentence())
    assert not tally.failures, "\n".join([tally.sentence(), *tally.failures])
    assert tally.spikes > (5 * tally.networks if full else 0)
    assert tally.refused <= tally.networks // 20


def in_turn() -> Iterator[Case]:
    """Yield the networks of all kinds in turn."""
    for seed in range(max(many for _, many, _ in KINDS.values())):
        yield from (draw(seed) for draw, many, _ in KINDS.values() if seed < many)


@pytest.mark.thorough
@pytest.mark.usefixtures("zig")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("judge", ["zig", "cortex-m4", "riscv32"])
def test_every_other_judge_computes_them_too(judge: str, pytestconfig: pytest.Config) -> None:
    tally, pending = Tally(), list[tuple[Case, Run]]()
    for number, case in enumerate(islice(in_turn(), 500)):
        short = replace(case, samples=case.samples[:8, :1])
        pending += runs_of(short, tally, (number % 2 == 1,))
        if len(pending) >= BATCH:
            tally.judge(JUDGES[judge], pending)
            pending = []
    if pending:
        tally.judge(JUDGES[judge], pending)
    show(pytestconfig, f"C: golden = {judge}", tally.sentence())
    assert not tally.failures, "\n".join([tally.sentence(), *tally.failures])
    assert tally.spikes > 5 * tally.runs > 0
