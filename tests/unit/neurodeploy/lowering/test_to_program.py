"""Lowering: floats on the grid become integers, sums are spread over weights, the rest is named."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.lowering import lower
from neurodeploy.lowering.grid import on_grid
from neurodeploy.program import Conv2d, Dense, Flatten
from snncore import layer, neuron
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI


def lowered(network: nn.Module, *shape: int) -> nd.Program:
    return nd.lower(network, example=torch.zeros(1, 1, *shape))


def test_weights_and_parameters_are_the_chips_integers() -> None:
    block = quant.Block(
        quant.Linear(2, 2, bias=True, exponent=-5),
        quant.CubaLIF(1.5, current_decay=0.25, voltage_decay=1 / 4096, exponent=-5),
    )
    with torch.no_grad():
        block.synapse.weight.copy_(torch.tensor([[1.0, -0.5], [9.0, -9.0]]))
        block.synapse.bias.copy_(torch.tensor([0.5, -1 / 32]))
    program = lowered(nn.Sequential(block), 2)
    dense, neurons = program.by_name["0.synapse"], program.layers[0]
    assert isinstance(dense, Dense)
    assert dense.weight.tolist() == [[32, -16], [254, -256]]
    assert (dense.exponent, neurons.exponent) == (-5, -5)
    values = {key: value.tolist() for key, value in neurons.parameters.items()}
    assert values == {
        "current_decay": 1024,
        "voltage_decay": 1,
        "threshold": 48,
        "bias": [16, -1],
    }


def test_a_bias_of_channels_spreads_over_the_image() -> None:
    neurons = quant.CubaLIF(bias=2)
    with torch.no_grad():
        neurons.bias.copy_(torch.tensor([0.5, 0.25]))
    program = lowered(nn.Sequential(quant.Conv2d(1, 2, 1), neurons), 1, 3, 3)
    assert program.layers[0].parameters["bias"].tolist() == [[[32]], [[16]]]


class Adding(nn.Module):
    """Weights behind a sum, weights beside spikes, and a sum of sums."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = quant.Linear(3, 4), quant.Linear(3, 4)
        self.first, self.second = quant.CubaLIF(0.25), quant.CubaLIF(0.25)
        self.fc = quant.Linear(4, 4)
        self.last = quant.CubaLIF(0.5)

    def forward(self, x: Tensor) -> Tensor:
        one = self.first(self.a(x))
        two = self.second(self.b(x))
        return self.last(self.fc(one + two + one) + two)


def test_an_addition_is_carried_to_the_neurons() -> None:
    torch.manual_seed(0)
    network = Adding()
    program = lowered(network, 3)
    last = program.by_name["last"]
    assert [edge.source for edge in last.sources] == ["fc", "fc.1", "fc.2", "last.identity"]
    weights = [program.by_name[f"fc{end}"] for end in ("", ".1", ".2")]
    assert [node.sources[0].source for node in weights] == ["first", "second", "first"]
    identity = program.by_name["last.identity"]
    assert isinstance(identity, Dense)
    assert identity.weight.tolist() == (64 * np.eye(4)).tolist()
    x = torch.randint(0, 2, (9, 3, 3)).float()
    golden = nd.simulate(program, x)
    assert golden.output.sum() > 0
    assert np.array_equal(golden.output, network(x).detach().numpy())


def test_spikes_of_an_image_reach_neurons_through_kernels_of_one() -> None:
    program = lowered(nn.Sequential(quant.CubaLIF(0.5)), 3, 2, 2)
    identity = program.by_name["0.identity"]
    assert isinstance(identity, Conv2d)
    assert (identity.groups, identity.weight.shape) == (3, (3, 1, 1, 1))
    assert set(identity.weight.reshape(-1)) == {64}


def test_a_pool_with_neurons_is_a_depthwise_convolution() -> None:
    network = quant.Block(quant.SumPool2d((2, 1), (1, 2), weight=0.25), quant.CubaLIF())
    pool = lowered(network, 3, 4, 4).by_name["network.synapse"]
    assert isinstance(pool, Conv2d)
    assert (pool.groups, pool.stride, pool.weight.shape) == (3, (1, 2), (3, 1, 2, 1))
    assert set(pool.weight.reshape(-1)) == {16}


def test_a_flatten_of_a_vector_is_none() -> None:
    network = nn.Sequential(layer.Flatten(), quant.Linear(3, 2), quant.CubaLIF())
    assert not any(isinstance(node, Flatten) for node in lowered(network, 3).nodes)


def two(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers)


