"""Random networks as NIR: the file read back, and nir's own reading of it, stepped in float32.

A failure names the network, such as `nir 17`, which `nir_case(17)` makes again.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace

import h5py
import pytest

from neurodeploy.report import Status
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.target import Severity, Simulation
from neurodeploy.trace import Trace
from neurodeploy.verification.compare import compare
from neurodeploy.verification.meaning import Exact
from neurodeploy.verification.simulated import simulated
from targets.nir import target
from targets.nir.compile import FILE
from targets.nir.simulators.runs import FileRun, file_run
from targets.nir.simulators.simulate import driven, is_exact, run_files
from targets.nir.simulators.sums import golden_sums
from tests.conformance.networks import Case
from tests.conformance.nir_networks import STEPS, nir_case
from tests.conformance.summary import show

BATCH = 50


@dataclass
class Tally:
    """The comparisons, and what went wrong."""

    networks: int = 0
    exact: int = 0
    values: int = 0
    spikes: int = 0
    silent: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, case: Case, golden: Trace, expected: Trace, trace: Trace) -> None:
        """Count one network."""
        link = compare("golden = nir", expected, trace, 0.0)
        self.networks += 1
        self.exact += expected is golden
        self.values += link.compared
        self.spikes += golden.spikes()
        self.silent += golden.silent
        if not link.same:
            words = link.divergence.sentence() if link.divergence else link.reason
            self.failures.append(f"{case.name}: {words}")

    def sentence(self) -> str:
        """The result in words."""
        return (
            f"{self.networks:,} networks, {self.exact:,} of them stepped whole and the others' "
            f"sums, {self.values:,} values, {self.spikes:,} spikes, {self.silent} silent, "
            f"{len(self.failures)} differ"
        )


def prepared(case: Case, seed: int) -> tuple[FileRun, Trace, Trace]:
    """The file's run, the golden trace, and what is expected of the run."""
    findings = target.check(case.program)
    assert all(finding.severity == Severity.WARNING for finding in findings), findings
    artifact = target.compile(case.program, dt=STEPS[seed % len(STEPS)])
    assert target.read(artifact) == case.program, case.name
    run, golden = file_run(artifact, case.samples), run_golden(case.program, case.samples)
    if is_exact(case.program, run.dt):
        return run, golden, golden
    return driven(run, golden), golden, golden_sums(case.program, case.samples, golden, run.dt)


@pytest.mark.timeout(7200)
def test_nir_reads_every_random_network_and_computes_the_same(
    full: bool, nir_reference: Environment, pytestconfig: pytest.Config
) -> None:
    tally = Tally()
    count = 500 if full else 24
    for start in range(0, count, BATCH):
        seeds = range(start, min(start + BATCH, count))
        cases = [nir_case(seed) for seed in seeds]
        runs = [prepared(case, seed) for case, seed in zip(cases, seeds, strict=True)]
        traces = run_files([run for run, _, _ in runs], Simulation())
        for case, (_, golden, expected), trace in zip(cases, runs, traces, strict=True):
            tally.add(case, golden, expected, trace)
    show(pytestconfig, "NIR: golden = nir", tally.sentence())
    assert not tally.failures, "\n".join(tally.failures[:20])
    assert tally.exact > count // 6
    assert tally.spikes > 20 * count
    assert tally.silent < count // 6


def test_the_subset_covers_what_the_generator_can_make() -> None:
    programs = [nir_case(seed).program for seed in range(40)]
    nodes = [node for program in programs for node in program.nodes]
    assert {type(node).__name__ for node in nodes} == {
        "Input",
        "Dense",
        "Conv2d",
        "Flatten",
        "Neuron",
    }
    names = {node.equations.name for program in programs for node in program.layers}
    assert names == {"IF", "LIF", "CubaLIF", "Integrator"}
    assert any(node.name.endswith(".own") for node in nodes)
    assert any(node.name.endswith(".skip") for node in nodes)
    assert any(getattr(node, "delays", None) is not None for node in nodes)


def test_one_flipped_bit_of_a_weight_is_seen(nir_reference: Environment) -> None:
    runs, right = [], []
    for seed in range(12):
        case = nir_case(seed)
        run, _, expected = prepared(case, seed)
        image = io.BytesIO(run.content)
        with h5py.File(image, "r+") as file:
            paths: list[str] = []
            file["node/metadata/neurodeploy/integers"].visit(paths.append)
            path = next((each for each in paths if each.endswith(".weight")), None)
            if path is None:
                continue
            file[f"node/metadata/neurodeploy/integers/{path}"][...] ^= 1
        edited = replace(target.compile(case.program), files={FILE: image.getvalue()})
        program = target.read(replace(edited, edited=("network.nir differs",)))
        changed = target.compile(program, dt=STEPS[seed % len(STEPS)])
        runs.append(replace(run, content=changed.files[FILE], program=program))
        right.append(expected)
    traces = run_files(runs, Simulation())
    pairs = zip(right, traces, strict=True)
    statuses = [compare("flipped", expected, trace, 0.0).status for expected, trace in pairs]
    assert statuses.count(Status.DIFFERS) > 6


def test_a_report_says_where_spikes_were_not_compared(nir_reference: Environment) -> None:
    reasons = {}
    for seed in range(12):
        case = nir_case(seed)
        artifact = target.compile(case.program, dt=STEPS[seed % len(STEPS)])
        meaning = Exact(case.program, case.samples)
        (outcome,) = simulated(target, artifact, meaning, nir_reference.name, Simulation())
        assert outcome.link.status == Status.EQUAL
        whole = is_exact(case.program, file_run(artifact, case.samples).dt)
        reasons[whole] = outcome.link.reason
        if len(reasons) == 2:
            break
    assert reasons[True] is None
    assert "does not compute the spikes of this network" in (reasons[False] or "")
