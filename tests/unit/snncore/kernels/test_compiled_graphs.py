"""Layers as one operator of torch: in compiled graphs, with shapes, gradients and names."""

from typing import Any

import pytest
import torch

from snncore import functional, neuron, surrogate
from snncore.kernels import prepared
from tests.unit.snncore.neurons import NEURONS, drive

COMPILED = ("LIF-hard", "ParametricLIF-soft", "AdaptiveLIF-none", "Izhikevich", "IntegerLIF")


@pytest.fixture(autouse=True)
def fresh() -> None:
    torch._dynamo.reset()


def trained(network: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = x.clone().requires_grad_()
    spikes = network(x)
    spikes.sum().backward()
    assert x.grad is not None
    return spikes.detach(), x.grad


@pytest.mark.parametrize("backend", ["torch", "cpp"])
def test_a_compiled_layer_is_the_eager_one(backend: str, full: bool) -> None:
    for name in NEURONS if full else COMPILED:
        torch._dynamo.reset()
        compare(name, backend)


def compare(name: str, backend: str) -> None:
    x = drive(name, 6, 2, 5)
    module = NEURONS[name](backend=backend)
    spikes, gradient = trained(module, x)
    states = {key: value.detach() for key, value in module.states.items()}
    functional.reset(module)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    fired, computed = trained(compiled, x)
    assert bool(spikes.any())
    assert torch.equal(spikes, fired)
    torch.testing.assert_close(computed, gradient, rtol=1e-6, atol=1e-6)
    for key, value in states.items():
        assert torch.equal(module.states[key], value)


def test_states_go_on_between_compiled_calls() -> None:
    x = drive("LIF", 8, 2, 5)
    whole, module = neuron.LIF(), neuron.LIF()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    parts = torch.cat([compiled(x[:4]), compiled(x[4:])])
    assert torch.equal(parts, whole(x))
    assert torch.equal(module.states["v"], whole.states["v"])


def test_a_compiled_layer_sees_a_changed_number() -> None:
    x = drive("LIF", 6, 2, 5)
    module = neuron.LIF(keep_states=False)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    compiled(x)
    module.threshold = 0.3
    assert torch.equal(compiled(x), neuron.LIF(threshold=0.3)(x))


@pytest.mark.parametrize("backend", ["torch", "cpp"])
@pytest.mark.parametrize("output", ["input", "bits"])
def test_the_operator_keeps_what_it_promises(backend: str, output: str) -> None:
    options = {"backend": backend, "output": output}
    module = neuron.ParametricLIF(torch.tensor(0.1), **options, learnable=())
    work = module._work(torch.device("cpu"), torch.float32)
    x = drive("ParametricLIF", 4, 2, 3).requires_grad_(output == "input")
    w = torch.tensor(0.1, requires_grad=output == "input")
    arguments = (prepared(backend, work), [x], [], [w])
    torch.library.opcheck(torch.ops.snncore.sequence, arguments)


def test_a_loop_is_named_by_what_it_computes() -> None:
    def named(module: neuron.EquationNeuron) -> str:
        return prepared("torch", module._work(torch.device("cpu"), torch.float32))

    first = named(neuron.LIF())
    assert first == named(neuron.LIF())
    others = [
        named(neuron.LIF(3.0)),
        named(neuron.LIF(reset="soft")),
        named(neuron.LIF(surrogate=surrogate.Sigmoid())),
        named(neuron.LIF(surrogate=surrogate.ATan(3.0))),
        named(neuron.LIF(output="uint8")),
        named(neuron.LIF(keep_states=False)),
    ]
    assert len({first, *others}) == 7


def test_the_mark_of_a_constant_is_torchs_own() -> None:
    # Read from torch, which may rename it: a loop's name would be traced instead of kept.
    def function() -> None: ...

    marked = torch.compiler.assume_constant_result(function)
    assert vars(marked)
    assert vars(neuron.EquationNeuron._loop) == vars(marked)
