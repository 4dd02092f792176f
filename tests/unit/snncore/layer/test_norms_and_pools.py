"""Batch norms and pools on sequences are torch's on every step together."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
from neurodeploy import graph as g
from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend import graph_of
from snncore import layer, neuron


def sequence(*shape: int) -> torch.Tensor:
    return torch.randn(4, 3, *shape, generator=torch.Generator().manual_seed(0))


POOLS = [
    (layer.MaxPool2d(3, 2, 1), nn.MaxPool2d(3, 2, 1)),
    (layer.MaxPool2d((2, 1)), nn.MaxPool2d((2, 1))),
    (layer.AvgPool2d(2), nn.AvgPool2d(2)),
    (layer.AvgPool2d((2, 3), 1), nn.AvgPool2d((2, 3), 1)),
    (layer.AdaptiveAvgPool2d((3, 2)), nn.AdaptiveAvgPool2d((3, 2))),
    (layer.AdaptiveAvgPool2d(1), nn.AdaptiveAvgPool2d(1)),
]


@pytest.mark.parametrize(("ours", "theirs"), POOLS)
def test_pools(ours: nn.Module, theirs: nn.Module) -> None:
    x = sequence(2, 6, 8)
    expected = torch.stack([theirs(step) for step in x])
    assert torch.equal(ours(x), expected)
    assert torch.equal(ours(x[0]), expected[0])


@pytest.mark.parametrize(
    ("ours", "theirs", "shape"),
    [
        (layer.BatchNorm1d(5, 1e-3, 0.3), nn.BatchNorm1d(5, 1e-3, 0.3), (5,)),
        (layer.BatchNorm2d(2), nn.BatchNorm2d(2), (2, 4, 3)),
    ],
)
def test_norms(ours: nn.Module, theirs: nn.Module, shape: tuple[int, ...]) -> None:
    x = sequence(*shape) * 3 + 1
    flat = x.reshape(-1, *shape)
    for mode in (True, False):
        ours.train(mode)
        theirs.train(mode)
        assert torch.equal(ours(x), theirs(flat).reshape(x.shape))
    assert all(torch.equal(ours.state_dict()[k], v) for k, v in theirs.state_dict().items())
    scale, offset = ours.folded()
    channels = (-1, *[1] * (len(shape) - 1))
    by_hand = x * scale.reshape(channels) + offset.reshape(channels)
    assert torch.allclose(ours(x), by_hand, atol=1e-6)


def network() -> nn.Sequential:
    layers = nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1, bias=False),
        layer.BatchNorm2d(4),
        neuron.LIF(),
        layer.MaxPool2d(2),
        layer.AvgPool2d(2),
        layer.AdaptiveAvgPool2d((1, 2)),
        layer.Flatten(),
        layer.Linear(8, 3),
        layer.BatchNorm1d(3),
        neuron.IF(),
    )
    layers(sequence(2, 8, 16))
    return layers.eval()


def test_a_file_keeps_them(tmp_path: Path) -> None:
    saved, x = network(), sequence(2, 8, 16)
    nd.save(saved, tmp_path / "model.pt")
    again = nd.load(tmp_path / "model.pt")
    for one in (saved, again):
        for module in one.modules():
            if isinstance(module, neuron.Neuron):
                module.reset()
    assert torch.equal(again(x), saved(x))


def test_a_graph_holds_them() -> None:
    traced = network()
    graph = graph_of(traced, example=sequence(2, 8, 16))
    kinds = [type(node) for node in graph.nodes]
    assert kinds[1:7] == [g.Conv2d, g.BatchNorm, g.Neuron, g.MaxPool2d, g.SumPool2d, g.SumPool2d]
    assert [graph.by_name[name].weight for name in ("4", "5")] == [0.25, 0.25]
    assert graph.shapes["5"] == (4, 1, 2)
    assert g.loads(g.dumps(graph)) == graph
    assert "BatchNorm" in graph.text()
    scale, offset = traced[1].folded()
    assert np.allclose(graph.by_name["1"].scale, scale.detach().numpy())
    assert np.allclose(graph.by_name["1"].offset, offset.detach().numpy())


def test_windows_that_do_not_tile_are_refused() -> None:
    with pytest.raises(UnsupportedLayerError, match="no windows tile 5 x 4 into 2 x 2"):
        graph_of(nn.Sequential(layer.AdaptiveAvgPool2d(2)), example=torch.zeros(1, 1, 1, 5, 4))


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        (layer.MaxPool2d(2, ceil_mode=True), "0.ceil_mode: True"),
        (layer.MaxPool2d(2, dilation=2), r"0.dilation: \(2, 2\)"),
        (layer.AvgPool2d(3, padding=1), r"0.padding: \(1, 1\)"),
    ],
)
def test_windows_of_other_kinds_have_no_place_in_a_graph(pool: nn.Module, words: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=words):
        graph_of(nn.Sequential(pool), example=torch.zeros(1, 1, 1, 6, 6))


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_observed_statistics_are_torchs_with_their_gradients(kind: torch.dtype) -> None:
    x = torch.randn(3, 4, 5, 6, 6, dtype=kind) * 2 + 1
    weights = torch.linspace(-1, 1.5, 5, dtype=kind)
    norm, results = layer.BatchNorm2d(5).to(kind), []
    for observe in (norm.observed, lambda y: torch.var_mean(y, (0, 1, 3, 4), correction=0)[::-1]):
        leaf = x.clone().requires_grad_()
        mean, variance = observe(leaf)
        (mean * weights + variance * weights.flip(0)).sum().backward()
        results.append((mean.detach(), variance.detach(), leaf.grad))
    for mine, wanted in zip(*results, strict=True):
        torch.testing.assert_close(mine, wanted)
    count = x.numel() // 5
    mean, variance = results[1][0], results[1][1]
    torch.testing.assert_close(norm.running_mean, 0.1 * mean)
    torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * variance * count / (count - 1))
    assert int(norm.num_batches_tracked) == 1
