"""Emulators of the chip by others: whatever they cover, they compute as we do, on every bit."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import SimulatorScopeError
from neurodeploy.report import Status
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.verification.compare import compare
from targets.loihi.simulators.judges import JudgedRun, require_scope, run_judge
from targets.loihi.target import target
from tests.conformance.networks import Case, judged_case
from tests.conformance.summary import show

# Networks drawn: in `make test`, and in all. Each emulator covers three of four kinds.
SUBSET, FULL = 8, 420
BATCH = 60


def in_scope(judge: Environment, cases: list[Case]) -> list[Case]:
    """Return the cases that the emulator covers."""
    accepted = []
    for case in cases:
        try:
            require_scope(judge, JudgedRun(case.program, case.samples))
        except SimulatorScopeError:
            continue
        accepted.append(case)
    return accepted


def judged(judge: Environment, full: bool, tell: Callable[[str], None]) -> None:
    cases = in_scope(judge, [judged_case(seed) for seed in range(FULL if full else SUBSET)])
    values = spikes = silent = 0
    failures: list[str] = []
    for start in range(0, len(cases), BATCH):
        batch = cases[start : start + BATCH]
        runs = [JudgedRun(case.program, case.samples) for case in batch]
        for case, trace in zip(batch, run_judge(judge, runs), strict=True):
            golden = run_golden(case.program, case.samples)
            link = compare(f"golden = {judge.name}", golden, trace, 0.0)
            values, spikes = values + link.compared, spikes + golden.spikes()
            silent += golden.spikes() == 0
            if not link.same:
                words = link.divergence.sentence() if link.divergence else link.reason
                failures.append(f"{case.name}: {words}")
    tell(
        f"{len(cases)} networks, {values:,} values of s, u and v, {spikes:,} spikes: "
        f"{len(failures)} networks differ; {silent} without a spike"
    )
    assert failures == []
    assert len(cases) >= (300 if full else 6)
    assert silent <= len(cases) // 10
    assert spikes > 50 * len(cases)


@pytest.mark.timeout(3600)
def test_nengo_loihi_computes_every_network_it_knows(
    full: bool, nengo: Environment, pytestconfig: pytest.Config
) -> None:
    judged(nengo, full, lambda text: show(pytestconfig, "Loihi: golden = nengo-loihi", text))


@pytest.mark.timeout(3600)
def test_brian2_loihi_computes_every_network_it_knows(
    full: bool, brian: Environment, pytestconfig: pytest.Config
) -> None:
    judged(brian, full, lambda text: show(pytestconfig, "Loihi: golden = brian2-loihi", text))


def test_one_report_holds_all_three_judges(
    lava: Environment, nengo: Environment, brian: Environment
) -> None:
    case = judged_case(0)
    artifact = target.compile(case.program)
    report = nd.verify(artifact, samples=case.samples, simulator="all")
    links = {link.name: link.status for link in report.links}
    for judge in (lava, nengo, brian):
        assert links[f"golden = {judge.name}"] == Status.EQUAL
    assert report.equal
    delayed = judged_case(1)
    report = nd.verify(target.compile(delayed.program), samples=delayed.samples, simulator="all")
    left_out = next(link for link in report.links if link.name == "golden = nengo-loihi")
    assert (left_out.status, left_out.requested) == (Status.NOT_RUN, False)
    assert "has delays, which nengo-loihi does not emulate" in str(left_out.reason)
    assert report.equal


def test_a_flipped_bit_is_seen_by_every_judge(nengo: Environment, brian: Environment) -> None:
    from dataclasses import replace

    case = judged_case(0)
    synapse = case.program.synapses[0]
    golden = run_golden(case.program, case.samples)
    # An input that spikes, and its largest weight.
    source = int(case.samples.sum(axis=(0, 1)).argmax())
    index = (int(abs(synapse.weight[:, source]).argmax()), source)
    weight = synapse.weight.copy()
    weight[index] ^= 2
    nodes = tuple(
        replace(synapse, weight=weight) if node is synapse else node for node in case.program.nodes
    )
    for judge in (nengo, brian):
        run = JudgedRun(replace(case.program, nodes=nodes), case.samples)
        (trace,) = run_judge(judge, [run])
        assert not np.array_equal(golden["layer1"].u, trace["layer1"].u)


def test_the_example_is_equal_under_every_judge_that_knows_it(
    lava: Environment,
    brian: Environment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = Path(__file__).parents[3] / "examples/which_came_first.py"
    monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(script), run_name="__main__")
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert re.search(r"=  golden = lava +equal", said)
    assert re.search(r"=  golden = brian2-loihi +equal", said)
    assert "has delays, which nengo-loihi does not emulate" in said
