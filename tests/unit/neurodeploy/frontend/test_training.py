"""The training trace: the network's own forward in the program's integers, and nothing changed."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import ValidationError
from neurodeploy.frontend import graph_of
from neurodeploy.frontend.training import float_trace, layer_path, training_trace
from neurodeploy.lowering import lower
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.floats import run_floats
from quant.neuron import chip_neuron
from snncore import layer, neuron


def network(**options: Any) -> nn.Sequential:
    torch.manual_seed(0)
    result = nn.Sequential(
        quant.Block(quant.Linear(4, 6, exponent=-5), quant.CubaLIF(0.5, exponent=-5, **options)),
        nn.Sequential(quant.Linear(6, 3), quant.CubaLIF(0.25, **options)),
    )
    with torch.no_grad():
        for parameter in result.parameters():
            parameter.mul_(4)
    return result


SAMPLES = np.random.default_rng(0).integers(0, 2, (9, 2, 4))


def test_each_state_is_divided_by_its_own_scale() -> None:
    module = network()
    program = nd.lower(module, example=SAMPLES)
    trace, golden = training_trace(module, program, SAMPLES), nd.simulate(program, SAMPLES)
    assert list(trace) == ["0", "1.1"]
    for name in trace:
        assert set(trace[name].values) == {"s", "u", "v"}
        for key, values in trace[name].values.items():
            assert values.dtype == np.int64
            assert np.array_equal(values, golden[name].values[key])
            assert values.any()


def test_single_steps_give_the_trace_of_the_sequence() -> None:
    many, single = network(), network(step_mode="s")
    program = nd.lower(many, example=SAMPLES)
    first, second = (training_trace(module, program, SAMPLES) for module in (many, single))
    for name in first:
        for key, values in first[name].values.items():
            assert np.array_equal(values, second[name].values[key])


def test_networks_of_both_step_modes_are_refused() -> None:
    module = network()
    program = nd.lower(module, example=SAMPLES)
    module[1][1].step_mode = "s"
    with pytest.raises(ValidationError, match="some neurons take steps and some sequences"):
        training_trace(module, program, SAMPLES)


def test_the_network_is_left_as_it_was() -> None:
    module = network()
    program = nd.lower(module, example=SAMPLES)
    module.train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    training_trace(module, program, SAMPLES)
    assert module.training
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    neurons = [m for m in module.modules() if isinstance(m, quant.CubaLIF)]
    assert all(not m.states and m.record is None for m in neurons)


def test_dropout_drops_nothing() -> None:
    module = nn.Sequential(nn.Dropout(0.9), *network())
    program = nd.lower(module, example=SAMPLES)
    module.train()
    trace = training_trace(module, program, SAMPLES)
    assert np.array_equal(trace.output, nd.simulate(program, SAMPLES).output)


def test_a_value_between_two_integers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    module = nn.Sequential(layer.Linear(4, 2), quant.CubaLIF())
    lowered = nn.Sequential(quant.Linear(4, 2), quant.CubaLIF())
    program = nd.lower(lowered, example=SAMPLES)
    # Neurons that do not count whole units.
    monkeypatch.setattr(chip_neuron, "counted", lambda x, unit: x.double() / unit)
    with pytest.raises(ValidationError, match=r"1\.u: training computed a value between two int"):
        training_trace(module, program, SAMPLES)


def test_a_layer_that_the_model_lacks_is_named() -> None:
    program = nd.lower(network(), example=SAMPLES)
    with pytest.raises(ValidationError, match="0: the model has no such layer of neurons"):
        training_trace(nn.Sequential(quant.Linear(4, 3), quant.CubaLIF()), program, SAMPLES)


@pytest.mark.parametrize(
    ("module", "name", "path"),
    [
        (network(), "0", "0.neuron"),
        (network(), "1.1", "1.1"),
        (network()[0], "network", "neuron"),
        (quant.CubaLIF(), "network", ""),
    ],
)
def test_where_a_layers_neurons_are(module: nn.Module, name: str, path: str) -> None:
    assert layer_path(module, name) == path
    assert isinstance(module.get_submodule(path), quant.CubaLIF)


@pytest.mark.parametrize("module", [quant.CubaLIF(0.5), neuron.LIF(threshold=0.4)])
def test_a_network_may_be_a_single_layer(module: nn.Module) -> None:
    graph = graph_of(module, shape=(4,))
    if isinstance(module, quant.CubaLIF):
        trace, expected = (
            training_trace(module, lower(graph), SAMPLES),
            run_golden(lower(graph), SAMPLES),
        )
    else:
        trace, expected = float_trace(module, graph, SAMPLES), run_floats(graph, SAMPLES)
    assert list(trace) == ["network"]
    assert np.array_equal(trace.output, expected.output)
    assert trace.spikes() > 5


@pytest.mark.parametrize("bias", [False, True])
def test_recurrent_layers_in_floats_are_a_graph(bias: bool) -> None:
    torch.manual_seed(0)
    recurrent = nn.Sequential(
        layer.Linear(4, 5),
        layer.Recurrent(neuron.LIF(threshold=0.3), layer.Linear(5, 5, bias=bias)),
    ).eval()
    with torch.no_grad():
        recurrent[0].weight.mul_(3)
    graph = graph_of(recurrent, shape=(4,))
    trace, expected = float_trace(recurrent, graph, SAMPLES), run_floats(graph, SAMPLES)
    assert list(trace) == ["1"]
    assert trace.spikes() > 10
    assert np.array_equal(trace.output, expected.output)
    without = nn.Sequential(recurrent[0], recurrent[1].body)
    assert not np.array_equal(
        trace.output, run_floats(graph_of(without, shape=(4,)), SAMPLES).output
    )
