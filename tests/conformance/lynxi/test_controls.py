"""Negative controls for Lynxi: what is changed in a file is found where that file is run.

Each file is changed by one weight, and the manifest's hashes are made anew; then `verify`, as it
runs where nothing is asked for, names the layer, the neuron and the step in which the golden
interpreter first differs with that weight.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.flow import pipeline
from neurodeploy.program import Program
from neurodeploy.report import Divergence, Link, Status
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import compare
from targets.lynxi import target
from targets.lynxi.package.golden import worst_cases
from targets.lynxi.reduced.plan import plan_of
from targets.lynxi.simulators.vendor_files import VENDOR_FILES
from tests.unit.targets.lynxi import vendor
from tests.unit.targets.lynxi.programs import image, spikes

STEPS = 8
PROGRAM = image()
SAMPLES = spikes(PROGRAM, STEPS)
GOLDEN = run_golden(PROGRAM, SAMPLES)
# For every file, a layer whose weight is negated in that file alone.
LAYERS = {
    "torchscript-unrolled": "conv.1",
    "torchscript-step": "sum",
    "onnx-unrolled": "conv2",
    "onnx-step": "dense",
    "onnx-apart": "dense",
}
Links = dict[str, Link]


@pytest.fixture
def folder(tmp_path: Path, onnxruntime: Environment) -> Path:
    """Export a package."""
    target.compile(PROGRAM, steps=STEPS).write(tmp_path / "package")
    return tmp_path / "package"


def links(folder: Path, simulator: str | None = None, samples: Any = SAMPLES) -> Links:
    """Return what verify finds with each simulator."""
    report = pipeline.verified(folder, samples=samples, simulator=simulator)
    by_simulator = {link.name.removeprefix("golden = "): link for link in report.links}
    assert report.equal == all(x.status == Status.EQUAL for x in report.links if x.requested)
    return by_simulator


def negated(simulator: str) -> tuple[str, bytes]:
    """Return the file that a simulator runs, with its weight negated."""
    file = VENDOR_FILES[simulator].file
    content = target.compile(PROGRAM, steps=STEPS).files[file]
    return file, vendor.negated(content, PROGRAM, *weight_of(simulator))


@cache
def weight_of(simulator: str) -> tuple[str, tuple[int, ...]]:
    """Return a weight that matters: its layer and its index."""
    layer = LAYERS[simulator]
    weight = PROGRAM.by_name[layer].weight
    for flat_index in np.argsort(-np.abs(weight), axis=None):
        index = tuple(int(i) for i in np.unravel_index(flat_index, weight.shape))
        if simulator == "onnx-apart":
            return layer, index
        if compare("", GOLDEN, run_golden(other_program(layer, index), SAMPLES), 0.0).divergence:
            return layer, index
    raise LookupError(f"no weight of {layer} matters")


def other_program(name: str, index: tuple[int, ...]) -> Program:
    """Return the program with a weight negated."""
    weight = PROGRAM.by_name[name].weight.copy()
    weight[index] *= -1
    nodes = (replace(n, weight=weight) if n.name == name else n for n in PROGRAM.nodes)
    return Program(tuple(nodes), PROGRAM.output)


def expected(simulator: str) -> Divergence | None:
    """Return where golden first differs with that weight, of the places that the file shows."""
    if simulator == "onnx-apart":
        return expected_apart_divergence(simulator)
    traces = [GOLDEN, run_golden(other_program(*weight_of(simulator)), SAMPLES)]
    if simulator.endswith("unrolled"):
        traces = [spikes_alone(trace) for trace in traces]
    return compare("", *traces, 0.0).divergence


def expected_apart_divergence(simulator: str) -> Divergence:
    """Return the divergence in the largest sum that contains this weight, after negating it."""
    name, (output, source) = weight_of(simulator)
    (case,) = (c for c in worst_cases(plan_of(PROGRAM)) if name in c.sums)
    weight = int(PROGRAM.by_name[name].weight[output, source])
    driven = case.inputs[name].reshape(2, -1)[:, source]
    sample = int(np.flatnonzero(driven)[0])
    before = int(case.sums[name][sample, output])
    after = before - 2 * weight * int(driven[sample])
    return Divergence(name, "sum", (output,), 0, sample, before, after)


def spikes_alone(trace: Trace) -> Trace:
    layers = {name: LayerTrace({"s": trace[name].s}) for name in trace}
    return Trace(layers, trace.output_layer)


def test_the_package_as_it_is(folder: Path) -> None:
    results = links(folder)
    assert set(target.simulators) <= set(results)
    assert {results[name].status for name in target.simulators} == {Status.EQUAL}
    assert results["onnx-apart"].compared > 0
    assert {results[name].spikes for name in target.simulators if name != "onnx-apart"} == {
        GOLDEN.spikes()
    }


def test_every_file_is_found_by_its_own_weight(folder: Path) -> None:
    vendor.remade(folder, dict(negated(simulator) for simulator in LAYERS))
    results = links(folder)
    for simulator in LAYERS:
        link, wanted = results[simulator], expected(simulator)
        assert link.status == Status.DIFFERS, simulator
        assert link.divergence is not None
        assert wanted is not None
        assert link.divergence.sentence() == wanted.sentence(), simulator
    for simulator in ("interpreter", "float16"):
        assert results[simulator].status == Status.EQUAL


# With --full alone: above, each file is found by a weight that the others do not change.
@pytest.mark.thorough
def test_one_changed_file_is_found_and_the_others_stay_equal(folder: Path) -> None:
    vendor.remade(folder, dict([negated("onnx-step")]))
    results = links(folder, "all")
    differing = {name for name in target.simulators if results[name].status != Status.EQUAL}
    assert differing == {"onnx-step"}


def test_garbage_is_never_equal_and_is_named(folder: Path) -> None:
    vendor.remade(folder, {file.file: b"garbage" * 9 for file in VENDOR_FILES.values()})
    results = links(folder)
    for simulator, file in VENDOR_FILES.items():
        link = results[simulator]
        assert (link.status, link.requested) == (Status.NOT_RUN, True)
        assert f"{file.file}: " in str(link.reason)
    report = pipeline.verified(folder, samples=SAMPLES, simulator="onnx-apart")
    # A file that cannot run is not the one that export writes either.
    assert report.exit_code == 1
    structure = next(link for link in report.links if link.name == "program = artifact")
    assert structure.status == Status.DIFFERS


@pytest.mark.parametrize("steps", [3, STEPS, 2 * STEPS + 1])
def test_an_unrolled_file_is_run_whatever_the_samples_steps(folder: Path, steps: int) -> None:
    """All of the file's steps are run, on the first samples or on these once more."""
    samples = spikes(PROGRAM, steps)
    whole = links(folder, "onnx-unrolled", samples)["onnx-unrolled"]
    assert whole.status == Status.EQUAL
    sizes = sum(int(np.prod(part.shape)) for part in plan_of(PROGRAM).layers)
    assert whole.compared == STEPS * samples.shape[1] * sizes
    vendor.remade(folder, dict([negated("onnx-unrolled")]))
    changed = links(folder, "onnx-unrolled", samples)["onnx-unrolled"]
    assert changed.status == Status.DIFFERS
    assert changed.divergence is not None
