"""Every link of networks that are trained: training, golden, fast, files and simulators agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.frontend.training import training_trace
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden, simulate
from neurodeploy.target import Simulation, Target, finished, restructured
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import compare
from targets.loihi.host import lava_run
from targets.loihi.neurons.integrator import shown
from targets.loihi.simulators.simulate import run_lava
from targets.onnx.read import open_file
from targets.onnx.simulators.simulate import FileRun, run_files
from tests.conformance.encoded_networks import EncodedCase
from tests.conformance.networks import Case
from tests.conformance.summary import show

Run = Callable[[list[tuple[Case, Artifact]]], list[Trace]]
BATCH = 50


@dataclass
class Tally:
    """The comparisons, and what went wrong."""

    networks: int = 0
    values: int = 0
    silent: int = 0
    failures: list[str] = field(default_factory=list)

    def hold(self, case: Case, name: str, expected: Trace, trace: Trace) -> None:
        """One trace held against another."""
        link = compare(name, expected, trace, 0.0)
        self.values += link.compared
        if not link.same:
            words = link.divergence.sentence() if link.divergence else link.reason
            self.failures.append(f"{case.name}: {name}: {words}")

    def sentence(self) -> str:
        """The result in words."""
        return (
            f"{self.networks:,} networks, {self.values:,} values, {self.silent} silent, "
            f"{len(self.failures)} comparisons differ"
        )


def compiled(chip: Target, case: Case) -> Artifact:
    """The artifact, which reads back as the program."""
    assert restructured(case.program, chip) is case.program
    artifact = chip.compile(case.program)
    assert chip.read(artifact) == case.program, case.name
    return artifact


def hold_all(chip: Target, cases: Sequence[Case], run: Run) -> Tally:
    """Every network through every link."""
    tally = Tally()
    for start in range(0, len(cases), BATCH):
        pairs = [(case, compiled(chip, case)) for case in cases[start : start + BATCH]]
        for (case, _), trace in zip(pairs, run(pairs), strict=True):
            golden = run_golden(case.program, case.samples)
            tally.networks += 1
            tally.silent += golden.silent
            tally.hold(case, "golden = simulator", golden, trace)
            tally.hold(case, "golden = fast", golden, simulate(case.program, case.samples, "fast"))
            users = case.values if isinstance(case, EncodedCase) else case.samples
            trained = training_trace(case.model, case.program, users)
            tally.hold(case, "training = golden", trained, golden)
    return tally


def outcome(config: pytest.Config, title: str, tally: Tally, count: int) -> None:
    """Show what was compared, and hold it."""
    show(config, title, tally.sentence())
    assert not tally.failures, "\n".join(tally.failures[:20])
    assert tally.networks == count
    assert tally.silent <= count // 20


def in_onnxruntime(environment: Environment) -> Run:
    """Runs in onnxruntime."""

    def run(pairs: list[tuple[Case, Artifact]]) -> list[Trace]:
        runs = [FileRun(open_file(artifact), case.samples) for case, artifact in pairs]
        return run_files(runs, environment, Simulation())

    return run


def in_lava(pairs: list[tuple[Case, Artifact]]) -> list[Trace]:
    """Runs in Lava, and in the host's decoder behind it."""
    results = run_lava([lava_run(artifact, case.samples) for case, artifact in pairs])
    traces = []
    for (case, _), layers in zip(pairs, results, strict=True):
        named = zip(case.program.layers, layers, strict=False)
        values = {node.name: LayerTrace(shown(node, each)) for node, each in named}
        traces.append(finished(Trace(values, case.program.output), case.program))
    return traces


def in_lynxi(chip: Target, simulator: str) -> Run:
    """Runs in a simulator of Lynxi's packages."""

    def run(pairs: list[tuple[Case, Artifact]]) -> list[Trace]:
        return [
            finished(chip.simulate(artifact, case.samples, simulator=simulator), case.program)
            for case, artifact in pairs
        ]

    return run
