"""Random networks as packages for Lynxi: read twice, as reduced modules, and file by file.

A failure names the network, such as `lynxi 17`, which `_program(17, "lynxi")` makes again.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from typing import Any

import numpy as np
import onnxruntime
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.frontend.training import training_trace
from neurodeploy.report import Status
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.target import Simulation
from neurodeploy.trace import Trace
from neurodeploy.verification.compare import compare
from targets.lynxi import target
from targets.lynxi.package.golden import worst_cases
from targets.lynxi.reduced.plan import plan_of
from targets.lynxi.simulators.vendor_files import (
    VENDOR_FILES,
    FileRun,
    driven_apart,
    driven_by_samples,
    expected_apart,
    run_files,
)
from tests.conformance.lynxi_networks import cases, fits
from tests.conformance.networks import Case
from tests.conformance.summary import show

# Of one network in this many, the files for the vendor's compiler run as well.
FILES_EVERY = 5
MOST_UNROLLED = 12
# This many files share a process.
TOGETHER = 40


@dataclass
class Tally:
    """The comparisons, and what went wrong."""

    networks: int = 0
    values: int = 0
    spikes: int = 0
    silent: int = 0
    files: int = 0
    refused: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def hold(self, case: Case, name: str, golden: Trace, trace: Trace) -> None:
        """Compare one trace with the golden one."""
        link = compare(name, golden, trace, 0.0)
        self.values += link.compared
        if not link.same:
            words = link.divergence.sentence() if link.divergence else link.reason
            self.failures.append(f"{case.name}: {name}: {words}")

    def sentence(self) -> str:
        """Return the result in words."""
        levels = ", ".join(f"{count} {level}" for level, count in sorted(self.levels.items()))
        return (
            f"{self.networks:,} networks ({levels}), {self.values:,} values, "
            f"{self.spikes:,} spikes, {self.silent} networks without one, {self.files} of them in "
            f"every file for the vendor's compiler, {len(self.failures)} comparisons differ"
        )


@dataclass
class Files:
    """Runs of the files for the vendor's compiler, until there are enough for a process."""

    tally: Tally
    runs: list[tuple[Case, Trace, FileRun]] = field(default_factory=list)

    def add(self, case: Case, artifact: Artifact, golden: Trace, steps: int) -> None:
        """Add every file of a package: over the samples, or each layer's worst case."""
        plan, cases = plan_of(case.program), worst_cases(plan_of(case.program))
        self.tally.files += 1
        for file in VENDOR_FILES.values():
            if file.form == "apart":
                run = driven_apart(file, artifact, plan, cases)
                self.runs.append((case, expected_apart(plan, cases), run))
                continue
            samples, expected = case.samples, golden
            if file.form == "unrolled":
                samples = case.samples[:steps]
                expected = run_golden(case.program, samples)
            run = driven_by_samples(file, artifact, plan, steps, samples)
            self.runs.append((case, expected, run))
        if self.tally.files % TOGETHER == 0:
            self.hold()

    def hold(self) -> None:
        """Run them, and hold what they compute against what is expected."""
        for in_torch in (True, False):
            chosen = [each for each in self.runs if each[2].vendor_file.in_torch == in_torch]
            if not chosen:
                continue
            traces = run_files([run for _, _, run in chosen], Simulation())
            for (case, expected, run), trace in zip(chosen, traces, strict=True):
                self.tally.hold(case, run.vendor_file.file, expected, trace)
        self.runs.clear()


@pytest.mark.timeout(3600)
def test_every_random_network_is_equal_in_every_simulator(
    full: bool, onnxruntime: Environment, pytestconfig: pytest.Config
) -> None:
    tally = Tally()
    files = Files(tally)
    for number, case in enumerate(cases(full)):
        if not fits(case):
            tally.refused += 1
            continue
        hold(tally, case, files if number % FILES_EVERY == 0 else None)
    files.hold()
    show(pytestconfig, "Lynxi: golden = interpreter = float16 = every file", tally.sentence())
    assert not tally.failures, "\n".join(tally.failures[:20])
    assert tally.networks >= (1000 if full else 36)
    assert tally.refused <= tally.networks // 50
    assert tally.files >= tally.networks // (FILES_EVERY + 1)
    assert min(tally.levels[level] for level in ("L0", "L1")) >= tally.networks // 8
    assert tally.spikes > 20 * tally.networks
    assert tally.silent < tally.networks // 6


