"""Triplets of spikes against the rule summed spike by spike, dense and convolutional."""

from __future__ import annotations

from math import exp

import pytest
import torch
from torch import Tensor, nn

from snncore import layer, learning
from tests.unit.snncore.learning.test_stdp import Replayed

NUMBERS = {"tau_pre": 4.0, "tau_post": 6.0, "potentiation": 0.3, "depression": 0.2}
SLOW = {"tau_slow_pre": 9.0, "tau_slow_post": 12.0}
TRIPLES = {"triple_potentiation": 0.5, "triple_depression": 0.4}


def by_hand(before: Tensor, behind: Tensor) -> float:
    """Sum the rule of one weight over the steps of one sample."""
    r1 = r2 = o1 = o2 = total = 0.0
    for pre, post in zip(before.tolist(), behind.tolist(), strict=True):
        r1, o1 = r1 * exp(-1 / 4), o1 * exp(-1 / 6)
        r2, o2 = r2 * exp(-1 / 9), o2 * exp(-1 / 12)
        total -= pre * o1 * (0.2 + 0.4 * r2)
        r1 += pre
        total += post * r1 * (0.3 + 0.5 * o2)
        o1, r2, o2 = o1 + post, r2 + pre, o2 + post
    return total


def learned(synapse: nn.Module, before: Tensor, behind: Tensor, cuts: tuple[int, ...]) -> Tensor:
    neurons = Replayed(behind)
    with learning.TripletSTDP(synapse, neurons, **NUMBERS, **SLOW, **TRIPLES) as rule:
        change = torch.zeros_like(synapse.weight)
        for first, last in zip((0, *cuts), (*cuts, len(before)), strict=True):
            neurons.spikes = behind[first:last]
            neurons(synapse(before[first:last]))
            change += rule.step()
    return change


@pytest.mark.parametrize("cuts", [(), (7, 8)])
def test_the_rule_is_that_of_the_paper(cuts: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    before, behind = ((torch.rand(20, 3, n, generator=generator) < 0.4).float() for n in (4, 2))
    change = learned(layer.Linear(4, 2, bias=False), before, behind, cuts)
    for i in range(4):
        for o in range(2):
            sums = [by_hand(before[:, n, i], behind[:, n, o]) for n in range(3)]
            assert change[o, i].item() == pytest.approx(sum(sums) / 3, rel=1e-4)


def test_a_convolution_learns_at_every_position() -> None:
    generator = torch.Generator().manual_seed(1)
    before, behind = ((torch.rand(15, 1, 1, n, generator=generator) < 0.4).float() for n in (6, 4))
    change = learned(layer.Conv1d(1, 1, 3, bias=False), before, behind, ())
    for k in range(3):
        sums = [by_hand(before[:, 0, 0, p + k], behind[:, 0, 0, p]) for p in range(4)]
        assert change[0, 0, k].item() == pytest.approx(sum(sums), rel=1e-4)


def test_without_triples_pairs_are_left() -> None:
    generator = torch.Generator().manual_seed(2)
    before, behind = ((torch.rand(20, 2, n, generator=generator) < 0.4).float() for n in (3, 3))
    changes = []
    for kind, options in (
        (learning.STDP, {}),
        (learning.TripletSTDP, {"triple_potentiation": 0.0}),
    ):
        synapse, neurons = layer.Linear(3, 3, bias=False), Replayed(behind)
        with kind(synapse, neurons, **NUMBERS, **options) as rule:
            neurons(synapse(before))
            changes.append(rule.step())
    assert torch.allclose(*changes)
    with pytest.raises(ValueError, match=r"TripletSTDP\.tau_slow_pre"):
        learning.TripletSTDP(layer.Linear(1, 1), nn.Identity(), tau_slow_pre=0.0)
