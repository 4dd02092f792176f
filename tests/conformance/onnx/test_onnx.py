"""Random networks as ONNX: golden, the file read back, onnxruntime and the standard's evaluator.

A failure names the network, such as `chip 17`, which `chip_case(17)` makes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.report import Status
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.target import Simulation
from neurodeploy.trace import Trace
from neurodeploy.verification.compare import compare
from targets.onnx import target
from targets.onnx.compile import FILE
from targets.onnx.read import open_file
from targets.onnx.simulators.simulate import FileRun, run_files
from tests.conformance.attentive_networks import PRODUCTS, attentive_case
from tests.conformance.chip_networks import FORMATS, chip_case
from tests.conformance.moving_networks import MOVING, moving_case
from tests.conformance.networks import Case, random_case
from tests.conformance.summary import show
from tests.conformance.summing_networks import SUMS, summing_case
from tests.conformance.trained import trained_case
from tests.conformance.zoo_networks import NEURONS, zoo_case
from tests.unit.programs import random_program, random_samples

BATCH = 50
# Each form; whether layers are functions; whether a scan outputs states.
FORMS = (
    ("scan", True, False),
    ("scan", False, True),
    ("step", True, False),
    ("unrolled", True, False),
    ("scan", True, True),
    ("step", False, False),
    ("unrolled", False, False),
)


def branching_case(seed: int) -> Case:
    """Draw a network with branches, delays, loops and neurons of several number systems."""
    program = random_program(seed)
    steps, count = (1, 2, 5, 8, 13, 64)[seed % 6], 1 + seed % 4
    return Case(f"branching {seed}", program, random_samples(program, seed, steps, count))


def cases(full: bool) -> Iterator[Case]:
    """Yield the networks of the suite."""
    yield from (chip_case(seed) for seed in range(500 if full else 10))
    yield from (branching_case(seed) for seed in range(350 if full else 6))
    yield from (random_case(seed) for seed in range(250 if full else 2))
    yield from (trained_case(seed) for seed in range(50 if full else 2))
    yield from (moving_case(seed) for seed in range(500 if full else 4))
    for seed in range(500 if full else 5):
        yield attentive_case(seed, late=seed % 5 == 4)
    for seed in range(500 if full else 5):
        yield summing_case(seed, late=seed % 5 == 4)
    yield from (zoo_case(seed) for seed in range(540 if full else 9))


@dataclass
class Tally:
    """The comparisons, and what went wrong."""

    names: set[str] = field(default_factory=set)
    runs: int = 0
    values: int = 0
    spikes: int = 0
    silent: int = 0
    silent_zoo: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, case: Case, golden: Trace, trace: Trace, engine: str) -> None:
        """Count one run."""
        link = compare(f"golden = {engine}", golden, trace, 0.0)
        self.runs += 1
        self.values += link.compared
        if case.name not in self.names:
            self.names.add(case.name)
            self.spikes += golden.spikes()
            self.silent += golden.spikes() == 0
            self.silent_zoo += golden.spikes() == 0 and case.name.split()[0] in NEURONS
        if not link.same:
            words = link.divergence.sentence() if link.divergence else link.reason
            self.failures.append(f"{case.name}: {engine}: {words}")

    def sentence(self) -> str:
        """Return the result in words."""
        return (
            f"{len(self.names):,} networks, {self.runs:,} runs, {self.values:,} values, "
            f"{self.spikes:,} spikes, {self.silent} networks without one, "
            f"{len(self.failures)} runs differ"
        )


def shortened(case: Case, index: int) -> Case:
    """Return the case with as many steps as its form can run in reasonable time."""
    # onnxruntime takes minutes to load a graph of tens of thousands of nodes.
    most = 8 if FORMS[index % len(FORMS)][0] == "unrolled" else 64
    return replace(case, samples=case.samples[:most])


def exported(case: Case, index: int) -> Artifact:
    """Return the network's file, in the form of its index in the suite."""
    form, functions, trace = FORMS[index % len(FORMS)]
    steps = len(case.samples)
    artifact = target.compile(
        case.program, form=form, steps=steps, functions=functions, trace=trace
    )
    bare = replace(artifact, contract={}, program={})
    assert target.read(bare) == case.program, case.name
    return artifact


