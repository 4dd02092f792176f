"""Neurons that fire once, step by step: as exact as their times, and on chips."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from snncore import functional, timing

STEPS, DT = 40, 0.125


def network(tau_mem: float) -> nn.Sequential:
    """Return a chain of two layers."""
    torch.manual_seed(0)
    return nn.Sequential(
        timing.FirstSpike(20, 12, tau_mem=tau_mem), timing.FirstSpike(12, 4, tau_mem=tau_mem)
    )


def times_on_grid(count: int = 6) -> torch.Tensor:
    """Return times that are whole steps."""
    return torch.randint(0, 16, (count, 20), generator=torch.Generator().manual_seed(2)) * DT


@pytest.mark.parametrize("tau_mem", [1.0, 2.0])
@pytest.mark.parametrize("backend", ["torch", "cpp"])
def test_a_step_is_the_first_at_or_after_the_time(tau_mem: float, backend: str) -> None:
    first = network(tau_mem)[0].double()
    stepped = timing.stepped(first, DT)
    functional.set_backend(stepped, backend)
    times = times_on_grid().double()
    exact = first(times)
    steps = stepped(timing.to_train(times, STEPS, DT)).detach()
    expected = torch.where(exact.isfinite(), torch.ceil(exact / DT), STEPS).clamp(max=STEPS)
    assert int(exact.isfinite().sum()) > 20
    # Closer to a step than rounding, or a peak between two steps.
    assert int((steps != expected).sum()) <= 2


def test_each_neuron_fires_at_most_once_until_the_reset() -> None:
    stepped = timing.stepped(network(2.0), DT)
    train = timing.to_train(times_on_grid().float(), STEPS, DT)
    spikes = stepped.layers(train)
    assert int(spikes.sum(0).max()) == 1
    assert not bool(stepped.layers(train).any() & (spikes.sum(0) == 1).all())
    functional.reset(stepped)
    assert torch.equal(stepped.layers(train), spikes)


def test_it_is_saved_exported_and_verified(tmp_path: Path) -> None:
    stepped = timing.stepped(network(2.0), DT).eval()
    train = timing.to_train(times_on_grid().float(), STEPS, DT)
    nd.save(stepped, tmp_path / "model.pt", example=train)
    functional.reset(stepped)
    steps = stepped(train)
    assert torch.equal(nd.load(tmp_path / "model.pt")(train), steps)
    for target in ("onnx", "c"):
        functional.reset(stepped)
        prepared = quant.prepare(stepped, target=target, example=train)
        trace = nd.simulate(nd.lower(prepared, example=train, target=target), train)
        counts = trace["layers.spikes1"].s.sum(0)
        assert int(counts.max()) == 1
        functional.reset(prepared)
        artifact = nd.export(prepared, target=target, path=tmp_path / target, example=train)
        report = nd.verify(artifact, model=prepared, samples=train, simulator="none")
        assert report.equal, report.to_text()


def test_chips_without_such_neurons_refuse_them() -> None:
    train = timing.to_train(times_on_grid().float(), STEPS, DT)
    with pytest.raises(ValueError, match="OneSpike"):
        quant.prepare(timing.stepped(network(2.0), DT), target="loihi", example=train)


def test_other_layers_are_refused() -> None:
    with pytest.raises(ValueError, match="layer 2 is a Linear"):
        timing.stepped(nn.Sequential(network(1.0)[0], nn.Linear(12, 4)), DT)
    with pytest.raises(ValueError, match="dt is 0"):
        timing.stepped(network(1.0), 0)
