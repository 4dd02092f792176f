"""The Tempotron's peaks against a fine grid, its gradients, and the paper's rule."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from snncore.timing import Tempotron, tempotron_loss

INPUTS, OUTPUTS, DURATION = 9, 6, 30.0


def neurons_of(drive: float) -> Tempotron:
    """Return neurons in double precision, driven so strongly."""
    torch.manual_seed(4)
    neurons = Tempotron(INPUTS, OUTPUTS, duration=DURATION).double()
    with torch.no_grad():
        neurons.weight.normal_(0.1, 1.0).mul_(drive)
    return neurons


def inputs() -> Tensor:
    """Return times of which one never comes and one is too late."""
    generator = torch.Generator().manual_seed(6)
    times = 25 * torch.rand(4, INPUTS, generator=generator, dtype=torch.float64)
    times[0, 2], times[1, 3] = torch.inf, 31.0
    return times


def voltages(neurons: Tempotron, times: Tensor, clock: Tensor, until: Tensor) -> Tensor:
    """Return V (clock, out) of a sample whose inputs after `until` (out,) are shunted."""
    norm = float(neurons.kernel.response(torch.tensor(_peak(neurons), dtype=torch.float64)))
    since = clock[:, None] - times
    counts = (since > 0) & (times <= DURATION)
    response = torch.where(counts, neurons.kernel.response(since.clamp(min=0, max=999)), 0) / norm
    weight = torch.where(times[None] < until[:, None], neurons.weight.detach(), 0)
    return response @ weight.t()


def _peak(neurons: Tempotron) -> float:
    tau, tau_s = neurons.kernel.tau_mem, neurons.kernel.tau_syn
    return float(torch.log(torch.tensor(tau / tau_s))) * tau * tau_s / (tau - tau_s)


@pytest.mark.parametrize("drive", [0.1, 1.0])
def test_peaks_are_those_of_a_fine_grid(drive: float) -> None:
    neurons, times = neurons_of(drive), inputs()
    with torch.no_grad():
        peaks = neurons(times)
    clock = torch.linspace(0, DURATION, 30_001, dtype=torch.float64)
    fired = 0
    for sample, row in enumerate(times):
        free = voltages(neurons, row, clock, torch.full((OUTPUTS,), torch.inf).double())
        above = free >= neurons.threshold
        spikes = torch.where(above.any(0), clock[above.to(torch.uint8).argmax(0)], torch.inf)
        fired += int(above.any(0).sum())
        torch.testing.assert_close(peaks.spike[sample], spikes, rtol=0, atol=2e-3)
        shunted = voltages(neurons, row, clock, spikes)
        largest = shunted.max(0).values.clamp(min=0)
        torch.testing.assert_close(peaks.voltage[sample], largest, rtol=0, atol=1e-3)
    assert (fired > 5) == (drive == 1.0)


@pytest.mark.parametrize("drive", [0.1, 1.0])
def test_gradients_are_those_of_differences(drive: float) -> None:
    neurons, times = neurons_of(drive), inputs().requires_grad_()
    peaks = neurons(times)
    real = peaks.spike.isfinite()
    assert bool(real.any()) == (drive == 1.0)
    (torch.where(real, peaks.spike, 0).sum() + 3 * peaks.voltage.sum()).backward()
    assert times.grad is not None
    assert neurons.weight.grad is not None

    @torch.no_grad()
    def value(times: Tensor, change: Tensor) -> Tensor:
        other = copy.deepcopy(neurons)
        other.weight.add_(change)
        shifted = other(times)
        return torch.where(real, shifted.spike, 0).sum() + 3 * shifted.voltage.sum()

    h, none = 1e-6, torch.zeros_like(neurons.weight)
    for index in (0, 4, 8):
        change = torch.zeros_like(times)
        change[2, index] = h
        numeric = float(value(times + change, none) - value(times - change, none)) / (2 * h)
        assert float(times.grad[2, index]) == pytest.approx(numeric, rel=1e-4, abs=1e-6)
        change = torch.zeros_like(none)
        change[index % OUTPUTS, index] = h
        numeric = float(value(times, change) - value(times, -change)) / (2 * h)
        own = float(neurons.weight.grad[index % OUTPUTS, index])
        assert own == pytest.approx(numeric, rel=1e-4, abs=1e-6)


def test_a_step_of_descent_is_the_papers_rule() -> None:
    neurons, times = neurons_of(1.0), inputs()
    target = (torch.arange(4 * OUTPUTS).reshape(4, OUTPUTS) % 3 == 0).double()
    peaks = neurons(times)
    tempotron_loss(peaks.voltage, target).backward()
    norm = float(neurons.kernel.response(torch.tensor(_peak(neurons), dtype=torch.float64)))
    rule = torch.zeros_like(neurons.weight)
    for n in range(4):
        for o in range(OUTPUTS):
            above = float(peaks.voltage[n, o].detach()) >= neurons.threshold
            sign = float(target[n, o]) - float(above)
            for i in range(INPUTS):
                since = peaks.time[n, o].detach() - times[n, i]
                if since > 0 and times[n, i] < peaks.spike[n, o].detach():
                    rule[o, i] += sign * neurons.kernel.response(since) / norm / 4
    assert neurons.weight.grad is not None
    torch.testing.assert_close(-neurons.weight.grad, rule.detach(), rtol=1e-9, atol=1e-9)
    assert bool(rule.any())


def test_it_learns_to_tell_two_patterns() -> None:
    torch.manual_seed(0)
    neurons = Tempotron(INPUTS, 1, duration=DURATION)
    times = 25 * torch.rand(8, INPUTS)
    target = (torch.arange(8) < 4).float()[:, None]
    optimizer = torch.optim.SGD(neurons.parameters(), 0.3, momentum=0.5)
    for _ in range(60):
        loss = tempotron_loss(neurons(times).voltage, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.equal(neurons(times).spike.isfinite(), target > 0)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="duration 0"):
        Tempotron(1, 1, duration=0)
    with pytest.raises(ValueError, match="a target of 0 or 1 for each"):
        tempotron_loss(torch.zeros(2, 3), torch.zeros(2))
