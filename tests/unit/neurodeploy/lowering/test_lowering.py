"""From graph to program: pools fold exactly, and what has no integer form is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.frontend import graph_of
from neurodeploy.graph import Graph, dumps, loads
from neurodeploy.lowering import PASSES, run_passes
from neurodeploy.program import Conv2d
from neurodeploy.simulator.golden import combine
from snncore import layer, neuron


def _pooled(**geometry: object) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(
        quant.SumPool2d(geometry.pop("pool"), geometry.pop("pool_stride", None)),
        quant.Conv2d(2, 4, **geometry),
        quant.CubaLIF(),
    )


@pytest.mark.parametrize(
    "geometry",
    [
        {"pool": 2, "kernel_size": 3},
        {"pool": (2, 3), "kernel_size": (2, 1), "stride": (1, 2)},
        {"pool": 3, "pool_stride": 2, "kernel_size": 2, "dilation": 2},
        {"pool": 2, "kernel_size": 3, "padding": 1, "groups": 2},
        {"pool": 1, "pool_stride": 2, "kernel_size": 2, "stride": 2},
    ],
    ids=["plain", "oblong", "overlapping", "padded", "sampled"],
)
def test_a_pool_and_a_convolution_are_one_convolution(geometry: dict[str, object]) -> None:
    network = _pooled(**geometry)
    image = torch.randint(0, 2, (3, 2, 12, 12)).float()
    with torch.no_grad():
        expected = network[1](network[0](image)) * 64
    program = nd.lower(network, example=torch.zeros(1, 1, 2, 12, 12))
    assert [type(node).__name__ for node in program.nodes] == ["Input", "Conv2d", "Neuron"]
    node = program.by_name["1"]
    assert isinstance(node, Conv2d)
    assert (combine(node, image.numpy().astype(np.int64)) == expected.numpy()).all()


def test_a_pool_that_padding_meets_is_refused_where_it_would_not_be_exact() -> None:
    network = _pooled(pool=3, pool_stride=2, kernel_size=3, padding=1)
    with pytest.raises(DoesNotFitError, match="do not tile"):
        nd.lower(network, example=torch.zeros(1, 1, 2, 12, 12))


def test_folding_keeps_graphs_that_have_no_pool() -> None:
    network = nn.Sequential(quant.Linear(3, 2), quant.CubaLIF())
    graph = graph_of(network, shape=(3,))
    assert run_passes(graph, PASSES) == graph


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Sequential(layer.Linear(3, 2), neuron.LIF()), "floats"),
        (nn.Sequential(quant.Linear(3, 2), neuron.CubaLIF()), "floats"),
        (nn.Sequential(quant.Linear(3, 3), quant.Linear(3, 2), quant.CubaLIF()), "no neurons"),
        (nn.Sequential(quant.Linear(3, 2, exponent=-3), quant.CubaLIF()), "same exponent"),
    ],
    ids=["weights", "neurons", "between", "exponent"],
)
def test_what_has_no_integer_form_is_named(network: nn.Module, words: str) -> None:
    with pytest.raises(DoesNotFitError, match=words):
        nd.lower(network, example=torch.zeros(1, 1, 3))


def test_a_layer_of_another_size_is_named() -> None:
    network = nn.Sequential(quant.Conv2d(1, 2, 3), quant.CubaLIF(), quant.Linear(5, 2))
    with pytest.raises(nd.NeurodeployError, match=r"2: takes 5 inputs and is given \(2, 4, 4\)"):
        nd.lower(network, example=torch.zeros(1, 1, 1, 6, 6))


def test_a_graph_is_read_back_from_its_text() -> None:
    network = _pooled(pool=2, kernel_size=3)
    graph = graph_of(network, shape=(2, 12, 12))
    again = loads(dumps(graph))
    assert isinstance(again, Graph)
    assert again == graph
    assert dumps(again) == dumps(graph)
    with pytest.raises(nd.NeurodeployError, match="not a graph"):
        loads(dumps(graph)[:-20])
