"""A chip neuron's short way: what it looked up once must still hold."""

import copy
from collections.abc import Callable

import pytest
import torch

import quant
from snncore import functional, surrogate

STEPS, CHANNELS = 6, 5


def inputs(gain: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(STEPS, 4, CHANNELS, 3, 3, generator=generator) * gain
    # Parts of a sequence have the same largest value, and so the same bounds.
    x[::2, 0, 0, 0, 0] = x.abs().max()
    return (x * 64).round() / 64


def neurons(backend: str = "cpp") -> quant.LIF:
    return quant.LIF(0.25, 0.5, exponent=-6, format="int8", backend=backend)


CHANGES: dict[str, Callable[[quant.LIF], object]] = {
    "a threshold": lambda module: setattr(module, "threshold", 0.25),
    "a decay": lambda module: setattr(module, "decay", 0.75),
    "a unit": lambda module: setattr(module, "exponent", -5),
    "a surrogate": lambda module: setattr(module, "surrogate", surrogate.Sigmoid(4.0)),
    "nothing": lambda module: None,
}


def trained(module: quant.LIF, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    functional.detach(module)
    leaf = x.clone().requires_grad_()
    spikes = torch.cat([module(leaf[:2]), module(leaf[2:])])
    (spikes * torch.linspace(-1, 1.3, spikes.numel()).reshape(spikes.shape)).sum().backward()
    assert leaf.grad is not None
    return spikes.detach(), leaf.grad


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("gain", [1.0, 300.0])
def test_later_calls_are_the_eager_loop(change: Callable[[quant.LIF], object], gain: float) -> None:
    fast, eager = neurons(), neurons("torch")
    trained(fast, inputs())
    assert fast._at_once is not None
    functional.reset(fast)
    for module in (fast, eager):
        change(module)
    # Twice, so that the short way is taken after the change as well.
    for _ in range(2):
        spikes, gradient = trained(fast, inputs(gain))
        wanted, expected = trained(eager, inputs(gain))
        assert torch.equal(spikes, wanted)
        assert bool(wanted.any())
        assert torch.allclose(gradient, expected, rtol=1e-5, atol=1e-7)
        for state, value in eager.states.items():
            assert torch.equal(fast.states[state], value)


def test_states_of_another_shape_are_refused() -> None:
    module = neurons()
    for _ in range(2):
        module(inputs())
    with pytest.raises(ValueError, match=r"call functional\.reset between samples"):
        module(inputs()[:, :2])


def test_a_copy_looks_up_its_own() -> None:
    module = neurons()
    wanted, _ = trained(module, inputs())
    functional.reset(module)
    other = copy.deepcopy(module)
    assert other._at_once is None
    assert torch.equal(trained(other, inputs())[0], wanted)
