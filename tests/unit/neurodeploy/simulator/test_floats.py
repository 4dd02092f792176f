"""Networks in floats in double precision: against torch, and by hand."""

from typing import Any

import numpy as np
import pytest
import torch

import quant
from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.errors import SamplesError, ValidationError
from neurodeploy.flow import pipeline
from neurodeploy.frontend import graph_of
from neurodeploy.simulator.floats import run_floats
from snncore import functional, layer, neuron
from snncore.dynamics import Equations, Op, trace
from snncore.dynamics.expression import Operation
from snncore.dynamics.zoo.resonator import resetting_resonator_step, resonator_step
from snncore.neuron.define import Defined
from targets.loihi.chip.format import RESONATOR_FORMAT


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
    trace = run_floats(graph_of(network, example=samples), samples)
    np.testing.assert_allclose(trace.output, expected, rtol=1e-6, atol=1e-6)


def test_states_go_from_step_to_step() -> None:
    network = torch.nn.Sequential(layer.Linear(1, 1, bias=True), neuron.IF(threshold=1.0))
    with torch.no_grad():
        network[0].weight.fill_(0.5)
        network[0].bias.fill_(0.125)
    graph = graph_of(network, example=torch.zeros(1, 1, 1))
    trace = run_floats(graph, np.array([1.0, 1.0, 0.0, 1.0])[:, None, None])
    assert trace["1"].s.ravel().tolist() == [0, 1, 0, 0]
    assert trace["1"].v.ravel().tolist() == [0.625, 0, 0.125, 0.75]


def test_voltages_are_no_spikes() -> None:
    network = torch.nn.Sequential(
        layer.Linear(3, 4), neuron.IF(threshold=0.25), layer.Linear(4, 2), neuron.LeakyIntegrator()
    )
    samples = np.ones((5, 2, 3))
    trace = run_floats(graph_of(network.eval(), example=torch.ones(5, 2, 3)), samples)
    assert [trace[name].spiking for name in trace] == [True, False]
    assert np.count_nonzero(trace["3"].s) == trace["3"].s.size
    assert trace.spikes() == np.count_nonzero(trace["1"].s)


def test_what_does_not_fit() -> None:
    graph = graph_of(torch.nn.Sequential(layer.Linear(3, 2), neuron.IF()), shape=(3,))
    with pytest.raises(SamplesError, match=r"samples are \(4, 2, 5\), not \(T, N, 3\)"):
        run_floats(graph, np.zeros((4, 2, 5)))
    with pytest.raises(SamplesError, match="not a finite number"):
        run_floats(graph, np.full((4, 2, 3), np.nan))


def test_late_values_and_loops() -> None:
    late = g.Graph((g.Input("in", (1,)), g.Dense("twice", Edge("in", 2), [[2.0]]), _unit()), "n")
    samples = np.arange(1.0, 6.0)[:, None, None]
    assert run_floats(late, samples)["n"].v.ravel().tolist() == [0, 0, 2, 6, 12]
    # What the neuron was a step ago is added to what comes in: sums of sums.
    nodes = (
        g.Input("in", (1,)),
        g.Dense("back", Edge("n", 1), [[1.0]]),
        g.Add("twice", (Edge("in"), Edge("back"))),
        _unit(),
    )
    looped = g.Graph(nodes, "n")
    assert run_floats(looped, samples)["n"].v.ravel().tolist() == [1, 4, 11, 26, 57]


def _unit() -> g.Neuron:
    """A neuron that adds up, and gives its sum."""
    summed = trace(lambda v, x: (v + x, v + x), states=("v",), parameters=(), name="Sum")
    return g.Neuron("n", Edge("twice"), summed)


def _resonator(resets: bool) -> type[Any]:
    function = resetting_resonator_step(6) if resets else resonator_step
    values = {"sine": 0.6, "cosine": 0.7, "threshold": 1.5}
    kind: type[Any] = neuron.define(states={"real": 0.0, "imag": 0.0}, params=values, inputs=2)(
        function
    )
    return kind


@pytest.mark.parametrize("resets", [False, True])
def test_neurons_with_two_inputs_are_what_torch_computes(resets: bool) -> None:
    random = np.random.default_rng(3)
    module = _resonator(resets)().double()
    real, imag = random.normal(size=(2, 4, 3))
    nodes = (
        g.Input("in", (3,)),
        g.Dense("real", Edge("in"), real),
        g.Dense("imag", Edge("in"), imag),
        g.Neuron(
            "n",
            Edge("real"),
            module.equations,
            module.parameter_values,
            second=Edge("imag"),
        ),
    )
    samples = random.normal(size=(20, 2, 3))
    trace = pipeline.simulate(g.Graph(nodes, "n"), samples)
    with torch.no_grad():
        expected = module(*(torch.from_numpy(samples @ weight.T) for weight in (real, imag)))
    assert 0 < trace.output.sum() < trace.output.size
    np.testing.assert_array_equal(trace.output, expected.numpy())
    last = {key: getattr(trace["n"], key)[-1] for key in ("real", "imag")}
    for key, value in last.items():
        np.testing.assert_allclose(value, module.states[key].numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("resets", [False, True])
def test_a_network_of_resonators_is_what_training_computes(resets: bool) -> None:
    torch.manual_seed(4)
    # Halves of whole numbers: nothing is rounded in as many steps as a state has bits of fraction.
    resonators = quant.Resonator(0.25, sine=0.5, cosine=-0.5, resets=resets, exponent=-6)
    parts = (quant.Linear(5, 4, exponent=-6, format=RESONATOR_FORMAT) for _ in "ab")
    network = torch.nn.Sequential(quant.ComplexBlock(*parts, resonators))
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.randn(weight.shape))
    samples = (torch.rand(6, 8, 5) < 0.4).float()
    with torch.no_grad():
        expected = network(samples)
    functional.reset(network)
    trace = pipeline.simulate(graph_of(network, example=samples), samples)
    assert 0 < expected.sum() < expected.numel()
    np.testing.assert_array_equal(trace.output, expected.numpy())


