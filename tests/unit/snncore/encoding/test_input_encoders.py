"""Encoders that are part of a network, in floats."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from snncore import encoding, functional, layer
from snncore.encoding.steps import StepRange, calibrated, rounded


def test_direct_passes_values_as_they_are_until_a_step_is_known() -> None:
    x = torch.rand(3, 2, 4)
    assert encoding.Direct()(x) is x
    coarse = encoding.Direct(4, exponent=-2, signed=False)
    assert torch.equal(
        coarse(torch.tensor([[[0.3, 0.49, 9.0, -1.0]]])), torch.tensor([[[0.25, 0.5, 3.75, 0.0]]])
    )


def test_a_calibrated_step_is_the_finest_that_holds_every_value() -> None:
    assert calibrated(torch.tensor([0.0, 0.99]), 8, None) == StepRange(-8, 0, 255)
    assert calibrated(torch.tensor([0.1, 1.0]), 8, None) == StepRange(-7, 0, 255)
    assert calibrated(torch.tensor([-0.5, 0.2]), 8, None) == StepRange(-7, -128, 127)
    assert calibrated(torch.tensor([3.0, 0.0]), 8, None) == StepRange(0, 0, 255), "counts stay"
    assert calibrated(torch.tensor([1000.0, 0.0]), 8, None) == StepRange(2, 0, 255)


@pytest.mark.parametrize(
    ("values", "words"), [([0.0, 0.0], "zero"), ([1.0, float("nan")], "NaN"), ([1e30, 0.5], "step")]
)
def test_no_step_follows_from_some_values(values: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        calibrated(torch.tensor(values), 8, None)


def test_the_gradient_passes_except_where_values_clip() -> None:
    x = torch.tensor([[0.1, 0.6, 5.0, -5.0]], requires_grad=True)
    rounded(x, StepRange(-1, -4, 3)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[2.0, 2.0, 0.0, 0.0]]


def test_the_steps_of_direct_are_rounded_once() -> None:
    x = encoding.direct(torch.rand(2, 3), 5)
    assert rounded(x, StepRange(-4, 0, 15)).stride(0) == 0


def test_a_learned_step_grows_where_values_clip_and_stays_a_power_of_two() -> None:
    net = encoding.Direct(3, signed=False, exponent=-4, learned=True)
    x = torch.rand(4, 8, 5) * 4
    optimizer = torch.optim.Adam(net.parameters(), 0.2)
    before = float((net(x) - x).detach().square().mean())
    for _ in range(60):
        optimizer.zero_grad()
        (net(x) - x).square().mean().backward()
        optimizer.step()
    assert net.exponent is not None
    assert net.exponent >= -1
    assert float((net(x) - x).detach().square().mean()) < before / 10
    units = net(x).detach() / 2.0**net.exponent
    assert torch.equal(units, units.round())


def test_direct_is_made_again_from_its_config() -> None:
    net = encoding.Direct(6, signed=True, exponent=-3, learned=True)
    assert encoding.Direct(**net.config()).config() == net.config()


@pytest.mark.parametrize("arguments", [{"bits": 1}, {"bits": 17}, {"bits": 8.0}, {"learned": True}])
def test_what_no_encoder_has_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Direct"):
        encoding.Direct(**arguments)


def fired(neurons: Any, values: torch.Tensor, steps: int) -> torch.Tensor:
    functional.reset(neurons)
    spikes: torch.Tensor = neurons(encoding.direct(values, steps)).detach()
    functional.reset(neurons)
    return spikes


def test_rates_are_the_values() -> None:
    values = torch.arange(17).reshape(1, 17) / 16
    assert torch.equal(fired(encoding.Rate(), values, 32).sum(0), 32 * values)


def test_a_larger_value_fires_earlier_and_each_fires_once() -> None:
    values = torch.tensor([[1.0, 0.5, 0.26, 0.125, 0.01]])
    spikes = fired(encoding.Latency(), values, 12)
    assert spikes.sum(0).tolist() == [[1, 1, 1, 1, 0]]
    assert spikes.argmax(0)[0, :4].tolist() == [0, 1, 3, 7]


def test_changes_are_sent_with_their_sign() -> None:
    steps = torch.tensor([0.0, 0.3, 0.6, 0.6, 0.2, -0.1]).reshape(6, 1, 1)
    delta = encoding.Delta(0.25)
    assert delta(steps).flatten().tolist() == [0, 1, 1, 0, -1, -1]


def test_they_learn() -> None:
    for make in (encoding.Rate, encoding.Latency, encoding.Delta):
        x = torch.rand(5, 2, 3, requires_grad=True)
        net = torch.nn.Sequential(encoding.Direct(), make(), layer.Linear(3, 2))
        net(x).sum().backward()
        assert x.grad is not None
        assert bool(x.grad.abs().sum() > 0)
