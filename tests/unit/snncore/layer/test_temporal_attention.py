"""Attention over time, channels and pixels, against its formulas."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import layer, neuron


def score(weigh: nn.Module, mean: Tensor, most: Tensor) -> Tensor:
    """Return sigmoid(W2 relu(W1 mean) + W2 relu(W1 most))."""
    narrow, wide = weigh.narrow.weight, weigh.wide.weight
    sums = [wide @ (narrow @ values).clamp(min=0) for values in (mean, most)]
    return 1 / (1 + torch.exp(-(sums[0] + sums[1])))


@pytest.mark.parametrize("shape", [(7,), (2, 3, 4)])
def test_steps_are_weighed(shape: tuple[int, ...], tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, x = layer.TemporalAttention(6, 2), torch.randn(6, 3, *shape)
    weighed = module(x)
    for n in range(3):
        flat = x[:, n].flatten(1)
        factors = score(module.weigh, flat.mean(1), flat.max(1).values)
        for t in range(6):
            assert torch.allclose(weighed[t, n], factors[t] * x[t, n], atol=1e-6)
    nd.save(nn.Sequential(module), tmp_path / "model.pt", example=x)
    assert torch.equal(nd.load(tmp_path / "model.pt")(x), weighed)
    with pytest.raises(ValueError, match=r"TemporalAttention: takes \(6, N, ...\)"):
        module(x[:5])


def test_steps_channels_and_pixels_are_weighed(tmp_path: Path) -> None:
    torch.manual_seed(0)
    options = {"step_reduction": 2, "channel_reduction": 2}
    module, x = layer.MultiDimensionalAttention(4, 6, **options), torch.randn(4, 2, 6, 5, 3)
    weighed = module(x)
    for n in range(2):
        y = x[:, n]
        y = y * score(module.by_step, y.mean((1, 2, 3)), y.amax((1, 2, 3)))[:, None, None, None]
        y = y * score(module.by_channel, y.mean((0, 2, 3)), y.amax((0, 2, 3)))[:, None, None]
        both = torch.stack([y.mean((0, 1)), y.amax((0, 1))])
        y = y * torch.sigmoid(module.by_pixel(both[None])[0])
        assert torch.allclose(weighed[:, n], y.clamp(min=0), atol=1e-6)
    nd.save(nn.Sequential(module), tmp_path / "model.pt", example=x)
    assert torch.equal(nd.load(tmp_path / "model.pt")(x), weighed)
    alone = layer.MultiDimensionalAttention(4, 6, temporal=False, channel=False)
    assert alone(x).shape == x.shape
    with pytest.raises(ValueError, match="weighs nothing"):
        layer.MultiDimensionalAttention(4, 6, temporal=False, channel=False, spatial=False)
    with pytest.raises(ValueError, match="step_reduction: a reduction of 16 for 4"):
        layer.MultiDimensionalAttention(4, 6)


def test_a_chip_refuses_them_by_name() -> None:
    network = nn.Sequential(layer.Linear(4, 4), neuron.LIF(), layer.TemporalAttention(8, 2))
    with pytest.raises(ValueError, match=r"2: TemporalAttention .*\(use "):
        quant.prepare(network, target="int8", example=torch.ones(8, 1, 4))
