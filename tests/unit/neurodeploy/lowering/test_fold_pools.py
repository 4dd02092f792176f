"""Folded pools are exact: one layer of weights computes what torch's pool and layer did."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import quant
from neurodeploy.data.structure import Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.frontend import graph_of
from neurodeploy.graph import Conv2d, Dense, Flatten, SumPool2d
from neurodeploy.lowering import DROP_UNUSED, FOLD_POOLS, lower, run_passes
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.golden import combine
from snncore import functional, layer

SEEDS = range(60)


def pool_and_conv(random: np.random.Generator) -> tuple[nn.Sequential, Shape]:
    """Windows that overlap, tile or leave gaps; any kernel behind them."""
    size, stride, kernel, down, apart = (
        (int(random.integers(1, high)), int(random.integers(1, high))) for high in (4, 4, 3, 3, 3)
    )
    padding, shape = (0, 0), (4, int(random.integers(9, 16)), int(random.integers(9, 16)))
    if random.random() < 0.4:
        # Padding may meet windows that tile the image, or leave gaps inside it.
        padding = int(random.integers(0, 3)), 1
        stride = tuple(max(a, b) for a, b in zip(size, stride, strict=True))
        counts = (int(random.integers(4, 6)) for _ in size)
        height, width = (s + n * d for s, n, d in zip(size, counts, stride, strict=True))
        shape = (4, height, width)
    groups = int(random.choice([1, 2, 4]))
    conv = quant.Conv2d(4, 4, kernel, down, padding, apart, groups)
    return nn.Sequential(quant.SumPool2d(size, stride), conv), shape


def pool_and_linear(random: np.random.Generator) -> tuple[nn.Sequential, Shape]:
    """Any windows, flattened into a dense layer."""
    size, stride = (
        (int(random.integers(1, high)), int(random.integers(1, high))) for high in (4, 5)
    )
    shape = tuple(int(n) for n in random.integers(4, 9, 3))
    pool = nn.Sequential(quant.SumPool2d(size, stride), layer.Flatten())
    width = pool(torch.zeros(1, 1, *shape)).shape[-1]
    return nn.Sequential(*pool, quant.Linear(width, 3)), shape


@pytest.mark.parametrize("make", [pool_and_conv, pool_and_linear])
def test_one_layer_computes_what_the_pool_and_its_reader_did(make: Any) -> None:
    forms = set()
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        torch.manual_seed(seed)
        network, shape = make(random)
        x = torch.from_numpy(random.integers(0, 2, (3, 1, *shape))).float()
        with torch.no_grad():
            # In the chip's integers.
            expected = network(x)[:, 0] * 64
        program = lower(graph_of(network.append(quant.CubaLIF()), shape=shape))
        kinds = [type(node).__name__ for node in program.nodes]
        assert kinds in (["Input", "Conv2d", "Neuron"], ["Input", "Flatten", "Dense", "Neuron"])
        value = x[:, 0].numpy().astype(np.int64)
        for node in program.nodes[1:-1]:
            value = combine(node, value)
        assert np.array_equal(value, expected.numpy()), f"seed {seed}"
        assert np.abs(value).max() > 0
        forms.add(kinds[1])
    assert forms == ({"Conv2d"} if make is pool_and_conv else {"Flatten"})


@pytest.mark.parametrize(
    ("pool", "shape"),
    [((3, 2), (2, 12, 12)), ((2, 3), (2, 13, 12)), ((2, 2), (2, 12, 13))],
    ids=["overlapping", "a row left over", "a column left over"],
)
def test_padding_that_would_not_be_exact_is_refused(pool: Any, shape: Shape) -> None:
    network = nn.Sequential(
        quant.SumPool2d(*pool), quant.Conv2d(2, 2, 3, padding=1), quant.CubaLIF()
    )
    with pytest.raises(DoesNotFitError, match=r"1: its padding meets windows of 0 .*quant\.Block"):
        lower(graph_of(network, shape=shape))


def test_a_weight_of_the_pool_itself_is_refused_before_weights() -> None:
    network = nn.Sequential(quant.SumPool2d(2, weight=0.5), quant.Conv2d(1, 1, 1), quant.CubaLIF())
    with pytest.raises(DoesNotFitError, match=r"0: weighs its inputs by 0.5 before 1"):
        lower(graph_of(network, shape=(1, 4, 4)))


@pytest.mark.parametrize("reader", ["conv", "dense", "neurons"])
def test_pools_of_pools_are_one(reader: str) -> None:
    torch.manual_seed(4)
    # Rows and columns are left over at every pool.
    pools = (quant.SumPool2d((2, 3)), quant.SumPool2d((3, 2), (2, 1)), quant.SumPool2d(1))
    behind: dict[str, list[nn.Module]] = {
        "conv": [quant.Conv2d(2, 3, 2)],
        "dense": [layer.Flatten(), quant.Linear(24, 3)],
        "neurons": [],
    }
    network = nn.Sequential(*pools, *behind[reader], quant.CubaLIF(4.0))
    x = (torch.rand(6, 4, 2, 15, 17) < 0.7).float()
    program = lower(graph_of(network, shape=x.shape[2:]))
    assert len(program.nodes) == (4 if reader == "dense" else 3)
    with torch.no_grad():
        expected = network(x)
    assert expected.sum() > 5
    assert np.array_equal(run_golden(program, x).output, expected.numpy())


@pytest.mark.parametrize(
    ("first", "words"),
    [(quant.SumPool2d(3, 2), "overlap or leave gaps"), (quant.SumPool2d(2, weight=0.5), "weigh")],
)
def test_pools_of_pools_that_are_no_pool_are_refused(first: nn.Module, words: str) -> None:
    network = nn.Sequential(first, quant.SumPool2d(2), quant.CubaLIF())
    with pytest.raises(DoesNotFitError, match=rf"1: reads 0, whose windows {words}.*neurons"):
        lower(graph_of(network, shape=(1, 9, 9)))


class Shared(nn.Module):
    """A pool that neurons, a convolution and a dense layer read."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = quant.SumPool2d(2)
        self.flat = layer.Flatten()
        self.conv, self.fc = quant.Conv2d(1, 1, 2), quant.Linear(9, 4)
        self.own, self.mixed = quant.CubaLIF(0.5), quant.CubaLIF()
        self.out = quant.Linear(9, 4)
        self.last = quant.CubaLIF()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled = self.pool(x)
        sums = self.conv(pooled).flatten(2) + self.fc(self.flat(pooled))
        return self.last(self.mixed(sums) + self.out(self.own(pooled).flatten(2)))