# Operations of registers, with what they are told; each acts on a leaking sum that grows.
REGISTERS: dict[Op, Any] = {
    Op.CLIP: (-3, 5),
    Op.SCALE_TO_ZERO: (-3, 2),
    Op.SHIFT_LEFT: 2,
    Op.SHIFT_FLOOR: 1,
    Op.SHIFT_TO_ZERO: 1,
    Op.WRAP: 4,
    Op.WRAP_ONCE: 4,
}


def _register(op: Op) -> Equations:
    operations = (
        Operation(Op.STATE, (), "v"),
        Operation(Op.INPUT, (), "x"),
        Operation(Op.PARAMETER, (), "leak"),
        Operation(Op.MULTIPLY, (0, 2)),
        Operation(Op.ADD, (3, 1)),
        Operation(op, (4,), REGISTERS[op]),
        Operation(Op.CONSTANT, (), 1.0),
        Operation(Op.SUBTRACT, (5, 6)),
        Operation(Op.SPIKE, (7,), True),
    )
    return Equations(f"{op.value}s", ("v",), ("x",), ("leak",), operations, (5,), 8)


@pytest.mark.parametrize("backend", ["torch", "auto"])
@pytest.mark.parametrize("op", REGISTERS)
def test_registers_are_what_torch_computes(op: Op, backend: str) -> None:
    module = Defined(_register(op), {"leak": 0.75}, {"v": 0.0}, backend=backend)
    samples = np.random.default_rng(5).integers(-6, 9, (30, 2, 3)).astype(np.float64)
    parameters = {"leak": np.array(0.75)}
    nodes = (g.Input("in", (3,)), g.Neuron("n", Edge("in"), module.equations, parameters))
    trace = pipeline.simulate(g.Graph(nodes, "n"), samples)
    with torch.no_grad():
        expected = module(torch.from_numpy(samples))
    assert 0 < trace.output.sum() < trace.output.size
    np.testing.assert_array_equal(trace.output, expected.numpy())
    np.testing.assert_allclose(trace["n"].v[-1], module.states["v"].numpy(), rtol=1e-12)
    assert np.unique(trace["n"].v).size > 3


@pytest.mark.parametrize("op", REGISTERS)
def test_registers_learn_in_torch_as_the_adjoint_says(op: Op) -> None:
    gradients = []
    for backend in ("torch", "auto"):
        module = Defined(
            _register(op), {"leak": 0.75}, {"v": 0.0}, backend=backend, learnable=("leak",)
        ).double()
        samples = torch.from_numpy(np.random.default_rng(5).normal(size=(6, 2, 3)) * 4)
        module(samples).sum().backward()
        gradients.append(module.leak.grad.clone())
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize("backend", ["torch", "auto"])
@pytest.mark.parametrize("op", [Op.GREATER, Op.GREATER_EQUAL])
def test_a_comparison_is_a_number(op: Op, backend: str) -> None:
    operations = (
        Operation(Op.STATE, (), "v"),
        Operation(Op.INPUT, (), "x"),
        Operation(Op.PARAMETER, (), "leak"),
        Operation(Op.MULTIPLY, (0, 2)),
        Operation(op, (1, 3)),
        Operation(Op.ADD, (3, 4)),
        Operation(Op.NEGATE, (4,)),
        Operation(Op.ADD, (5, 6)),
        Operation(Op.SUBTRACT, (5, 4)),
        Operation(Op.ADD, (5, 1)),
        Operation(op, (9, 2)),
    )
    compared = Equations("Compared", ("v",), ("x",), ("leak",), operations, (9,), 10)
    module = Defined(compared, {"leak": 0.75}, {"v": 0.0}, backend=backend)
    samples = np.random.default_rng(5).integers(-6, 9, (30, 2, 3)).astype(np.float64)
    neurons = g.Neuron("n", Edge("in"), compared, {"leak": np.array(0.75)})
    trace = pipeline.simulate(g.Graph((g.Input("in", (3,)), neurons), "n"), samples)
    with torch.no_grad():
        expected = module(torch.from_numpy(samples))
    assert 0 < trace.output.sum() < trace.output.size
    np.testing.assert_array_equal(trace.output, expected.numpy())


def test_neurons_without_a_drive_for_every_input_are_no_graph() -> None:
    module = _resonator(False)()
    neurons = g.Neuron("n", Edge("in"), module.equations, module.parameter_values)
    words = "n: resonator_step has 2 inputs, and 1 edges lead to it"
    with pytest.raises(ValidationError, match=words):
        g.Graph((g.Input("in", (3,)), neurons), "n")
    unlike = (g.Input("in", (3,)), g.Dense("two", Edge("in"), np.ones((2, 3))))
    both = g.Neuron("n", Edge("in"), module.equations, module.parameter_values, second=Edge("two"))
    with pytest.raises(ValidationError, match="n: is driven by values of unlike shapes"):
        g.Graph((*unlike, both), "n")
    wide = g.Neuron("n", Edge("in"), _register(Op.CLIP), {"leak": np.ones(4)})
    with pytest.raises(ValidationError, match=r"n.leak: \(4,\) does not fit the layer's \(3,\)"):
        g.Graph((g.Input("in", (3,)), wide), "n")
