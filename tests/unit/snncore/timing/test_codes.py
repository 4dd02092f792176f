"""Codes by times, there and back, and losses on times."""

from __future__ import annotations

import pytest
import torch

from snncore import timing


def test_latency_and_back() -> None:
    values = torch.tensor([[0.0, 0.25, 1.0]], dtype=torch.float64)
    times = timing.latency(values, 2.0)
    assert times.tolist() == [[torch.inf, 1.5, 0.0]]
    assert timing.latency(values, 2.0, silent=None).tolist() == [[2.0, 1.5, 0.0]]
    assert timing.from_latency(times, 2.0).tolist() == values.tolist()
    assert timing.from_latency(torch.tensor([3.0]), 2.0).tolist() == [0.0]


def test_trains_and_back() -> None:
    times = torch.tensor([[0.0, 0.2, 1.4, torch.inf, 9.0]])
    train = timing.to_train(times, 6, 0.5)
    assert train.shape == (6, 1, 5)
    assert train.sum(0).tolist() == [[1, 1, 1, 0, 0]]
    assert timing.from_train(train, 0.5).tolist() == [[0.0, 0.0, 1.5, torch.inf, torch.inf]]
    assert timing.from_train(train.bool(), 0.5).tolist() == timing.from_train(train, 0.5).tolist()
    on_grid = torch.arange(6)[:, None] * 0.25
    assert torch.equal(timing.from_train(timing.to_train(on_grid, 6, 0.25), 0.25), on_grid)


def test_population_is_its_formula() -> None:
    values = torch.tensor([[-1.0, 0.3]], dtype=torch.float64)
    low, high = torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 2.0])
    times = timing.population(values, low, high, 5, 50.0)
    for feature, (value, start, end) in enumerate(((-1.0, -1.0, 1.0), (0.3, 0.0, 2.0))):
        for field in range(1, 6):
            centre = start + (2 * field - 3) / 2 * (end - start) / 3
            deviation = (end - start) / 4.5
            response = torch.exp(torch.tensor(-((value - centre) ** 2) / (2 * deviation**2)))
            own = float(times[0, feature, field - 1])
            assert own == pytest.approx(50 * (1 - float(response)), abs=1e-4)


def test_cross_entropy_is_its_formula() -> None:
    times = torch.tensor([[0.5, 1.0, torch.inf], [2.0, 0.1, 0.4]], dtype=torch.float64)
    labels = torch.tensor([0, 2])
    shares = torch.exp(-torch.tensor([[0.5, 1.0, 3.0], [2.0, 0.1, 0.4]]).double() / 0.2)
    own = shares[[0, 1], labels] / shares.sum(1)
    late = torch.expm1(torch.tensor([0.5, 0.4]).double() / 0.2).mean()
    value = timing.time_cross_entropy(times, labels, longest=3.0, scale=0.2, early=0.1)
    torch.testing.assert_close(value, -own.log().mean() + 0.1 * late)


def test_silent_neurons_count_as_late_and_have_no_slope() -> None:
    times = torch.tensor([[0.5, torch.inf]], requires_grad=True)
    value = timing.time_mse(times, torch.tensor([[0.25, 1.0]]), longest=2.0)
    assert float(value.detach()) == pytest.approx((0.25**2 + 1.0**2) / 2)
    value.backward()
    assert times.grad is not None
    assert times.grad.tolist() == [[0.25, 0.0]]
    weight = torch.tensor([[0.5, 0.2], [2.0, 0.0]], requires_grad=True)
    timing.silence_penalty(weight, drive=1.0).backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [[-1.0, -1.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: timing.latency(torch.tensor([2.0])), r"outside 0\.\.1"),
        (lambda: timing.latency(torch.zeros(1), 0.0), "longest is 0"),
        (lambda: timing.population(torch.zeros(1), 0.0, 1.0, 2), "3 fields"),
        (lambda: timing.to_train(torch.tensor([-1.0]), 4), "zero or above"),
        (lambda: timing.to_train(torch.zeros(1), 0), "0 steps"),
        (lambda: timing.from_train(torch.zeros(0, 2)), "no step"),
        (lambda: timing.time_cross_entropy(torch.zeros(1, 2), torch.zeros(1), longest=0), "0"),
    ],
)
def test_bad_values_are_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
