"""Random networks on Xylo: golden, the file read back, and xylosim; and planted bugs.

A failure names the network, such as `xylo 17`, which `xylo_case(17)` makes again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from neurodeploy.program import Neuron, Program
from neurodeploy.proof import EVERY
from neurodeploy.proof.proofs import Proof
from neurodeploy.proof.prove import proofs_of
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.verification.compare import compare
from snncore.dynamics import Equations, maximum, minimum, select, spike, trace
from targets.xylo import target
from targets.xylo.examples import EXAMPLES
from targets.xylo.neuron import PARAMETERS, STATES
from targets.xylo.proving import steps_in
from targets.xylo.read import specification_in
from targets.xylo.simulators.simulate import Run, run_xylosim
from tests.conformance.networks import Case
from tests.conformance.summary import show
from tests.conformance.xylo.networks import xylo_case


def run_of(case: Case) -> Run:
    """Return the run of what a network's file holds."""
    artifact = target.compile(case.program)
    assert target.read(artifact) == case.program, case.name
    return Run(specification_in(artifact), case.program, case.samples)


def test_every_network_computes_golden_s_values(
    full: bool, xylosim: Environment, pytestconfig: pytest.Config
) -> None:
    cases = [xylo_case(seed) for seed in range(500 if full else 12)]
    values = spikes = several = 0
    failures = []
    for case, shown in zip(cases, run_xylosim([run_of(case) for case in cases]), strict=True):
        golden = run_golden(case.program, case.samples)
        link = compare("golden = xylosim", golden, shown, 0.0)
        values, spikes = values + link.compared, spikes + golden.spikes()
        several += any(golden[name].s.max() > 1 for name in golden)
        if not link.same:
            words = link.divergence.sentence() if link.divergence else link.reason
            failures.append(f"{case.name}: {words}")
    words = f"{len(cases):,} networks, {values:,} values, {spikes:,} spikes, {len(failures)} differ"
    show(pytestconfig, "Xylo: golden = xylosim", f"{words}; {several} with several spikes a step")
    assert not failures, "\n".join(failures)
    assert spikes > 20 * len(cases)
    assert several > len(cases) // 4


# Each bug takes the place of a part of the step.
BUGS: dict[str, dict[str, Any]] = {
    "leaks nothing of a small value": {"least": False},
    "leaks before the events arrive": {"early": True},
    "fires above its threshold": {"strict": True},
    "resets to zero": {"hard": True},
    "fires once less": {"less": 1},
}


def wrong(
    most: int,
    *,
    least: bool = True,
    early: bool = False,
    strict: bool = False,
    hard: bool = False,
    less: int = 0,
) -> Equations:
    """Return the chip's step with a bug."""

    def leak(value: Any, decay: Any) -> Any:
        small = minimum(value, -(2.0**-15 * -value))
        return maximum(decay * value, small) if least else decay * value

    def step(charge: Any, u: Any, change: Any, v: Any, x: Any, **numbers: Any) -> Any:
        x = x + numbers["bias"]
        charge = u + x
        u = charge - leak(u if early else charge, numbers["current_decay"])
        change = u - leak(v, numbers["voltage_decay"])
        v, count = v + change, 0
        for _ in range(max(most - less, 1)):
            below = v - numbers["threshold"]
            fires = spike(below, strict=strict)
            count, v = count + fires, select(fires, 0.0 if hard else below, v)
        return charge, u, change, v, count

    names = ("bias", *PARAMETERS)
    equations = trace(step, states=STATES, parameters=names, name="Wrong")
    return replace(equations, parameters=(*PARAMETERS, "bias"))


def with_bug(program: Program, bug: dict[str, Any]) -> Program:
    """Return a program whose hidden neurons have a bug."""
    nodes = tuple(
        replace(node, equations=wrong(31, **bug))
        if isinstance(node, Neuron) and node.name != program.output
        else node
        for node in program.nodes
    )
    return Program(nodes, program.output)


def proof_with(bug: dict[str, Any]) -> Proof:
    """Return the proof of hidden neurons with a bug, which the formulas have not."""
    steps = steps_in(target.compile(EXAMPLES["two layers"]))
    # Outputs are as they should be, and would take as long.
    hidden = {"hidden": steps.layers["hidden"]}
    planted = replace(steps, program=with_bug(steps.program, bug), layers=hidden)
    return proofs_of("xylo", planted)["hidden"]


@pytest.mark.every(2)
@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_found_by_the_proof(name: str, solvers: Environment) -> None:
    proof = proof_with(BUGS[name])
    assert proof.status == "counterexample", proof.reason
    assert proof.reason.startswith("hidden: neuron (")


def test_the_same_without_a_bug_is_proved(solvers: Environment) -> None:
    proof = proof_with({})
    assert proof.status == "proved"
    assert proof.domain == EVERY


def test_bugs_are_found_by_the_simulator(xylosim: Environment) -> None:
    cases = [xylo_case(seed) for seed in range(6)]
    traces = run_xylosim([run_of(case) for case in cases])
    for name, bug in BUGS.items():
        if name == "fires once less":
            # Counts of 31 are rare.
            continue
        goldens = [run_golden(with_bug(case.program, bug), case.samples) for case in cases]
        pairs = zip(goldens, traces, strict=True)
        assert not all(compare(name, golden, shown, 0.0).same for golden, shown in pairs), name
    goldens = [run_golden(with_bug(case.program, {}), case.samples) for case in cases]
    pairs = zip(goldens, traces, strict=True)
    assert all(compare("no bug", golden, shown, 0.0).same for golden, shown in pairs)
