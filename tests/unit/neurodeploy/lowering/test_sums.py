"""Sums of spikes as values: for targets that take them, as large as these take, and equal."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.frontend import graph_of
from neurodeploy.lowering import lower
from neurodeploy.program import Add, Dense, Program, SumPool2d
from neurodeploy.target import target
from snncore import layer


class Summing(nn.Module):
    """A sum of sums that weights, a max pool and neurons read; a pool of it before weights."""

    def __init__(self, outputs: int = 3) -> None:
        super().__init__()
        self.first, self.second = (quant.Conv2d(2, 4, 3, padding=1) for _ in range(2))
        self.third, self.last = quant.Conv2d(4, 4, 3, padding=1), quant.Linear(4, outputs)
        self.neurons = nn.ModuleList(quant.CubaLIF(0.25) for _ in range(5))
        self.pool = quant.SumPool2d(4)
        self.flat = layer.Flatten()

    def forward(self, x: Tensor) -> Tensor:
        one, two, three, four, five = self.neurons
        total = one(self.first(x)) + two(self.second(x))
        more = total + three(self.third(total)) + four(total)
        spikes: Tensor = five(self.last(self.flat(self.pool(more))))
        return spikes


SHAPE = (2, 4, 4)


def programs(outputs: int = 3, largest_sum: int = 1 << 11) -> tuple[nn.Module, Program, Program]:
    """Return a network, its program with sums as values, and the one without."""
    torch.manual_seed(0)
    network = Summing(outputs)
    graph = graph_of(network, shape=SHAPE)
    return network, lower(graph, largest_sum=largest_sum), lower(graph)


def sums_of(program: Program) -> list[str]:
    return [node.name for node in program.nodes if isinstance(node, Add | SumPool2d)]


def test_both_forms_are_the_network() -> None:
    network, summed, weighed = programs()
    x = (torch.rand(9, 3, *SHAPE) < 0.5).float()
    traces = [nd.simulate(each, x) for each in (summed, weighed)]
    expected = network(x).detach().numpy()
    assert 9 < expected.sum() < expected.size
    for trace in traces:
        assert np.array_equal(trace.output, expected)
    for name in traces[0]:
        values = traces[0][name].values
        assert all(np.array_equal(v, traces[1][name].values[key]) for key, v in values.items())


def test_each_sum_is_read_once_and_weighed_once() -> None:
    _, summed, weighed = programs()
    assert sums_of(summed) == ["add", "add_1", "add_2", "pool"]
    assert sums_of(weighed) == []
    assert summed.parameter_count() < weighed.parameter_count() / 3
    last = summed.by_name["last"]
    assert isinstance(last, Dense)
    assert last.narrow_weight.shape == (3, 4)
    # A sum that reaches neurons without weights gets weights of one, once.
    assert [edge.source for edge in summed.by_name["neurons.3"].sources] == ["neurons.3.identity"]


@pytest.mark.parametrize(("largest", "values"), [(0, 0), (2, 1), (3, 2), (4, 3), (63, 3), (64, 4)])
def test_a_sum_that_the_target_does_not_take_is_weighed_by_terms(largest: int, values: int) -> None:
    """Two terms, three, four, and sixteen of these in a window."""
    network, program, _ = programs(largest_sum=largest)
    assert len(sums_of(program)) == values
    x = (torch.rand(5, 2, *SHAPE) < 0.5).float()
    assert np.array_equal(nd.simulate(program, x).output, network(x).detach().numpy())


def test_a_pool_stays_where_it_costs_less_than_weights_of_each_of_its_inputs() -> None:
    assert "pool" in sums_of(programs(outputs=2)[1])
    assert "pool" not in sums_of(programs(outputs=1)[1])


def test_targets_say_what_they_take() -> None:
    network = programs()[0]
    takes = {name: target(name).capabilities.largest_sum for name in ("loihi", "nir", "onnx")}
    assert takes["loihi"] == takes["nir"] == 0 < takes["onnx"]
    assert sums_of(nd.lower(network, example=torch.zeros(1, 1, *SHAPE), target="onnx"))


class Pooled(nn.Module):
    """The largest of a sum."""

    def __init__(self) -> None:
        super().__init__()
        self.weights, self.first, self.last = quant.Conv2d(2, 2, 3), quant.CubaLIF(0.2), quant.IF()
        self.pool, self.kernel = layer.MaxPool2d(2), quant.Conv2d(2, 2, 1)
        self.second = quant.CubaLIF(0.1)

    def forward(self, x: Tensor) -> Tensor:
        sums = self.weights(x)
        spikes: Tensor = self.last(self.kernel(self.pool(self.first(sums) + self.second(sums))))
        return spikes


def test_a_max_pool_takes_the_largest_of_a_sum_that_is_a_value() -> None:
    network = Pooled()
    graph = graph_of(network, shape=SHAPE)
    with pytest.raises(DoesNotFitError, match="pool: takes the largest of a sum"):
        lower(graph)
    x = (torch.rand(9, 3, *SHAPE) < 0.5).float()
    output = nd.simulate(lower(graph, largest_sum=2), x).output
    assert np.array_equal(output, network(x).detach().numpy())
    assert 0 < output.sum() < output.size


@pytest.mark.parametrize("delayed_first", [True, False])
def test_a_delay_behind_a_pool_is_that_of_the_weights_and_one_before_it_folds_the_pool(
    delayed_first: bool,
) -> None:
    torch.manual_seed(0)
    pair = (layer.Delay(2), layer.SumPool2d(2))
    moved = pair if delayed_first else pair[::-1]
    network = nn.Sequential(*moved, layer.Flatten(), quant.Linear(8, 3), quant.CubaLIF(0.5))
    graph = graph_of(network, shape=SHAPE)
    program = lower(graph, largest_sum=4)
    assert len(sums_of(program)) == (not delayed_first)
    x = (torch.rand(9, 3, *SHAPE) < 0.5).float()
    output = nd.simulate(program, x).output
    assert np.array_equal(output, network(x).detach().numpy())
    assert 0 < output.sum() < output.size
