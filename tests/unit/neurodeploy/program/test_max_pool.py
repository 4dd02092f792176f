"""Max pools: of spikes they ask whether any fired, and every engine and file agrees."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError, ValidationError
from neurodeploy.frontend.training import training_trace
from neurodeploy.program import (
    Conv2d,
    Edge,
    Input,
    MaxPool2d,
    Node,
    Program,
    Signal,
    dumps,
    loads,
)
from neurodeploy.simulator.golden import largest
from neurodeploy.verification.compare import compare
from snncore import functional, layer
from tests.unit.programs import neurons

Random = np.random.Generator


def drawn(random: Random) -> tuple[MaxPool2d, tuple[int, int]]:
    """A pool of any geometry, and a size that it fits."""
    kernel = (int(random.integers(1, 5)), int(random.integers(1, 5)))
    stride = (int(random.integers(1, 4)), int(random.integers(1, 4)))
    padding = (int(random.integers(kernel[0] // 2 + 1)), int(random.integers(kernel[1] // 2 + 1)))
    size = (int(random.integers(kernel[0], 9)), int(random.integers(kernel[1], 9)))
    return MaxPool2d("pool", Edge("in"), kernel, stride, padding), size


def naive(x: np.ndarray, node: MaxPool2d) -> np.ndarray:
    """Every window by itself."""
    height, width = (
        (x.shape[2 + i] + 2 * node.padding[i] - node.kernel[i]) // node.stride[i] + 1
        for i in (0, 1)
    )
    result = np.zeros((*x.shape[:2], height, width), dtype=np.int64)
    for n, c, y, z in product(*map(range, result.shape)):
        top, left = y * node.stride[0] - node.padding[0], z * node.stride[1] - node.padding[1]
        rows, columns = max(top, 0), max(left, 0)
        window = x[n, c, rows : top + node.kernel[0], columns : left + node.kernel[1]]
        result[n, c, y, z] = window.max()
    return result


def program(random: Random, signal: Signal) -> Program:
    """A pool between an input and weights, or between an input and neurons."""
    node, size = drawn(random)
    nodes: list[Node] = [Input("in", (2, *size), signal), node]
    if signal == Signal.SPIKES:
        weight = random.integers(-60, 90, (3, 2, 1, 1))
        nodes.append(Conv2d("conv", Edge("pool"), weight))
    nodes.append(neurons("n", nodes[-1].name))
    return Program(tuple(nodes), "n")


def test_the_largest_of_every_window() -> None:
    for seed in range(40):
        random = np.random.default_rng(seed)
        node, size = drawn(random)
        x = random.integers(-9, 10, (2, 3, *size))
        assert (largest(x, node) == naive(x, node)).all(), f"seed {seed}"


@pytest.mark.parametrize("signal", Signal)
def test_fast_is_golden(signal: Signal) -> None:
    spikes = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        network = program(random, signal)
        low, high = (0, 2) if signal == Signal.SPIKES else (-80, 200)
        samples = random.integers(low, high, (6, 2, *network.input.shape))
        golden, fast = (nd.simulate(network, samples, engine=name) for name in ("golden", "fast"))
        assert compare("fast", golden, fast, 0.0).same, f"seed {seed}"
        spikes += golden.spikes()
    assert spikes > 100


def test_written_and_read_back() -> None:
    network = program(np.random.default_rng(3), Signal.SPIKES)
    assert loads(dumps(network)) == network
    assert "maxpool2d(in) kernel" in network.text()


def test_a_window_of_padding_alone_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"pool\.padding: \(2, 0\) is more than half"):
        MaxPool2d("pool", Edge("in"), (3, 2), (1, 1), (2, 0))
    pool = MaxPool2d("pool", Edge("in"), (3, 3), (1, 1))
    with pytest.raises(ValidationError, match="larger than its input"):
        Program((Input("in", (1, 2, 2)), pool, neurons("n", "pool")), "n")


def network() -> nn.Sequential:
    """Spikes of a convolution, pooled, flattened and weighed."""
    torch.manual_seed(0)
    layers = nn.Sequential(
        quant.Block(quant.Conv2d(2, 4, 3, padding=1), quant.CubaLIF(0.5)),
        layer.MaxPool2d(2),
        layer.Flatten(),
        quant.Block(quant.Linear(36, 5), quant.CubaLIF(0.25)),
    )
    with torch.no_grad():
        for weight in layers.parameters():
            weight.mul_(4.0)
    return layers


def test_training_is_golden_and_a_file_keeps_it(tmp_path: object) -> None:
    trained = network()
    samples = torch.from_numpy(np.random.default_rng(0).random((7, 3, 2, 6, 6)) < 0.4).float()
    lowered = nd.lower(trained, example=samples)
    golden = nd.simulate(lowered, samples)
    trace = training_trace(trained, lowered, samples.numpy().astype(np.int64))
    assert compare("training", golden, trace, 0.0).same
    assert golden.spikes() > 20
    functional.reset(trained)
    nd.save(trained, f"{tmp_path}/model.pt", example=samples)
    assert nd.lower(nd.load(f"{tmp_path}/model.pt"), example=samples) == lowered


def test_loihi_gets_a_layer_of_neurons_for_it() -> None:
    example = torch.zeros(1, 1, 2, 6, 6)
    chain = nd.lower(network(), example=example, target="loihi")
    assert not chain.of_kind(MaxPool2d)
    assert any(node.parts == () for node in chain.layers)


def test_the_largest_of_a_sum_is_refused() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.neurons = quant.CubaLIF()
            self.pool = layer.MaxPool2d(2)
            self.last = quant.CubaLIF()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            spikes: torch.Tensor = self.last(self.pool(x + self.neurons(x)))
            return spikes

    with pytest.raises(DoesNotFitError, match="pool: takes the largest of a sum"):
        nd.lower(Sum(), example=torch.zeros(1, 1, 1, 4, 4))