@pytest.mark.timeout(7200)
def test_every_random_network_is_equal_in_both_runtimes(
    full: bool, onnxruntime: Environment, reference: Environment, pytestconfig: pytest.Config
) -> None:
    tally = Tally()
    suite = [shortened(case, index) for index, case in enumerate(cases(full))]
    for start in range(0, len(suite), BATCH):
        batch = suite[start : start + BATCH]
        opened = [open_file(exported(case, start + n)) for n, case in enumerate(batch)]
        runs = [FileRun(file, case.samples) for file, case in zip(opened, batch, strict=True)]
        goldens = [run_golden(case.program, case.samples) for case in batch]
        engines = {onnxruntime.name: (onnxruntime, runs), reference.name: (reference, runs)}
        if start % (5 * BATCH) == 0:
            plain = [replace(run, optimized=False) for run in runs]
            engines["onnxruntime without its optimizer"] = (onnxruntime, plain)
        for name, (environment, asked) in engines.items():
            traces = run_files(asked, environment, Simulation())
            for case, golden, trace in zip(batch, goldens, traces, strict=True):
                tally.add(case, golden, trace, name)
    show(pytestconfig, "ONNX: golden = onnxruntime = reference", tally.sentence())
    assert not tally.failures, "\n".join(tally.failures[:20])
    assert len(tally.names) == len(suite)
    assert tally.spikes > 20 * len(suite)
    assert tally.silent < len(suite) // 6
    assert tally.silent_zoo < (27 if full else 1)


def test_the_subset_covers_what_the_generators_can_make() -> None:
    suite = list(cases(full=False))
    layers = [node for case in suite for node in case.program.nodes]
    kinds = {type(node).__name__ for node in layers}
    plain = {"Input", "Conv2d", "Dense", "Flatten", "MaxPool2d", "Neuron"}
    assert kinds == plain | MOVING | PRODUCTS | SUMS
    neurons = {node.equations.name for case in suite for node in case.program.layers}
    assert neurons >= {"IF", "LIF", "CubaLIF", "SoftIF", "Resting", "Adapting"}
    systems = {node.system.name for case in suite for node in case.program.layers}
    assert systems >= {"loihi", "float16", "shift16", "int16", "int24"}
    assert len(FORMATS) >= 9
    assert {1, 64} <= {len(case.samples) for case in suite}
    assert {case.program.input.signal.value for case in suite} == {"spikes", "current"}
    assert any(edge.delay for node in layers for edge in node.sources)


@pytest.mark.parametrize("form", ["scan", "step", "unrolled"])
def test_one_flipped_bit_of_a_weight_is_seen(form: str, onnxruntime: Environment) -> None:
    case = random_case(3)
    artifact = target.compile(case.program, form=form, steps=len(case.samples), trace=True)
    golden = run_golden(case.program, case.samples)
    runs = []
    for index, name in enumerate(_weights(artifact)):
        edited = _flipped(artifact, index)
        assert edited.files[FILE] != artifact.files[FILE], name
        runs.append(FileRun(open_file(edited), case.samples))
    traces = run_files(runs, onnxruntime, Simulation())
    assert len(traces) == len(runs) > 0
    assert Status.DIFFERS in [compare("flipped", golden, trace, 0.0).status for trace in traces]


def _weights(artifact: Artifact) -> list[str]:
    import onnx

    model = onnx.load_from_string(artifact.files[FILE])
    return [tensor.name for tensor in model.graph.initializer if ".weight" in tensor.name]


def _flipped(artifact: Artifact, index: int) -> Artifact:
    """Flip a high bit of one layer's first weight, and mark the artifact as edited."""
    import onnx

    model = onnx.load_from_string(artifact.files[FILE])
    tensors = [tensor for tensor in model.graph.initializer if ".weight" in tensor.name]
    numbers = np.frombuffer(tensors[index].raw_data, np.int8).copy()
    numbers[0] ^= 64
    tensors[index].raw_data = numbers.tobytes()
    files = {FILE: model.SerializeToString(deterministic=True)}
    return replace(artifact, files=files, edited=(f"{FILE} is not the file that was exported",))
