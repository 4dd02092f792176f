"""Weight-standardized layers: their formula, their modes, and what a target gets."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy import graph as g
from neurodeploy.frontend import graph_of
from snncore import layer, neuron

LAYERS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "WSLinear": (layer.WSLinear(6, 4), (6,)),
    "WSLinear without gain": (layer.WSLinear(6, 4, bias=False, gain=False, eps=1e-3), (6,)),
    "WSConv1d": (layer.WSConv1d(2, 4, 3, padding=1), (2, 7)),
    "WSConv2d": (layer.WSConv2d(2, 4, (3, 2), stride=2), (2, 7, 6)),
    "WSConv2d in groups": (layer.WSConv2d(4, 4, 3, groups=2, bias=False), (4, 5, 5)),
    "WSConv3d": (layer.WSConv3d(2, 3, 2), (2, 3, 3, 3)),
}


def by_hand(weight: Tensor, gain: Tensor | None, eps: float) -> Tensor:
    """Standardize output by output, as Brock et al. 2021 do."""
    rows = []
    for index, row in enumerate(weight):
        count = row.numel()
        mean = row.sum() / count
        variance = ((row - mean) ** 2).sum() / (count - 1)
        scale = 1.0 if gain is None else gain[index]
        rows.append(scale * (row - mean) / (variance * count + eps).sqrt())
    return torch.stack(rows)


@pytest.mark.parametrize("name", LAYERS)
def test_weights_are_standardized(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, shape = LAYERS[name]
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.uniform_(0.2, 1.0)
    weight = by_hand(module.weight, module.gain, module.eps)
    assert torch.allclose(module.standardized(), weight, atol=1e-6)
    x = (torch.rand(3, 2, *shape) < 0.5).float()
    plain = module.plain()
    assert torch.allclose(plain.weight, weight, atol=1e-6)
    assert torch.equal(module(x), plain(x))
    assert torch.allclose(module(x[0]), module(x)[0], atol=1e-6)
    nd.save(nn.Sequential(module), tmp_path / "model.pt", example=x)
    assert torch.equal(nd.load(tmp_path / "model.pt")(x), module(x))
    (node,) = (n for n in graph_of(nn.Sequential(module)).nodes if hasattr(n, "weight"))
    assert isinstance(node, g.Dense | g.Conv2d) or name == "WSConv3d"
    # They learn what is standardized, and the gain.
    module(x).square().sum().backward()
    assert all(bool(parameter.grad.any()) for parameter in module.parameters())


def test_a_chip_gets_the_weights_that_are_applied() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(layer.WSLinear(6, 5), neuron.LIF(), layer.WSLinear(5, 3), neuron.LIF())
    plain = nn.Sequential(network[0].plain(), network[1], network[2].plain(), network[3])
    x = (torch.rand(8, 4, 6) < 0.7).float()
    ours, theirs = (quant.prepare(each, target="int8", example=x) for each in (network, plain))
    assert torch.equal(ours(x), theirs(x))