def test_a_pool_that_several_layers_read_stays_for_those_that_need_it() -> None:
    torch.manual_seed(2)
    network = Shared()
    graph = graph_of(network, shape=(1, 6, 6))
    folded = run_passes(graph, (FOLD_POOLS, DROP_UNUSED))
    assert sum(isinstance(node, SumPool2d) for node in folded.nodes) == 1
    assert isinstance(folded.by_name["conv"], Conv2d)
    assert folded.by_name["conv"].stride == (2, 2)
    assert isinstance(folded.by_name["fc"], Dense)
    assert folded.by_name["fc"].weight.shape == (4, 36)
    assert {n.name for n in folded.nodes if isinstance(n, Flatten)} >= {"flat.unpooled"}
    program = lower(graph)
    x = torch.randint(0, 2, (6, 4, 1, 6, 6)).float()
    assert np.array_equal(run_golden(program, x).output, network(x).detach().numpy())
    functional.reset(network)


def test_a_graph_without_pools_is_left_as_it_is() -> None:
    network = nn.Sequential(quant.Conv2d(1, 2, 2), quant.CubaLIF(), layer.Flatten())
    network.extend([quant.Linear(18, 2), quant.CubaLIF()])
    graph = graph_of(network, shape=(1, 4, 4))
    assert run_passes(graph, (FOLD_POOLS, DROP_UNUSED)) == graph
