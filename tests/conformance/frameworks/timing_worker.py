"""A worker that compares our networks of times with a framework's, in its own sandbox."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Return the largest differences of values and gradients, and how much fired."""
    sys.path += job["path"]
    torch = importlib.import_module("torch")
    timing = importlib.import_module("snncore.timing")
    encoding = importlib.import_module("spikingjelly.timing_based.encoding")
    neuron = importlib.import_module("spikingjelly.timing_based.neuron")
    torch.manual_seed(job["seed"])
    times = 30 * torch.rand(job["samples"], 12, dtype=torch.float64)
    exchange.progress("compare")
    return {
        "population": _population(torch, timing, encoding),
        "tempotron": _tempotron(torch, timing, neuron, times),
        "srm": _srm(torch, timing, neuron, times),
    }


def _events(torch: Any, times: Any) -> tuple[Any, Any, Any]:
    """Return times (N, I) as the peer takes them: events, inputs, and where samples end."""
    count, inputs = times.shape
    indices = torch.arange(inputs).repeat(count)
    return times.reshape(-1), indices, torch.arange(count + 1) * inputs


def _distance(torch: Any, own: Any, other: Any) -> float:
    """Return the largest difference; times that never come are equal to one another."""
    own, other = own.detach(), other.detach()
    if not torch.equal(own.isfinite(), other.isfinite()):
        return float("inf")
    both = own.isfinite()
    return float((own - other)[both].abs().max()) if bool(both.any()) else 0.0


def _population(torch: Any, timing: Any, encoding: Any) -> dict[str, float]:
    low = torch.tensor([-1.0, 0.0], dtype=torch.float64)
    high = torch.tensor([1.0, 3.0], dtype=torch.float64)
    values = low + (high - low) * torch.rand(9, 2, dtype=torch.float64)
    events, indices, offsets = encoding.GaussianTuning(2, 6, low, high)(values[..., None], 50.0)
    other = torch.full((9, 12), torch.inf, dtype=torch.float64)
    for sample in range(9):
        rows = slice(int(offsets[sample]), int(offsets[sample + 1]))
        other[sample, indices[rows]] = events[rows]
    own = timing.population(values, low, high, 6, 50.0).flatten(1)
    return {"values": _distance(torch, own, other), "fired": int(other.isfinite().sum())}


def _tempotron(torch: Any, timing: Any, neuron: Any, times: Any) -> dict[str, float]:
    own = timing.Tempotron(12, 8, duration=40.0).double()
    other = neuron.Tempotron(12, 8, 40.0).double()
    with torch.no_grad():
        own.weight.normal_(0.15, 0.6)
        other.weight.copy_(own.weight)
    mine, theirs = times.clone().requires_grad_(), times.clone().requires_grad_()
    peaks = own(mine)
    maxima, moments, spikes = other(*_events(torch, theirs))
    fired = peaks.spike.isfinite()
    signs = torch.linspace(-1, 2, peaks.voltage.numel(), dtype=torch.float64)
    signs = signs.reshape(peaks.voltage.shape)
    for voltage, spike in ((peaks.voltage, peaks.spike), (maxima, spikes)):
        (voltage * signs + torch.where(fired, spike, 0) * signs).sum().backward()
    return {
        "values": _distance(torch, peaks.voltage, maxima),
        "times": _distance(torch, peaks.time, moments),
        "spikes": _distance(torch, peaks.spike, spikes),
        "weight gradient": _distance(torch, own.weight.grad, other.weight.grad),
        "time gradient": _distance(torch, mine.grad, theirs.grad),
        "fired": int(fired.sum()),
    }


def _srm(torch: Any, timing: Any, neuron: Any, times: Any) -> dict[str, float]:
    own = timing.SRM(12, 8, kernel="ramp", spikes=32, duration=40.0).double()
    other = neuron.SRM(12, 8, 40.0).double()
    with torch.no_grad():
        own.weight.normal_(0.01, 0.04)
        other.weight.copy_(own.weight)
    mine, theirs = times.clone().requires_grad_(), times.clone().requires_grad_()
    spikes = own(mine)
    events, indices, offsets = other(*_events(torch, theirs))
    dense = torch.full_like(spikes.detach(), torch.inf)
    for sample in range(len(times)):
        for index in range(int(offsets[sample]), int(offsets[sample + 1])):
            row = dense[sample, indices[index]]
            row[int(row.isfinite().sum())] = events[index].detach()
    torch.where(spikes.isfinite(), spikes, 0).sum().backward()
    events.sum().backward()
    return {
        "values": _distance(torch, spikes, dense),
        "weight gradient": _distance(torch, own.weight.grad, other.weight.grad),
        "time gradient": _distance(torch, mine.grad, theirs.grad),
        "fired": int(spikes.isfinite().sum()),
    }
