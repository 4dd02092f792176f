"""The norm of groups: torch's, of every sample and step; exported in floats, refused on grids."""

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.frontend import graph_of
from neurodeploy.frontend.training import float_trace
from neurodeploy.simulator.floats import run_floats
from snncore import layer, neuron


def test_every_step_is_normed_as_torch_does() -> None:
    torch.manual_seed(0)
    x, other = torch.rand(3, 2, 4, 5, 6), nn.GroupNorm(2, 4)
    norm = layer.GroupNorm(2, 4)
    with torch.no_grad():
        for module in (norm, other):
            module.weight.copy_(torch.arange(1.0, 5.0))
            module.bias.copy_(torch.arange(4.0))
    assert torch.allclose(norm(x).flatten(0, 1), other(x.flatten(0, 1)))
    single = layer.GroupNorm(**norm.config() | {"affine": False, "step_mode": "s"})
    assert torch.allclose(single(x[0]), nn.GroupNorm(2, 4, affine=False)(x[0]))
    with pytest.raises(ValueError, match="3 groups do not divide 4 channels"):
        layer.GroupNorm(3, 4)


def network() -> nn.Sequential:
    torch.manual_seed(1)
    layers = nn.Sequential(layer.Conv2d(2, 4, 3), layer.GroupNorm(2, 4), neuron.LIF(threshold=0.3))
    nn.init.uniform_(layers[1].weight, 0.5, 2.0)
    return layers.eval()


def test_a_float_network_is_its_graph() -> None:
    samples = (torch.rand(4, 2, 2, 6, 5) < 0.5).float()
    graph = graph_of(network(), example=samples)
    expected = float_trace(network(), graph, samples.numpy())
    result = run_floats(graph, samples.numpy())
    assert result.spikes() > 20
    assert np.abs(expected["2"].v - result["2"].v).max() < 1e-5


def test_no_integer_target_takes_it() -> None:
    example = torch.zeros(1, 1, 2, 6, 5)
    with pytest.raises(ValueError, match=r"1: a group norm divides by the spread .*BatchNorm2d"):
        quant.prepare(network(), target="onnx", example=example)
    with pytest.raises(DoesNotFitError, match="group norm divides"):
        nd.lower(nn.Sequential(layer.GroupNorm(1, 2), quant.CubaLIF()), example=example)
