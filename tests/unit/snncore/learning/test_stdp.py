"""STDP against its window, and what a reward does to it."""

from math import exp

import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer, learning, neuron

STEPS = 30


class Replayed(nn.Module):
    """Neurons that fire when they are told to."""

    def __init__(self, spikes: Tensor) -> None:
        super().__init__()
        self.spikes = spikes

    def forward(self, x: Tensor) -> Tensor:
        return self.spikes


def trains(*times: int) -> Tensor:
    """Return one train a sample, each with one spike."""
    spikes = torch.zeros(STEPS, len(times), 1)
    for sample, time in enumerate(times):
        spikes[time, sample] = 1
    return spikes


def change(before: Tensor, behind: Tensor, **options: float) -> Tensor:
    synapse, neurons = layer.Linear(1, 1, bias=False), Replayed(behind)
    with learning.STDP(synapse, neurons, **options) as rule:
        neurons(synapse(before))
        return rule.step()


@pytest.mark.parametrize("apart", [-12, -3, -1, 0, 1, 2, 9])
def test_the_window_is_two_exponentials(apart: int) -> None:
    changed = change(
        trains(15),
        trains(15 + apart),
        tau_pre=5.0,
        tau_post=8.0,
        potentiation=0.3,
        depression=0.2,
    )
    expected = 0.3 * exp(-apart / 5) if apart >= 0 else -0.2 * exp(apart / 8)
    assert changed.item() == pytest.approx(expected, rel=1e-5)


def brute_force(before: Tensor, behind: Tensor, tau: float) -> Tensor:
    """Sum over every pair of spikes, one by one."""
    total = torch.zeros(behind.shape[2], before.shape[2])
    for sample in range(before.shape[1]):
        for t_post, post in behind[:, sample].nonzero().tolist():
            for t_pre, pre in before[:, sample].nonzero().tolist():
                apart = t_post - t_pre
                size = exp(-apart / tau) if apart >= 0 else -exp(apart / tau)
                total[post, pre] += size / before.shape[1]
    return total


def drawn(*shape: int, seed: int) -> Tensor:
    return (torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) < 0.3).float()


def test_all_pairs_count_also_over_chunks() -> None:
    before, behind = drawn(12, 3, 4, seed=0), drawn(12, 3, 2, seed=1)
    synapse = layer.Linear(4, 2, bias=False)
    options = {"tau_pre": 4.0, "tau_post": 4.0, "potentiation": 1.0, "depression": 1.0}
    neurons, changes = Replayed(behind), []
    with learning.STDP(synapse, neurons, **options) as rule:
        for part in (slice(0, 5), slice(5, 12)):
            neurons.spikes = behind[part]
            neurons(synapse(before[part]))
            changes.append(rule.step())
    assert torch.allclose(sum(changes), brute_force(before, behind, 4.0), atol=1e-5)
    assert torch.allclose(synapse.weight.grad, -sum(changes), atol=1e-6)


def test_convolutions_learn_at_all_places() -> None:
    before, behind = drawn(6, 2, 2, 5, 5, seed=0), drawn(6, 2, 3, 3, 3, seed=1)
    synapse, neurons = layer.Conv2d(2, 3, 3, bias=False), Replayed(behind)
    with learning.STDP(
        synapse, neurons, tau_pre=3.0, tau_post=3.0, potentiation=1.0, depression=1.0
    ) as rule:
        neurons(synapse(before))
        changed = rule.step()
    for row, column in ((0, 0), (2, 1)):
        expected = torch.zeros(3, 2)
        for i in range(3):
            for j in range(3):
                expected += brute_force(
                    before[:, :, :, row + i, column + j], behind[:, :, :, i, j], 3.0
                )
        assert torch.allclose(changed[:, :, row, column], expected, atol=1e-5)


def test_bounds_hold_weights() -> None:
    for bounds in (learning.soft_bounds(0, 1), learning.hard_bounds(0, 1)):
        synapse = layer.Linear(1, 1, bias=False)
        for start, behind, before in ((1.0, 16, 15), (0.0, 14, 15)):
            with torch.no_grad():
                synapse.weight.fill_(start)
            neurons = Replayed(trains(behind))
            with learning.STDP(synapse, neurons, bounds=bounds) as rule:
                neurons(synapse(trains(before)))
                assert rule.step().item() == 0


def test_a_reward_by_sample_and_eligibility() -> None:
    before, behind = trains(10, 10, 10), trains(11, 11, 11)
    synapse, neurons = layer.Linear(1, 1, bias=False), Replayed(behind)
    sizes = {"tau_pre": 5.0, "potentiation": 1.0}
    with learning.STDP(synapse, neurons, **sizes) as rule:
        neurons(synapse(before))
        changed = rule.step(torch.tensor([1.0, -2.0, 0.5]), tau_eligibility=10.0)
    # The pair was complete in step 11 of 0..29.
    expected = (1 - 2 + 0.5) / 3 * exp(-1 / 5) * exp(-18 / 10)
    assert changed.item() == pytest.approx(expected, rel=1e-5)
    assert synapse.weight.grad.item() == pytest.approx(-expected, rel=1e-5)


def test_single_steps_are_as_sequences() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(layer.Linear(4, 3, bias=False), neuron.LIF(threshold=0.2))
    x = drawn(9, 2, 4, seed=0)
    with learning.STDP(network[0], network[1]) as rule:
        spikes = network(x)
        whole = rule.step()
        assert 0 < spikes.mean() < 1
        assert whole.abs().sum() > 0
        rule.reset()
        functional.reset(network)
        functional.set_step_mode(network, "s")
        for step in x:
            network(step)
        assert torch.allclose(rule.step(), whole, atol=1e-6)
    assert not network[0]._forward_hooks


def test_nothing_seen_is_an_error() -> None:
    with (
        learning.STDP(layer.Linear(1, 1), neuron.IF()) as rule,
        pytest.raises(ValueError, match="call the network first"),
    ):
        rule.step()
    with pytest.raises(ValueError, match=r"tau_pre: 0.0 is not positive"):
        learning.STDP(layer.Linear(1, 1), neuron.IF(), tau_pre=0.0)