def hold(tally: Tally, case: Case, files: Files | None) -> None:
    """Run one network through everything that computes it."""
    steps = min(len(case.samples), MOST_UNROLLED)
    artifact = target.compile(case.program, steps=steps)
    assert target.read(artifact) == case.program, case.name
    golden = run_golden(case.program, case.samples)
    level = str(artifact.contract["level"])
    tally.networks += 1
    tally.levels[level] += 1
    tally.spikes += golden.spikes()
    tally.silent += golden.spikes() == 0
    tally.hold(case, "interpreter", golden, target.simulate(artifact, case.samples))
    if case.model is not None:
        trained = training_trace(case.model, case.program, case.samples)
        tally.hold(case, "training", trained, golden)
    trace = target.simulate(artifact, case.samples, simulator="float16")
    tally.hold(case, "float16", golden, trace)
    if files is not None:
        files.add(case, artifact, golden, steps)


def test_every_layer_alone_gives_its_largest_sums() -> None:
    """Compare, in onnxruntime, what `compile.py --form apart --run` compares on a card."""
    reached = 0
    for case in islice(cases(full=False), 10):
        if not fits(case):
            continue
        artifact = target.compile(case.program, steps=1)
        document = json.loads(artifact.files["network.json"])
        outputs, bounds = apart(artifact, document), largest(document)
        for name, (result, expected) in outputs.items():
            assert (result == expected).all(), (case.name, name)
        reached += sum(case["largest_sum"] == bounds for case, bounds in bounds)
    assert reached > 10


def apart(artifact: Artifact, document: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return every output of the layers alone, with its golden vector."""
    session = onnxruntime.InferenceSession(
        artifact.files["apart.onnx"], providers=["CPUExecutionProvider"]
    )
    form, outputs = document["reduced"]["apart"], {}
    for sample in (0, 1):
        driven, sums, fired = {}, {}, []
        for layer in document["golden"]["layers"]:
            for name, reference in layer["inputs"].items():
                driven[name] = tensor(artifact, reference)[sample : sample + 1]
                sums[name] = tensor(artifact, layer["sums"][name])[sample : sample + 1]
            fired.append(tensor(artifact, layer["result"]["s"])[:, sample])
        names = [port["name"] for port in form["inputs"]]
        fed = {
            name: value.astype(np.float16)
            for name, value in zip(names, driven.values(), strict=True)
        }
        results = session.run(None, fed)
        for port, result, expected in zip(
            form["outputs"], results, [*sums.values(), *fired], strict=True
        ):
            outputs[f"{port['name']} of sample {sample}"] = (result, expected)
    return outputs


def tensor(artifact: Artifact, reference: dict[str, Any]) -> Any:
    begin = reference["offset"]
    content = artifact.files[reference["file"]][begin : begin + reference["nbytes"]]
    return np.frombuffer(content, reference["dtype"]).reshape(reference["shape"])


def largest(document: dict[str, Any]) -> list[tuple[dict[str, Any], int]]:
    """Return each layer's worst case, and the largest bound that its weights are certified for."""
    bounds = {node["name"]: node["certificate"]["bound"] for node in document["nodes"]}
    return [
        (layer, max(bounds[name] for name in layer["sums"]))
        for layer in document["golden"]["layers"]
    ]


def test_one_flipped_bit_of_a_weight_is_seen_where_it_must_be() -> None:
    seen = tried = 0
    for case in islice(cases(full=False), 8):
        artifact = target.compile(case.program, steps=1)
        golden = run_golden(case.program, case.samples)
        for synapse in case.program.synapses:
            other = flipped_weight(synapse)
            nodes = tuple(other if node is synapse else node for node in case.program.nodes)
            expected = run_golden(replace(case.program, nodes=nodes), case.samples)
            trace = target.simulate(flipped(artifact, other), case.samples)
            assert compare("flipped", expected, trace, 0.0).same, case.name
            tried += 1
            seen += compare("flipped", golden, trace, 0.0).status == Status.DIFFERS
    assert seen > tried // 3 > 4


def flipped_weight(synapse: Any) -> Any:
    """Flip one bit of the largest weight."""
    weight = synapse.weight.copy()
    weight.reshape(-1)[np.abs(weight).argmax()] ^= 1 << 4
    return replace(synapse, weight=weight)


def flipped(artifact: Artifact, synapse: Any) -> Artifact:
    """Return the package with other weights in its integers, and hashes that fit."""
    document = json.loads(artifact.files["network.json"])
    entry = next(node for node in document["nodes"] if node["name"] == synapse.name)
    reference = entry["weight"]["integers"]
    values = synapse.weight.astype(reference["dtype"]).tobytes()
    content, begin = bytearray(artifact.files["weights.bin"]), reference["offset"]
    content[begin : begin + len(values)] = values
    reference["sha256"] = sha256(values).hexdigest()
    files = {"network.json": json.dumps(document).encode(), "weights.bin": bytes(content)}
    return replace(artifact, files={**artifact.files, **files})
