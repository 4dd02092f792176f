"""Losses against closed forms and golden values."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from snncore import loss

LABELS = torch.tensor([0, 2])
SPIKES = (torch.rand(6, 2, 3, generator=torch.Generator().manual_seed(0)) < 0.5).float()


def test_losses_of_classes() -> None:
    assert torch.equal(
        loss.rate_cross_entropy(SPIKES, LABELS, gain=0.5),
        F.cross_entropy(0.5 * SPIKES.sum(0), LABELS),
    )
    target = torch.tensor([[0.9, 0.1, 0.1], [0.1, 0.1, 0.9]])
    assert torch.allclose(
        loss.rate_mse(SPIKES, LABELS, correct=0.9, wrong=0.1), F.mse_loss(SPIKES.mean(0), target)
    )
    each = torch.stack([F.cross_entropy(step, LABELS) for step in SPIKES]).mean()
    assert torch.allclose(loss.temporal_cross_entropy(SPIKES, LABELS), each)
    expected = 0.75 * each + 0.25 * (SPIKES - 2).square().mean()
    assert torch.allclose(
        loss.temporal_cross_entropy(SPIKES, LABELS, weight=0.25, level=2.0), expected
    )
    values = SPIKES.cumsum(0)
    for largest in (True, False):
        assert torch.equal(
            loss.membrane_cross_entropy(values, LABELS, largest=largest),
            F.cross_entropy(values[-1], LABELS),
        )


def test_the_earliest_class_wins() -> None:
    early = torch.zeros(5, 1, 2)
    early[1, 0, 0] = early[3, 0, 1] = 1
    first = loss.first_spike_cross_entropy(early, torch.tensor([0]))
    assert torch.allclose(first, torch.log(1 + torch.exp(torch.tensor(-2.0))))
    assert first < loss.first_spike_cross_entropy(early, torch.tensor([1]))


def one_spike(at: int, steps: int = 4000) -> Tensor:
    train = torch.zeros(steps, 1, dtype=torch.float64)
    train[at] = 1
    return train


def test_van_rossums_distance_of_one_spike_is_a_half() -> None:
    # The integral of exp(-2t / tau) over tau, as dt vanishes beside tau.
    silent = torch.zeros(4000, 1, dtype=torch.float64)
    assert loss.van_rossum(one_spike(0), silent, tau=200.0).item() == pytest.approx(0.5, abs=3e-3)
    # In steps: the geometric series.
    exact = 1 / (1 - torch.exp(torch.tensor(-2 / 5.0, dtype=torch.float64))) / 5
    assert loss.van_rossum(one_spike(0), silent, tau=5.0).item() == pytest.approx(exact.item())


def test_van_rossums_distance_of_two_spikes_grows_with_their_distance() -> None:
    tau = 200.0
    for apart in (0, 50, 200, 800):
        expected = 1 - torch.exp(torch.tensor(-apart / tau)).item()
        distance = loss.van_rossum(one_spike(10), one_spike(10 + apart), tau=tau).item()
        assert distance == pytest.approx(expected, abs=6e-3)


def test_counts_and_penalties() -> None:
    assert loss.count_mse(SPIKES, SPIKES.flip(0)).item() == 0
    assert loss.count_mse(torch.ones(3, 1), torch.zeros(3, 1)).item() == 9
    layers = [torch.ones(4, 2, 3), torch.zeros(4, 2, 5), torch.eye(2).repeat(2, 1).unsqueeze(1)]
    # Rates are 1, 0 and a half: off by 0.2, by 0.1, and not at all.
    penalty = loss.firing_rate(layers, low=0.1, high=0.8)
    assert penalty.item() == pytest.approx((0.2**2 + 0.1**2) / 3)
    assert loss.spike_count(layers).item() == pytest.approx(0.5)


@pytest.mark.parametrize("penalty", [loss.firing_rate, loss.spike_count])
def test_no_layers_are_refused(penalty: object) -> None:
    with pytest.raises(ValueError, match="there are no layers"):
        penalty([])


def test_trains_of_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="takes two alike trains"):
        loss.van_rossum(torch.ones(3, 1), torch.ones(3, 2))
