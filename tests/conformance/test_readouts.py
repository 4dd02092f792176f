"""Networks that end in readouts and decoders: training, golden, fast, files and simulators agree.

A failure names the network, such as `count loihi 3`, which `reading_case(3, "loihi")` makes again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.frontend.training import training_trace
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden, simulate
from neurodeploy.target import Simulation, Target, finished, restructured, target
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import compare
from targets.loihi.host import lava_run
from targets.loihi.neurons.integrator import shown
from targets.loihi.simulators.simulate import run_lava
from targets.onnx.read import open_file
from targets.onnx.simulators.simulate import FileRun, run_files
from tests.conformance.networks import Case
from tests.conformance.reading_networks import DECODERS, reading_case
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


def hold_all(chip: Target, cases: list[Case], run: Run) -> Tally:
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
            trained = training_trace(case.model, case.program, case.samples)
            tally.hold(case, "training = golden", trained, golden)
    return tally


def outcome(config: pytest.Config, chip: Target, tally: Tally, count: int) -> None:
    """Show what was compared, and hold it."""
    show(config, f"Readouts for {chip.name}", tally.sentence())
    assert not tally.failures, "\n".join(tally.failures[:20])
    assert tally.networks == count
    assert tally.silent <= count // 20


def count(full: bool) -> int:
    """How many networks a target runs; the subset has each decoder twice."""
    return 504 if full else 2 * len(DECODERS)


@pytest.mark.timeout(3600)
def test_onnx(full: bool, onnxruntime: Environment, pytestconfig: pytest.Config) -> None:
    chip = target("onnx")

    def run(pairs: list[tuple[Case, Artifact]]) -> list[Trace]:
        runs = [FileRun(open_file(artifact), case.samples) for case, artifact in pairs]
        return run_files(runs, onnxruntime, Simulation())

    forms = ("int8", "int4", "int12", "lynxi")
    cases = [reading_case(seed, forms[seed % len(forms)]) for seed in range(count(full))]
    outcome(pytestconfig, chip, hold_all(chip, cases, run), len(cases))


@pytest.mark.timeout(3600)
def test_loihi(full: bool, lava: Environment, pytestconfig: pytest.Config) -> None:
    chip = target("loihi")

    def run(pairs: list[tuple[Case, Artifact]]) -> list[Trace]:
        results = run_lava([lava_run(artifact, case.samples) for case, artifact in pairs], jobs=2)
        traces = []
        for (case, _), layers in zip(pairs, results, strict=True):
            named = zip(case.program.layers, layers, strict=False)
            values = {node.name: LayerTrace(shown(node, each)) for node, each in named}
            traces.append(finished(Trace(values, case.program.output), case.program))
        return traces

    cases = [reading_case(seed, "loihi") for seed in range(count(full))]
    outcome(pytestconfig, chip, hold_all(chip, cases, run), len(cases))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("simulator", ["interpreter", "float16"])
def test_lynxi(simulator: str, full: bool, pytestconfig: pytest.Config) -> None:
    chip = target("lynxi")

    def run(pairs: list[tuple[Case, Artifact]]) -> list[Trace]:
        return [
            finished(chip.simulate(artifact, case.samples, simulator=simulator), case.program)
            for case, artifact in pairs
        ]

    cases = [reading_case(seed, "lynxi") for seed in range(count(full))]
    outcome(pytestconfig, chip, hold_all(chip, cases, run), len(cases))
