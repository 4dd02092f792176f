"""Factors and offsets become a part of weights beside them, or are refused by name."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.frontend.from_torch import graph_of
from neurodeploy.simulator.floats import run_floats
from snncore import functional, layer, neuron


def network(padding: int = 0) -> nn.Module:
    """Return bytes that are scaled, halved spikes and moved sums."""
    torch.manual_seed(0)
    size = 36 + 28 * padding
    return nn.Sequential(
        layer.Affine(divisor=256.0),
        layer.Affine(2.0, -1.0),
        layer.Conv2d(1, 4, 3, padding=padding, bias=False),
        neuron.LIF(threshold=0.25),
        layer.Affine(0.5),
        layer.Flatten(),
        layer.Linear(4 * size, 5),
        layer.Affine(2.0, 0.25),
        neuron.LIF(threshold=0.25),
    )


def samples() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (9, 3, 1, 8, 8), generator=generator).float()


def test_numbers_are_part_of_weights_on_a_grid() -> None:
    floats, x = network(), samples()
    with pytest.warns(quant.EncoderWarning, match="from 0 to 255"):
        prepared = quant.prepare(floats, target="int16", example=x).eval()
    assert not any(isinstance(each, layer.Affine) for each in prepared.modules())
    with torch.no_grad():
        sent, expected = prepared(x), floats(x)
    assert 20 < expected.sum() < expected.numel() - 20
    assert (sent != expected).float().mean() < 0.02
    assert (nd.simulate(nd.lower(prepared, example=x), x).output == sent.numpy()).all()


def test_a_factor_passes_a_pool_to_the_weights_behind_it() -> None:
    """As a network that ann2snn of SpikingJelly converted scales its spikes."""
    torch.manual_seed(0)
    floats = nn.Sequential(
        layer.Conv2d(1, 4, 3, bias=False),
        neuron.IF(threshold=0.5, reset="soft"),
        layer.Affine(0.75),
        layer.AvgPool2d(2),
        layer.Flatten(),
        layer.Linear(36, 5),
        neuron.IF(threshold=0.03, reset="soft"),
    )
    x = (samples() > 128).float()
    prepared = quant.prepare(floats, target="int16", example=x).eval()
    assert not any(isinstance(each, layer.Affine) for each in prepared.modules())
    with torch.no_grad():
        sent, expected = prepared(x), floats(x)
    assert 20 < expected.sum() < expected.numel() - 20
    assert (sent != expected).float().mean() < 0.02


def test_numbers_are_part_of_graphs_and_files(tmp_path: Path) -> None:
    floats, x = network(), samples()
    with torch.no_grad():
        expected = floats(x)
    # Sums of floats differ in last bits.
    assert (
        run_floats(graph_of(floats, example=x), x.numpy()).output == expected.numpy()
    ).mean() > 0.99
    nd.save(floats, tmp_path / "model.pt", example=x)
    functional.reset(floats)
    with torch.no_grad():
        assert torch.equal(nd.load(tmp_path / "model.pt")(x), expected)


def test_numbers_that_change_nothing_round_nothing() -> None:
    x = torch.randn(4, 3, 6)
    assert torch.equal(layer.Affine()(x), x)
    assert torch.equal(layer.Affine(2.0, -1.0)(x / 255.0), 2 * (x / 255.0) - 1)
    assert torch.equal(layer.Affine(divisor=255.0)(x), x / 255.0)


@pytest.mark.parametrize("numbers", [{"factor": float("nan")}, {"divisor": 0.0}])
def test_numbers_are_finite(numbers: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Affine: "):
        layer.Affine(**numbers)


WRONG: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "padding": (lambda: network(1), r"1: adds -1 to what 2 pads with zeros \(leave"),
    "no weights": (
        lambda: nn.Sequential(layer.Flatten(), layer.Affine(2.0), neuron.LIF()),
        r"1: no weights beside it hold its factor and offset \(put it",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_no_weights_hold_is_named(name: str) -> None:
    make, words = WRONG[name]
    with pytest.raises(ValueError, match=words):
        quant.prepare(make(), target="int8", example=samples())
