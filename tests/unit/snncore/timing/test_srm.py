"""The spike response model against a simulation of its formula, and its gradients."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

from snncore.timing import SRM, to_train

Options = dict[str, Any]
KERNELS: tuple[Options, ...] = (
    {"kernel": "leaky"},
    {"kernel": "leaky", "tau_mem": 2.0},
    {"kernel": "ramp"},
)


def neurons_of(options: Options, spikes: int = 4) -> SRM:
    """Return neurons in double precision that fire several times."""
    torch.manual_seed(2)
    neurons = SRM(12, 5, spikes=spikes, duration=4.0, drop=0.8, **options).double()
    with torch.no_grad():
        neurons.weight.mul_(5.0 if options["kernel"] == "leaky" else 0.6)
    return neurons


def inputs() -> Tensor:
    """Return times of which one never comes."""
    times = 2 * torch.rand(3, 12, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    times[0, 3] = torch.inf
    return times


def simulated(neurons: SRM, times: Tensor, dt: float) -> list[list[list[float]]]:
    """Return the spikes of u(t) = sum of w response - drop * sum of fade, on a fine grid."""
    kernel, trains = neurons.kernel, []
    clock = torch.arange(0, neurons.duration, dt, dtype=torch.float64)
    for row in times:
        since = clock[:, None] - row
        response = torch.where(since > 0, kernel.response(since.clamp(min=0, max=99)), 0)
        drive = response @ neurons.weight.detach().t()
        trains.append([])
        for neuron in range(neurons.out_features):
            level, spikes = drive[:, neuron].clone(), []
            for step in range(len(clock)):
                if float(level[step]) >= neurons.threshold and len(spikes) < neurons.spikes:
                    spikes.append(float(clock[step]))
                    level[step:] -= neurons.drop * kernel.fade(clock[: len(clock) - step])
            trains[-1].append(spikes)
    return trains


@pytest.mark.parametrize("options", KERNELS)
def test_spikes_are_those_of_the_formula(options: Options) -> None:
    neurons, times = neurons_of(options), inputs()
    exact = neurons(times).detach()
    reference = simulated(neurons, times, 2e-3)
    several = 0
    for own_row, row in zip(exact, reference, strict=True):
        for own, spikes in zip(own_row, row, strict=True):
            fired = own[own.isfinite()].tolist()
            assert len(fired) == len(spikes)
            several += len(fired) > 1
            assert fired == pytest.approx(spikes, abs=2e-2)
    assert several > 3


@pytest.mark.parametrize("options", KERNELS)
def test_gradients_are_those_of_differences(options: Options) -> None:
    neurons, times = neurons_of(options), inputs().requires_grad_()
    spikes = neurons(times)
    fired = spikes.isfinite()
    torch.where(fired, spikes, 0)[..., 1:].sum().backward()
    assert times.grad is not None
    assert neurons.weight.grad is not None

    @torch.no_grad()
    def value(times: Tensor, change: Tensor) -> Tensor:
        other = copy.deepcopy(neurons)
        other.weight.add_(change)
        return torch.where(fired, other(times), 0)[..., 1:].sum()

    h, none = 1e-6, torch.zeros_like(neurons.weight)
    for index in (0, 4, 11):
        change = torch.zeros_like(times)
        change[1, index] = h
        numeric = value(times + change, none) - value(times - change, none)
        assert float(times.grad[1, index]) == pytest.approx(float(numeric) / (2 * h), rel=1e-4)
        change = torch.zeros_like(none)
        change[index % 5, index] = h
        numeric = value(times, change) - value(times, -change)
        own = float(neurons.weight.grad[index % 5, index])
        assert own == pytest.approx(float(numeric) / (2 * h), rel=1e-4, abs=1e-6)


def test_times_become_counts_a_step() -> None:
    spikes = neurons_of(KERNELS[1]).float()(inputs().float())
    train = to_train(spikes, 5, 1.0).sum(-1)
    assert train.shape == (5, 3, 5)
    assert int(train.sum()) == int(spikes.isfinite().sum()) > 0


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="leaky, ramp"):
        SRM(1, 1, kernel="cubic")
    with pytest.raises(ValueError, match="one or more"):
        SRM(1, 1, spikes=0)
