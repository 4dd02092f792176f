"""Narrow spikes, and layers that keep no states."""

import pytest
import torch

from snncore import neuron
from snncore.kernels import unpack
from tests.unit.snncore.neurons import drive

BACKENDS = ("torch", "cpp")


@pytest.mark.parametrize("backend", BACKENDS)
def test_narrow_spikes_are_the_same_spikes(backend: str) -> None:
    x = drive("LIF", 5, 2, 3, 7)
    spikes = neuron.LIF()(x)
    assert bool(spikes.any())
    as_bytes = neuron.LIF(output="uint8", backend=backend)(x)
    assert as_bytes.dtype == torch.uint8
    assert torch.equal(as_bytes.float(), spikes)
    bits = neuron.LIF(output="bits", backend=backend)(x)
    assert bits.shape == (5, 6)
    assert torch.equal(unpack(bits, (2, 3, 7)), spikes)
    bits[0, 0] ^= 1
    assert not torch.equal(unpack(bits, (2, 3, 7)), spikes)


def test_bits_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="unpack: "):
        unpack(torch.zeros((5, 6), dtype=torch.uint8), (2, 3, 10))


def test_narrow_spikes_carry_no_gradient() -> None:
    x = drive("LIF", 5, 2, 3).requires_grad_()
    with pytest.raises(ValueError, match=r"LIF\.output: 'uint8' carries no gradient"):
        neuron.LIF(output="uint8")(x)
    with torch.no_grad():
        assert bool(neuron.LIF(output="uint8")(x).any())


def test_what_is_no_spike_does_not_become_narrow() -> None:
    with pytest.raises(ValueError, match=r"LeakyIntegrator\.output: 'uint8'"):
        neuron.LeakyIntegrator(output="uint8")
    with pytest.raises(ValueError, match=r"IntegerLIF\.output: 'bits'"):
        neuron.IntegerLIF(output="bits")
    x = drive("IntegerLIF", 5, 2, 3)
    assert torch.equal(neuron.IntegerLIF(output="uint8")(x).float(), neuron.IntegerLIF()(x))


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_kept_states_every_input_starts_anew(backend: str) -> None:
    x = drive("Izhikevich", 5, 2, 3)
    module = neuron.Izhikevich(keep_states=False, backend=backend)
    first = module(x)
    assert module.states == {}
    assert torch.equal(module(x), first)
    assert torch.equal(first, neuron.Izhikevich()(x))
    again = type(module)(**module.config() | {"surrogate": module.surrogate})
    assert not again.keep_states
