"""Trained resonators and input neurons: every link holds, and the smallest change is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.report import Status
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden
from targets.loihi.compile import FILE
from targets.loihi.host import lava_run
from targets.loihi.simulators.simulate import LavaRun, run_lava
from targets.loihi.target import target
from tests.conformance.files import edited

SAMPLES = np.random.default_rng(4).integers(-3, 12, (40, 2, 6))
# The smallest changes: the lowest bit of a weight, of a decay, of a threshold.
CHANGES = {
    "layer/1/weight/real": 2,
    "layer/1/weight/imag": 2,
    "layer/1/neuron/sinDecay": 1,
    "layer/1/neuron/cosDecay": 1,
    "layer/2/neuron/sinDecay": 1,
    "layer/2/neuron/vThMant": 1,
}


def drawn(inputs: int, outputs: int) -> quant.Linear:
    """Draw weights large enough for spikes."""
    linear = quant.Linear(inputs, outputs)
    nn.init.normal_(linear.weight, std=0.7)
    return linear


def network() -> nn.Sequential:
    """Build measurements, resonators of both kinds, and LIF neurons."""
    torch.manual_seed(2)
    first: Any = quant.DrivenCubaLIF(
        1.5, scale=0.75, current_decay=0.8, voltage_decay=0.1, bias=True
    )
    nn.init.constant_(first.bias, 0.2)
    turns = {"sine": torch.tensor([0.4, -0.6, 0.1, 0.8]), "cosine": 0.75}
    return nn.Sequential(
        first,
        quant.ComplexBlock(drawn(6, 4), drawn(6, 4), quant.Resonator(0.3, **turns)),
        quant.ComplexBlock(
            drawn(4, 5), drawn(4, 5), quant.Resonator(0.2, sine=-0.5, cosine=0.8, resets=True)
        ),
        quant.Block(drawn(5, 3), quant.CubaLIF(0.3)),
    ).eval()


def test_training_is_golden_is_the_file_is_lava(lava: Environment) -> None:
    model = network()
    program = nd.lower(model, example=torch.from_numpy(SAMPLES).float(), target="loihi")
    report = nd.verify(target.compile(program), model=model, samples=SAMPLES, simulator="lava")
    assert {link.status for link in report.links} == {Status.EQUAL}
    assert len(report.links) == 4
    assert min(layer.spikes for layer in report.layers) >= 5


def test_lava_sees_the_smallest_change(lava: Environment) -> None:
    program = nd.lower(network(), example=torch.from_numpy(SAMPLES).float(), target="loihi")
    artifact = target.compile(program)
    golden, whole = run_golden(program, SAMPLES), lava_run(artifact, SAMPLES)

    def changed(path: str, least: int) -> bytes:
        def change(value: Any) -> Any:
            value.reshape(-1)[0] += least
            return value

        return edited(artifact.files[FILE], path, change)

    files = [changed(*how) for how in CHANGES.items()]
    runs = [LavaRun(net, whole.samples, input_bias=whole.input_bias) for net in files]
    for path, layers in zip(CHANGES, run_lava([whole, *runs])[1:], strict=True):
        pairs = [
            (golden[name].values[key], values[key])
            for name, values in zip(golden, layers, strict=True)
            for key in values
        ]
        assert any((expected != got).any() for expected, got in pairs), path
