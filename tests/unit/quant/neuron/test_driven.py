"""Input neurons that a host drives: what they compute in training is what the chip computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, DoesNotFitError, SamplesError
from neurodeploy.flow.conversion import converted
from neurodeploy.frontend.training import training_trace
from neurodeploy.program import Signal
from neurodeploy.simulator import run_golden, simulate
from targets.loihi.host import lava_run
from targets.loihi.target import target


def network(bias: float = 0.25, **options: Any) -> nn.Sequential:
    """Return measurements of six values, and four neurons behind them."""
    torch.manual_seed(3)
    values = {"threshold": 3.0, "scale": 0.75, "current_decay": 0.4, "voltage_decay": 0.1} | options
    first = quant.DrivenCubaLIF(bias=bias != 0, **values)
    if first.bias is not None:
        nn.init.constant_(first.bias, bias)
    return nn.Sequential(
        first, quant.Block(quant.Linear(6, 4), quant.CubaLIF(threshold=0.4))
    ).eval()


def samples(steps: int = 12, high: int = 9) -> torch.Tensor:
    return torch.randint(-3, high, (steps, 2, 6), generator=torch.manual_seed(1)).float()


def lowered(net: nn.Module) -> Any:
    return nd.lower(net, example=samples(), target="loihi")


def test_training_is_golden_and_fast_for_any_scale_and_bias() -> None:
    rng = np.random.default_rng(7)
    spikes = 0
    for _ in range(40):
        net = network(
            bias=float(rng.integers(-64, 64)) / 64,
            scale=float(rng.integers(-300, 300)) / 64,
            threshold=float(rng.uniform(0.1, 20)),
            current_decay=float(rng.random()),
            voltage_decay=float(rng.random()),
        )
        program, x = lowered(net), samples(high=int(rng.integers(4, 250))).numpy().astype(int)
        golden = run_golden(program, x)
        trained, fast = training_trace(net, program, x), simulate(program, x, "fast")
        for name in golden:
            for key, values in golden[name].values.items():
                assert np.array_equal(values, trained[name].values[key]), (name, key)
                assert np.array_equal(values, fast[name].values[key]), (name, key)
        spikes += golden["0"].s.sum()
    assert spikes > 1000


def test_a_program_says_what_a_host_does() -> None:
    program = lowered(network())
    assert program.input.signal == Signal.CURRENT
    parameters = program.layers[0].parameters
    assert (int(parameters["gain"]), int(parameters["bias"])) == (48, 16)
    artifact = target.compile(program)
    contract = artifact.contract["input"]
    assert (contract["scale"], contract["bias"], contract["signal"]) == (48, 16, "current")
    assert target.read(artifact) == program


def test_a_bare_files_notes_are_for_the_host_alone() -> None:
    artifact = target.compile(lowered(network()))
    bare = target.read(Artifact("loihi", dict(artifact.files)))
    values = bare.layers[0].parameters
    assert "gain" not in values
    assert not values["bias"].any()


def test_without_a_scale_the_neurons_are_the_chips_own() -> None:
    program = lowered(network(scale=1 / 64, bias=0))
    assert program.layers[0].equations.name == "CubaLIF"
    assert "scale" not in target.compile(program).contract["input"]


def test_a_host_multiplies_before_lava_sees_anything() -> None:
    artifact, x = target.compile(lowered(network())), samples().numpy().astype(int)
    run = lava_run(artifact, x)
    assert np.array_equal(run.samples, 48 * x)
    assert run.input_bias == 16
    with pytest.raises(SamplesError, match=r"scale of 48 go from .* beyond 32 bits"):
        lava_run(artifact, x << 24)


@pytest.mark.parametrize("wrong", [{"scale": 1 << 15}, {"scale": 1.5}, {"scale": True}, 3])
def test_a_damaged_manifest_is_refused(wrong: Any) -> None:
    artifact = target.compile(lowered(network()))
    contract = artifact.contract["input"] | wrong if isinstance(wrong, dict) else wrong
    damaged = Artifact("loihi", dict(artifact.files), {**artifact.contract, "input": contract})
    with pytest.raises(ArtifactError, match=r"manifest.json: input(\.scale)? is"):
        target.read(damaged)


def test_the_scale_learns_and_is_saved(tmp_path: Path) -> None:
    net = network(learnable=("gain",)).train()
    net(samples()).sum().backward()
    first: Any = net[0]
    assert first.gain.grad.abs().item() > 0
    nd.save(net, tmp_path / "model.pt")
    again = nd.load(tmp_path / "model.pt")
    assert lowered(again.eval()) == lowered(net.eval())


def test_a_file_becomes_a_network_that_is_the_same_file_again(tmp_path: Path) -> None:
    for net in (network(), network(scale=1 / 64, bias=0), network(bias=0)):
        program = lowered(net)
        target.compile(program).write(tmp_path / str(len(list(tmp_path.iterdir()))))
        folder = max(tmp_path.iterdir())
        back = lowered(converted(folder))
        assert [n.parameters for n in back.layers] == [n.parameters for n in program.layers]
        assert back.input == program.input


def test_measurements_drive_the_first_layer_alone() -> None:
    second = nn.Sequential(*network(), quant.DrivenCubaLIF())
    with pytest.raises(DoesNotFitError, match=r"2: DrivenCubaLIF neurons .* and these by 1"):
        lowered(second)


def test_each_scale_alike() -> None:
    many = network(scale=torch.tensor([0.5, 1.0, 2.0, 1.0, 1.0, 1.0]))
    with pytest.raises(DoesNotFitError, match=r"0.gain: .*\(give one value\)"):
        lowered(many)


class Mixed(nn.Module):
    """Neurons that measurements drive, and weights that read the same measurements as spikes."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.beside = quant.DrivenCubaLIF(3.0), quant.Linear(6, 6)
        self.last = quant.CubaLIF()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the spikes."""
        spikes: torch.Tensor = self.last(self.first(x) + self.beside(x))
        return spikes


def test_an_input_is_measurements_or_spikes_and_not_both() -> None:
    words = r"beside: reads input, which holds measurements for first .*spikes of those neurons"
    with pytest.raises(DoesNotFitError, match=words):
        nd.lower(Mixed(), example=samples())
