"""Encoders against closed forms, and decoders that undo them."""

from typing import Any

import pytest
import torch

from snncore import decoding, encoding

VALUES = torch.rand(40, 3, generator=torch.Generator().manual_seed(1))


def test_rate_has_a_bernoulli_trials_mean_and_variance() -> None:
    p, steps = torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0]).repeat(2000, 1), 50
    counts = encoding.rate(p, steps, seed=3).sum(0)
    mean, variance = counts.mean(0), counts.var(0)
    assert torch.allclose(mean, steps * p[0], atol=4 * (50 * 0.25 / 2000) ** 0.5)
    assert torch.allclose(variance, steps * p[0] * (1 - p[0]), rtol=0.15)


def test_poisson_counts_have_equal_mean_and_variance() -> None:
    rates = torch.tensor([0.0, 0.3, 2.0]).repeat(20_000, 1)
    counts = encoding.poisson(rates, 1, seed=3)[0]
    assert torch.allclose(counts.mean(0), rates[0], atol=0.04)
    assert torch.allclose(counts.var(0), rates[0], rtol=0.05)


@pytest.mark.parametrize("encode", [encoding.rate, encoding.poisson])
def test_a_seed_draws_the_same_spikes_and_leaves_the_global_generator_alone(encode: Any) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    first = encode(VALUES, 9, seed=5)
    assert torch.equal(first, encode(VALUES, 9, seed=5))
    assert not torch.equal(first, encode(VALUES, 9, seed=6))
    assert torch.equal(torch.rand(1), expected)
    # Without one, the global generator draws.
    assert not torch.equal(encode(VALUES, 9), encode(VALUES, 9))


def test_latency_is_linear_or_logarithmic() -> None:
    x = torch.tensor([0.0, 0.25, 0.5, 1.0])
    linear = encoding.latency(x, 9)
    assert linear.sum(0).tolist() == [1, 1, 1, 1]
    assert decoding.first_spike(linear).tolist() == [8, 6, 4, 0]
    steps = 11
    times = decoding.first_spike(encoding.latency(x, steps, logarithmic=True))
    factor = torch.exp(torch.tensor(steps - 1.0)) - 1
    assert torch.equal(times, ((steps - 1) - torch.log(factor * x + 1)).round())
    # The exponential of many steps is beyond every float.
    far = decoding.first_spike(encoding.latency(x, 2000, logarithmic=True))
    assert far.tolist() == [1999, 1, 1, 0]


def test_phases_are_binary_digits() -> None:
    spikes = encoding.phase(torch.tensor([0.0, 0.5, 0.8125, 1.0]), 4)
    assert spikes.T.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 1], [1, 1, 1, 1]]
    error = VALUES - decoding.phase(encoding.phase(VALUES, 8))
    assert error.min() >= 0
    assert error.max() < 2**-8


def test_a_population_fires_by_gaussian_tuning() -> None:
    steps, neurons = 21, 7
    spikes = encoding.population(VALUES, steps, neurons, sharpness=2.0)
    assert spikes.shape == (steps, 40, 3, neurons)
    unit = 1 / (neurons - 2)
    centres = (2 * torch.arange(neurons) - 1) / 2 * unit
    response = torch.exp(-(((VALUES.unsqueeze(-1) - centres) / (unit / 2)) ** 2) / 2)
    times = ((steps - 1) * (1 - response)).round()
    fires = times < steps - 1
    assert torch.equal(spikes.sum(0) == 1, fires)
    assert torch.equal(decoding.first_spike(spikes)[fires], times[fires])
    # The neuron whose centre is nearest is the first.
    nearest = (VALUES.unsqueeze(-1) - centres).abs().argmin(-1)
    first = decoding.first_spike(spikes)
    assert torch.equal(first.gather(-1, nearest.unsqueeze(-1))[..., 0], first.amin(-1))


def test_direct_repeats() -> None:
    assert torch.equal(encoding.direct(VALUES, 4), VALUES.repeat(4, 1, 1))


def test_decoders() -> None:
    spikes = torch.tensor([[0.0, 1, 0], [1, 0, 0], [1, 1, 0]]).unsqueeze(1)
    assert decoding.count(spikes).tolist() == [[2, 2, 0]]
    assert torch.allclose(decoding.rate(spikes), torch.tensor([[2 / 3, 2 / 3, 0]]))
    assert torch.equal(decoding.rate(spikes, skip=1), spikes[1:].mean(0))
    for skip in (-1, 3):
        with pytest.raises(ValueError, match=f"skips {skip} of 3 steps"):
            decoding.rate(spikes, skip=skip)
    assert decoding.first_spike(spikes).tolist() == [[1, 0, 3]]
    values = torch.tensor([1.0, 3.0, 2.0]).reshape(3, 1, 1)
    assert decoding.last_value(values).item() == 2
    assert decoding.largest_value(values).item() == 3


def test_the_first_spike_learns_to_come_earlier() -> None:
    spikes = torch.tensor([0.0, 0.0, 1.0]).reshape(3, 1, 1).requires_grad_()
    decoding.first_spike(spikes).sum().backward()
    assert spikes.grad is not None
    # Each spike before it would save the steps up to it; taking it away would cost one.
    assert spikes.grad.flatten().tolist() == [-2, -1, -1]


@pytest.mark.parametrize("name", ["rate", "latency", "phase"])
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_values_beyond_0_to_1_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"encoding.{name}: values must lie in"):
        getattr(encoding, name)(torch.tensor([value]), 4)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        encoding.poisson(torch.tensor([-1.0]), 3)
    with pytest.raises(ValueError, match="takes 3 neurons or more"):
        encoding.population(VALUES, 4, 2)
    for encode in (encoding.rate, encoding.poisson, encoding.latency, encoding.direct):
        with pytest.raises(ValueError, match="0 steps"):
            encode(VALUES, 0)
