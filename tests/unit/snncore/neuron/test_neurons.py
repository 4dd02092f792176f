"""Neurons as modules: their equations, their states until a reset, and both step modes."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from snncore import functional, neuron, surrogate
from snncore.dynamics import evaluate
from tests.unit.snncore.dynamics.test_words import FLOATS

Make = Callable[..., neuron.Neuron]
NEURONS: dict[str, Make] = {
    "IF": lambda **o: neuron.IF(0.9, **o),
    "IF soft": lambda **o: neuron.IF(0.9, reset="soft", **o),
    "IF without reset": lambda **o: neuron.IF(0.9, reset="none", **o),
    "LIF": lambda **o: neuron.LIF(1.7, 0.4, **o),
    "LIF beside the leak": lambda **o: neuron.LIF(3.0, 1.1, decay_input=False, **o),
    "LIF soft": lambda **o: neuron.LIF(1.3, 0.4, reset="soft", **o),
    "CubaLIF": lambda **o: neuron.CubaLIF(
        0.8, current_decay=0.3, voltage_decay=0.6, bias=0.05, **o
    ),
}
every_neuron = pytest.mark.parametrize("make", NEURONS.values(), ids=NEURONS)


def drive(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@every_neuron
def test_a_sequence_is_its_equations_step_by_step(make: Make) -> None:
    module, x = make(), drive(12, 1, 3)
    spikes = module(x)
    parameters = module.parameter_values
    for index in range(3):
        states = dict.fromkeys(module.equations.states, 0.0)
        for step in range(12):
            states, fired = evaluate(
                module.equations, FLOATS, states, {"x": float(x[step, 0, index])}, parameters
            )
            assert float(spikes[step, 0, index]) == fired
        for name, value in states.items():
            assert float(module.states[name][0, index]) == pytest.approx(value, abs=1e-12)
    assert 0 < spikes.sum() < spikes.numel()


@every_neuron
def test_steps_one_by_one_are_the_sequence(make: Make) -> None:
    many, single, x = make(), make(step_mode="s"), drive(9, 2, 3, 2, 2)
    assert torch.equal(many(x), torch.stack([single(step) for step in x]))
    for name, value in many.states.items():
        assert torch.equal(value, single.states[name])
    assert many.input_shape == single.input_shape == (3, 2, 2)


@every_neuron
def test_states_last_until_the_reset(make: Make) -> None:
    module, x = make(), drive(10, 2, 40)
    whole = module(x)
    module.reset()
    assert module.states == {}
    parts = torch.cat([module(x[:4]), module(x[4:])])
    assert torch.equal(parts, whole)
    assert not torch.equal(module(x), whole)


def test_a_reset_and_a_detach_reach_every_neuron_of_a_network() -> None:
    inner = nn.Sequential(neuron.LIF(), nn.Identity(), neuron.IF())
    network = nn.Sequential(inner, neuron.CubaLIF())
    x = drive(4, 1, 2).requires_grad_()
    network(x)
    modules = [m for m in network.modules() if isinstance(m, neuron.Neuron)]
    assert len(modules) == 3
    assert modules[0].states["v"].requires_grad
    functional.detach(network)
    assert all(not v.requires_grad for m in modules for v in m.states.values())
    assert all(m.states for m in modules)
    functional.reset(network)
    assert not any(m.states for m in modules)


def test_a_state_of_another_batch_says_how_to_go_on() -> None:
    module = neuron.LIF()
    module(drive(2, 4, 3))
    with pytest.raises(ValueError, match=r"LIF\.v: .*\(4, 3\).*\(5, 3\).*functional\.reset"):
        module(drive(2, 5, 3))


@pytest.mark.parametrize(
    ("mode", "shape", "words"),
    [("m", (4, 3), r"takes \(T, N, ...\)"), ("s", (3,), r"takes \(N, ...\)"), ("m", (0, 2, 3), "")],
)
def test_an_input_without_its_axes_is_refused(
    mode: str, shape: tuple[int, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=f"LIF: {words}"):
        neuron.LIF(step_mode=mode)(torch.zeros(shape))


@every_neuron
def test_a_copy_goes_on_where_the_neuron_is(make: Make) -> None:
    module, x = make(), drive(6, 2, 3)
    module(x.clone().requires_grad_())
    twin = copy.deepcopy(module)
    assert torch.equal(module(x), twin(x))
    twin.reset()
    assert module.states


@every_neuron
def test_a_config_makes_an_equal_module(make: Make) -> None:
    module = make(surrogate=surrogate.Triangle(0.5), step_mode="s")
    config: dict[str, Any] = module.config()
    described = config.pop("surrogate")
    assert described == {"type": "Triangle", "alpha": 0.5}
    again = type(module)(surrogate=surrogate.Triangle(0.5), **config)
    assert again.config() == module.config()
    x = drive(3, 5, 2)
    for step in x:
        assert torch.equal(module(step), again(step))
    assert "step_mode='s'" in repr(module)


def test_gradients_reach_back_through_time() -> None:
    x = drive(8, 1, 3).requires_grad_()
    neuron.LIF(2.0, 50.0, detach_reset=True)(x)[-1].sum().backward()
    assert x.grad is not None
    assert bool((x.grad > 0).all())
    # The charge halves each step, and the surrogate is nearly flat so far from the threshold.
    ratios = x.grad[1:] / x.grad[:-1]
    assert torch.allclose(ratios, torch.full_like(ratios, 2.0), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: neuron.LIF(0.5), "LIF.tau: 0.5"),
        (lambda: neuron.LIF(float("nan")), "LIF.tau"),
        (lambda: neuron.IF(float("nan")), "IF.threshold: the value is NaN"),
        (lambda: neuron.CubaLIF(current_decay=1.5), "CubaLIF.current_decay: 1.5"),
        (lambda: neuron.CubaLIF(voltage_decay=-0.1), "CubaLIF.voltage_decay: -0.1"),
        (lambda: neuron.IF(reset="sometimes"), "sometimes"),
        (lambda: neuron.IF(step_mode="x"), "'x'"),
        (
            lambda: neuron.IF(backend="abacus"),
            "IF: no backend 'abacus'; there are auto, cpp, ",
        ),
    ],
)
def test_a_wrong_option_is_named(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