class Unlike(nn.Module):
    """A sum of weights in two units."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = quant.Linear(3, 2), quant.Linear(3, 2, exponent=-4)
        self.lif = quant.CubaLIF()

    def forward(self, x: Tensor) -> Tensor:
        return self.lif(self.a(x) + self.b(x))


PAIR = two(quant.Linear(3, 3), quant.Linear(3, 2), quant.CubaLIF())
WRONG: dict[str, tuple[nn.Module, tuple[int, ...], str]] = {
    "float weights": (two(layer.Linear(3, 2), quant.CubaLIF()), (3,), r"0: .*use quant\.Linear"),
    "a float kernel": (
        two(layer.Conv2d(1, 1, 1), quant.CubaLIF()),
        (1, 2, 2),
        r"0: .*use quant\.Conv2d",
    ),
    "a float pool": (two(layer.SumPool2d(1), quant.CubaLIF()), (1, 2, 2), r"0: .*quant\.SumPool2d"),
    "float neurons": (two(quant.Linear(3, 2), neuron.LIF()), (3,), r"1: its neurons are floats"),
    "a flatten at the end": (two(quant.CubaLIF(), layer.Flatten()), (3, 1, 1), "1: .*without neu"),
    "weights after weights": (PAIR, (3,), "1: reads 0 with no neurons between them"),
    "weights after a flatten": (
        two(quant.Conv2d(1, 1, 1), layer.Flatten(), quant.Linear(4, 2), quant.CubaLIF()),
        (1, 2, 2),
        "2: reads 0 with no neurons between them",
    ),
    "a pool after weights": (
        two(quant.Conv2d(1, 1, 1), quant.SumPool2d(2), quant.CubaLIF()),
        (1, 2, 2),
        "1: reads 0 with no neurons between them",
    ),
    "a pool after a pool of overlapping windows": (
        two(quant.SumPool2d(2, 1), quant.SumPool2d(2), quant.CubaLIF()),
        (1, 4, 4),
        "1: reads 0, whose windows overlap",
    ),
    "another unit": (two(quant.Linear(3, 2, exponent=-3), quant.CubaLIF()), (3,), "1: counts in 2"),
    "two units": (Unlike(), (3,), r"lif: counts in 2\^-6, and b in 2\^-4 .*same exponent"),
    "spikes in a coarse unit": (
        two(quant.CubaLIF(2.0, exponent=1)),
        (3,),
        "0: a spike: 1 is not a m",
    ),
    "another width": (
        two(quant.Conv2d(1, 2, 3), quant.CubaLIF(), quant.Linear(5, 2)),
        (1, 6, 6),
        r"2: takes 5 inputs and is given \(2, 4, 4\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_has_no_integer_form_is_named_with_a_remedy(name: str) -> None:
    network, shape, words = WRONG[name]
    with pytest.raises(nd.NeurodeployError, match=words):
        lowered(network, *shape)


def graph(**changes: Any) -> g.Graph:
    values = {"current_decay": 1.0, "voltage_decay": 0.5, "threshold": 1.0, "bias": 0.0}
    neurons = g.Neuron("n", Edge("in"), CUBA_LIF, values | changes, LOIHI, -6)
    return g.Graph((g.Input("in", (2,)), neurons), "n")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"threshold": 1.01}, r"n.threshold: 1.01 is not a multiple of 2\^-6 .*quantize it first"),
        ({"current_decay": 0.3}, r"n.current_decay: 0.3 is not a multiple of 2\^-12"),
        ({"bias": [0.5, 1e-9]}, r"n.bias: 1e-09 is not a multiple"),
        ({"threshold": 1e300}, "n.threshold: a value needs more than 62 bits"),
    ],
)
def test_a_value_off_the_grid_is_named(changes: dict[str, Any], words: str) -> None:
    assert lower(graph()).layers[0].parameters["threshold"] == 64
    with pytest.raises(DoesNotFitError, match=words):
        lower(graph(**changes))


def test_delays_have_no_lowering_and_are_refused() -> None:
    late = g.Graph(
        (
            g.Input("in", (2,)),
            g.Dense("fc", Edge("in", 2), np.eye(2), None, -6),
            g.Neuron("n", Edge("fc"), CUBA_LIF, graph().nodes[1].parameters, LOIHI, -6),
        ),
        "n",
    )
    with pytest.raises(DoesNotFitError, match="fc: reads in 2 steps late"):
        lower(late)


def test_a_bias_of_weights_is_refused_and_not_dropped() -> None:
    weights = g.Dense("fc", Edge("in"), np.eye(2), np.ones(2), -6)
    neurons = g.Neuron("n", Edge("fc"), CUBA_LIF, graph().nodes[1].parameters, LOIHI, -6)
    with pytest.raises(DoesNotFitError, match="fc: its bias is the neurons' to add"):
        lower(g.Graph((g.Input("in", (2,)), weights, neurons), "n"))


def test_the_grid_is_met_exactly() -> None:
    values = np.array([0.0, 1.0, -0.25, 2.0**30])
    assert on_grid(values, -4, "x").tolist() == [0, 16, -4, 1 << 34]


def test_a_delay_behind_the_last_layer_is_named_with_the_way_on() -> None:
    block = quant.Block(quant.Linear(3, 2), quant.CubaLIF())
    with pytest.raises(DoesNotFitError, match="1: delays the network's output") as caught:
        lowered(nn.Sequential(block, layer.Delay(1)), 3)
    assert "delay_shift=False" in str(caught.value)
    assert lowered(nn.Sequential(block), 3).output == "0"
