"""Random networks as packages for Lynxi: golden, the files read twice, and the reduced modules.

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
from neurodeploy.compare import compare
from neurodeploy.frontend.training import training_trace
from neurodeploy.report import Status
from neurodeploy.simulator import run_golden
from neurodeploy.trace import Trace
from targets.lynxi import target
from tests.conformance.lynxi_networks import cases, fits
from tests.conformance.networks import Case
from tests.conformance.summary import show
from tests.unit.targets.lynxi.test_reduced import script, session

# Of every so many networks the files for the vendor's compiler run as well.
FILES_EVERY = 5
MOST_UNROLLED = 12


@dataclass
class Tally:
    """What was compared, and what went wrong."""

    networks: int = 0
    values: int = 0
    spikes: int = 0
    silent: int = 0
    files: int = 0
    refused: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def hold(self, case: Case, name: str, golden: Trace, found: Trace) -> None:
        """One trace held against the golden one."""
        link = compare(name, golden, found, 0.0)
        self.values += link.compared
        if not link.same:
            words = link.divergence.sentence() if link.divergence else link.reason
            self.failures.append(f"{case.name}: {name}: {words}")

    def sentence(self) -> str:
        """The result in words."""
        levels = ", ".join(f"{count} {level}" for level, count in sorted(self.levels.items()))
        return (
            f"{self.networks:,} networks ({levels}), {self.values:,} values, "
            f"{self.spikes:,} spikes, {self.silent} networks without one, {self.files} of them as "
            f"TorchScript and ONNX too, {len(self.failures)} comparisons differ"
        )


@pytest.mark.timeout(3600)
def test_every_random_network_is_equal_in_both_simulators(
    full: bool, pytestconfig: pytest.Config
) -> None:
    tally = Tally()
    for number, case in enumerate(cases(full)):
        if not fits(case):
            tally.refused += 1
            continue
        hold(tally, case, with_files=number % FILES_EVERY == 0)
    show(pytestconfig, "Lynxi: golden = interpreter = float16", tally.sentence())
    assert not tally.failures, "\n".join(tally.failures[:20])
    assert tally.networks >= (1000 if full else 36)
    assert tally.refused <= tally.networks // 50
    assert min(tally.levels[level] for level in ("L0", "L1")) >= tally.networks // 8
    assert tally.spikes > 20 * tally.networks
    assert tally.silent < tally.networks // 6


def hold(tally: Tally, case: Case, *, with_files: bool) -> None:
    """One network through everything that computes it."""
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
    if level == "L2":
        # In no float is it exact, and the certificate says so.
        return
    found = target.simulate(artifact, case.samples, simulator="float16")
    tally.hold(case, "float16", golden, found)
    if with_files:
        tally.files += 1
        files(tally, case, artifact, golden, steps)


def files(tally: Tally, case: Case, artifact: Artifact, golden: Trace, steps: int) -> None:
    """The unrolled files, for the first sample."""
    rows = case.samples[:steps, 0].astype(np.float16)
    for name, load in (("unrolled.pt", script), ("unrolled.onnx", session)):
        for layer, result in zip(golden, load(artifact.files[name])(rows), strict=True):
            expected = golden[layer].s[:steps, 0]
            tally.values += expected.size
            if not (result == expected).all():
                tally.failures.append(f"{case.name}: {name}: {layer}")


def test_every_layer_alone_gives_its_largest_sums() -> None:
    """What `compile.py --form apart --run` compares on a card, here by onnxruntime."""
    reached = 0
    for case in islice(cases(full=False), 10):
        if not fits(case):
            continue
        artifact = target.compile(case.program, steps=1)
        document = json.loads(artifact.files["network.json"])
        if document["level"] == "L2":
            continue
        outputs, bounds = apart(artifact, document), largest(document)
        for name, (found, expected) in outputs.items():
            assert (found == expected).all(), (case.name, name)
        reached += sum(case["largest_sum"] == bounds for case, bounds in bounds)
    assert reached > 10


def apart(artifact: Artifact, document: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Every output of the layers alone, and what the golden vectors say of it."""
    made = onnxruntime.InferenceSession(
        artifact.files["apart.onnx"], providers=["CPUExecutionProvider"]
    )
    form, found = document["reduced"]["apart"], {}
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
        results = made.run(None, fed)
        for port, result, expected in zip(
            form["outputs"], results, [*sums.values(), *fired], strict=True
        ):
            found[f"{port['name']} of sample {sample}"] = (result, expected)
    return found


def tensor(artifact: Artifact, reference: dict[str, Any]) -> Any:
    begin = reference["offset"]
    content = artifact.files[reference["file"]][begin : begin + reference["nbytes"]]
    return np.frombuffer(content, reference["dtype"]).reshape(reference["shape"])


def largest(document: dict[str, Any]) -> list[tuple[dict[str, Any], int]]:
    """Each layer's worst case, and the largest bound that its weights are certified for."""
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
            found = target.simulate(flipped(artifact, other), case.samples)
            assert compare("flipped", expected, found, 0.0).same, case.name
            tried += 1
            seen += compare("flipped", golden, found, 0.0).status == Status.DIFFERS
    assert seen > tried // 3 > 4


def flipped_weight(synapse: Any) -> Any:
    """The weights with one bit of the largest one turned."""
    weight = synapse.weight.copy()
    weight.reshape(-1)[np.abs(weight).argmax()] ^= 1 << 4
    return replace(synapse, weight=weight)


def flipped(artifact: Artifact, synapse: Any) -> Artifact:
    """The package with other weights in its integers, and hashes that fit."""
    document = json.loads(artifact.files["network.json"])
    entry = next(node for node in document["nodes"] if node["name"] == synapse.name)
    reference = entry["weight"]["integers"]
    values = synapse.weight.astype(reference["dtype"]).tobytes()
    content, begin = bytearray(artifact.files["weights.bin"]), reference["offset"]
    content[begin : begin + len(values)] = values
    reference["sha256"] = sha256(values).hexdigest()
    files = {"network.json": json.dumps(document).encode(), "weights.bin": bytes(content)}
    return replace(artifact, files={**artifact.files, **files})
