"""Networks in floats in double precision: against torch, and by hand."""

import numpy as np
import pytest
import torch

from neurodeploy import graph as g
from neurodeploy.errors import SamplesError
from neurodeploy.frontend import graph_of
from neurodeploy.simulator.floats import run_floats
from neurodeploy.structure import Edge
from snncore import functional, layer, neuron
from snncore.dynamics import trace


def test_is_what_torch_computes() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        layer.Conv2d(2, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
        layer.BatchNorm2d(6),
        layer.SumPool2d(2),
        layer.MaxPool2d((2, 3), stride=(1, 2), padding=(1, 1)),
        layer.Flatten(),
        neuron.LeakyIntegrator(tau=3.0),
    ).double()
    network.eval()
    samples = torch.randn(4, 3, 2, 9, 8, dtype=torch.float64)
    with torch.no_grad():
        expected = network(samples).numpy()
    functional.reset(network)
    found = run_floats(graph_of(network, example=samples), samples)
    np.testing.assert_allclose(found.output, expected, rtol=1e-6, atol=1e-6)


def test_states_go_from_step_to_step() -> None:
    network = torch.nn.Sequential(layer.Linear(1, 1, bias=True), neuron.IF(threshold=1.0))
    with torch.no_grad():
        network[0].weight.fill_(0.5)
        network[0].bias.fill_(0.125)
    graph = graph_of(network, example=torch.zeros(1, 1, 1))
    found = run_floats(graph, np.array([1.0, 1.0, 0.0, 1.0])[:, None, None])
    assert found["1"].s.ravel().tolist() == [0, 1, 0, 0]
    assert found["1"].v.ravel().tolist() == [0.625, 0, 0.125, 0.75]


def test_voltages_are_no_spikes() -> None:
    network = torch.nn.Sequential(
        layer.Linear(3, 4), neuron.IF(threshold=0.25), layer.Linear(4, 2), neuron.LeakyIntegrator()
    )
    samples = np.ones((5, 2, 3))
    found = run_floats(graph_of(network.eval(), example=torch.ones(5, 2, 3)), samples)
    assert [found[name].spiking for name in found] == [True, False]
    assert np.count_nonzero(found["3"].s) == found["3"].s.size
    assert found.spikes() == np.count_nonzero(found["1"].s)


def test_what_does_not_fit() -> None:
    graph = graph_of(torch.nn.Sequential(layer.Linear(3, 2), neuron.IF()), shape=(3,))
    with pytest.raises(SamplesError, match=r"samples are \(4, 2, 5\), not \(T, N, 3\)"):
        run_floats(graph, np.zeros((4, 2, 5)))
    with pytest.raises(SamplesError, match="no finite number"):
        run_floats(graph, np.full((4, 2, 3), np.nan))


def test_late_values_and_loops() -> None:
    late = g.Graph((g.Input("in", (1,)), g.Linear("twice", Edge("in", 2), [[2.0]]), _unit()), "n")
    samples = np.arange(1.0, 6.0)[:, None, None]
    assert run_floats(late, samples)["n"].v.ravel().tolist() == [0, 0, 2, 6, 12]
    # What the neuron was a step ago is added to what comes in: sums of sums.
    nodes = (
        g.Input("in", (1,)),
        g.Linear("back", Edge("n", 1), [[1.0]]),
        g.Add("twice", (Edge("in"), Edge("back"))),
        _unit(),
    )
    looped = g.Graph(nodes, "n")
    assert run_floats(looped, samples)["n"].v.ravel().tolist() == [1, 4, 11, 26, 57]


def _unit() -> g.Neuron:
    """A neuron that adds up, and gives its sum."""
    summed = trace(lambda v, x: (v + x, v + x), states=("v",), parameters=(), name="Sum")
    return g.Neuron("n", Edge("twice"), summed)
