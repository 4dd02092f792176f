"""Artifacts with one smallest change: Lava's answer differs, and verify names the difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.artifact import Artifact
from neurodeploy.report import Divergence, Status
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import compare
from snncore import layer
from targets.loihi.compile import FILE
from targets.loihi.simulators.simulate import LavaRun, run_lava
from targets.loihi.target import target
from tests.conformance.files import edited

Change = Callable[[Any, int], Any]


def network() -> nn.Sequential:
    """Build a convolution and a dense layer, with bias and leak."""
    torch.manual_seed(3)
    convolution = quant.Conv2d(2, 4, 3, padding=1, bias=True)
    linear = quant.Linear(4 * 5 * 6, 5, bias=True)
    with torch.no_grad():
        convolution.bias.copy_(torch.tensor([0.3, -0.2, 0.11, 0.5]))
        linear.bias.copy_(torch.linspace(-0.2, 0.4, 5))
    return nn.Sequential(
        quant.Block(convolution, quant.CubaLIF(0.8, current_decay=0.7, voltage_decay=0.3)),
        layer.Flatten(),
        quant.Block(linear, quant.CubaLIF(0.6, current_decay=0.4, voltage_decay=0.1)),
    )


SAMPLES = (np.random.default_rng(5).random((12, 3, 2, 5, 6)) < 0.4).astype(np.int64)


def flipped(value: Any, index: int) -> Any:
    """Flip the lowest bit that a weight of this grid uses."""
    value.reshape(-1)[index] ^= 2
    return value


def one_more(value: Any, index: int) -> Any:
    """Add one to a value."""
    value.reshape(-1)[index] += 1
    return value


# By description: the path in the file, and the change.
BROKEN: dict[str, tuple[str, Change]] = {
    "a bit of a convolution's weight": ("layer/1/weight", flipped),
    "a bit of a dense weight": ("layer/3/weight", flipped),
    "a threshold": ("layer/1/neuron/vThMant", one_more),
    "the last threshold": ("layer/3/neuron/vThMant", one_more),
    "a current's decay": ("layer/1/neuron/iDecay", one_more),
    "a voltage's decay": ("layer/3/neuron/vDecay", one_more),
    "a bias": ("layer/1/bias", one_more),
    "the last bias": ("layer/3/bias", one_more),
}


def exported() -> Artifact:
    """Return the network's artifact, in memory."""
    program = nd.lower(network(), example=torch.from_numpy(SAMPLES).float(), target="loihi")
    return target.compile(program)


def broken(artifact: Artifact, path: str, change: Change) -> tuple[Artifact, Divergence]:
    """Return the artifact after the first such change that matters, and its first divergence."""
    golden = run_golden(target.read(artifact), SAMPLES)
    for index in range(200):
        content = edited(artifact.files[FILE], path, lambda value: change(value, index))  # noqa: B023
        altered = replace(artifact, files={FILE: content})
        divergence = compare("", golden, run_golden(target.read(altered), SAMPLES), 0.0).divergence
        if divergence is not None:
            return altered, divergence
    raise AssertionError(f"no change of {path} matters")


def first_difference(golden: Trace, other: Trace) -> tuple[int, str, str]:
    """Find the step, layer and state of the first difference by looking at all in turn."""
    for step in range(len(SAMPLES)):
        for name in golden:
            for state in "uvs":
                values, seen = (trace[name].values[state][step] for trace in (golden, other))
                if (values != seen).any():
                    return step, name, state
    raise AssertionError("nothing differs")


def test_lava_sees_every_smallest_change_where_the_golden_interpreter_does(
    lava: Environment,
) -> None:
    artifact = exported()
    golden = run_golden(target.read(artifact), SAMPLES)
    assert golden.spikes() > 500
    changed = {name: broken(artifact, *how) for name, how in BROKEN.items()}
    runs = [LavaRun(other.files[FILE], SAMPLES) for other, _ in changed.values()]
    for (name, (_, expected)), layers in zip(changed.items(), run_lava(runs), strict=True):
        named = zip(golden, layers, strict=True)
        trace = Trace({key: LayerTrace(values) for key, values in named}, golden.output_layer)
        link = compare("golden = lava", golden, trace, 0.0)
        assert link.status == Status.DIFFERS, name
        assert link.divergence == expected, name
        assert (expected.step, expected.layer, expected.state) == first_difference(golden, trace)
        index = (expected.step, expected.sample, *expected.neuron)
        assert golden[expected.layer].values[expected.state][index] == expected.expected
        assert trace[expected.layer].values[expected.state][index] == expected.got


@pytest.mark.every(2)
@pytest.mark.parametrize("name", ["a bit of a dense weight", "a bias"])
def test_verify_names_layer_neuron_and_step_of_a_broken_artifact(
    name: str, lava: Environment, tmp_path: Path
) -> None:
    artifact, model = exported(), network()
    other, expected = broken(artifact, *BROKEN[name])
    artifact.write(tmp_path / "out")
    whole = nd.verify(tmp_path / "out", model=model, samples=SAMPLES, simulator="lava")
    assert whole.equal
    assert len(whole.links) == 4
    (tmp_path / "out" / FILE).write_bytes(other.files[FILE])
    report = nd.verify(tmp_path / "out", model=model, samples=SAMPLES, simulator="lava")
    assert not report.equal
    assert report.exit_code == 1
    statuses = {link.name: link.status for link in report.links}
    assert statuses == {
        "training = golden": Status.EQUAL,
        "golden = fast": Status.EQUAL,
        "program = artifact": Status.DIFFERS,
        "golden = lava": Status.DIFFERS,
    }
    assert report.first_divergence == expected
    sentence = expected.sentence()
    assert sentence.startswith(f"{expected.layer}: ")
    assert f"neuron ({', '.join(map(str, expected.neuron))})" in sentence
    assert f"step {expected.step} of sample {expected.sample}" in sentence
    assert sentence in report.to_text().replace("\n", " ")
    structure = next(link for link in report.links if link.name == "program = artifact")
    assert structure.reason is not None
    assert "expected" in structure.reason


def test_verify_without_the_model_still_sees_an_edited_file(tmp_path: Path) -> None:
    artifact = exported()
    other, _ = broken(artifact, *BROKEN["a bit of a convolution's weight"])
    artifact.write(tmp_path / "out")
    (tmp_path / "out" / FILE).write_bytes(other.files[FILE])
    report = nd.verify(tmp_path / "out", samples=SAMPLES, simulator="none")
    assert not report.equal
    (structure,) = [link for link in report.links if link.name == "program = artifact"]
    assert structure.status == Status.DIFFERS
    assert structure.reason is not None
    assert "is not what was exported" in structure.reason
