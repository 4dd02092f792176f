"""Errors on a chip's grid name the layer, in a network and in its file."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.cli import main
from neurodeploy.errors import DoesNotFitError, ModelFileError, ValidationError


def block(inputs: int = 4, **options: Any) -> nn.Sequential:
    neurons = quant.CubaLIF(voltage_decay=0.5, **options)
    network = nn.Sequential(quant.Block(quant.Linear(inputs, 3), neurons))
    with torch.no_grad():
        network[0].synapse.weight.fill_(1.0)
    return network


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_sum_beyond_an_accumulator_does_not_fit(
    sign: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = quant.Conv2d(7000, 1, 3)
    with torch.no_grad():
        kernel.weight.fill_(sign * 3.9)
        # As many inputs less as bring the sum below 2**23 let it pass.
        kernel.weight[:, 3600:] = 0.0
    network = nn.Sequential(quant.Block(kernel, quant.CubaLIF()))
    x = torch.ones(2, 1, 7000, 3, 3)
    nd.lower(network, example=x)
    with torch.no_grad():
        kernel.weight.fill_(sign * 3.9)
    words = r"0\.synapse: a sum may reach 15750000, beyond the 24 bits of the chip's acc"
    with pytest.raises(DoesNotFitError, match=words):
        nd.lower(network, example=x)
    path = tmp_path / "model.pt"
    with torch.no_grad():
        nd.save(network, path, example=x)
    assert main(["export", str(path), "--target", "loihi", "-o", str(tmp_path / "out")]) == 3
    assert "0.synapse: a sum may reach" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("part", "key", "value", "words"),
    [
        ("synapse", "scale", 0.3, r"0\.synapse: scale: 0\.3 is not a power of two"),
        ("synapse", "exponent", 99, r"0\.synapse: exponent: 99 is not an integer from -64 to 64"),
        ("neuron", "voltage_decay", 1.5, r"0\.neuron: CubaLIF\.voltage_decay: 1\.5 is not"),
        ("neuron", "threshold", float("nan"), r"0\.neuron: CubaLIF\.threshold: the value is NaN"),
        ("neuron", "format", "abacus", r"0\.neuron: no format 'abacus'"),
        ("neuron", "beta", 1.5, r"0\.neuron: not a layer that we know"),
    ],
)
def test_a_file_that_no_chip_can_hold_names_the_layer(
    part: str, key: str, value: Any, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.pt"
    nd.save(block(), path, example=torch.ones(2, 1, 4))
    document = torch.load(path, weights_only=True)
    document["layers"]["0"]["parts"][part]["config"][key] = value
    torch.save(document, path)
    with pytest.raises(ModelFileError, match=words):
        nd.load(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    ("kind", "name"), [("Linear", "weight"), ("Conv2d", "weight"), ("neurons", "bias")]
)
def test_a_layer_that_stands_alone_has_no_value_that_is_no_number(
    kind: str, name: str, value: float
) -> None:
    second = {
        "Linear": lambda: quant.Linear(4, 3),
        "Conv2d": lambda: quant.Conv2d(4, 3, 1),
        "neurons": lambda: quant.CubaLIF(bias=3),
    }[kind]()
    first = nn.Identity() if kind != "neurons" else quant.Linear(4, 3)
    network = nn.Sequential(first, second, quant.CubaLIF())
    shape = (4, 2, 2) if kind == "Conv2d" else (4,)
    example = torch.zeros(2, 1, *shape)
    nd.lower(network, example=example)
    with torch.no_grad():
        getattr(second, name).view(-1)[1] = value
    with pytest.raises(ValidationError, match=rf"1\.{name}: a value is NaN or infinite"):
        nd.lower(network, example=example)
