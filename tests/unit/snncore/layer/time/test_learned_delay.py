"""Delays that are learned: their formula, and the whole steps that they freeze to."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy import graph as g
from neurodeploy.frontend import graph_of
from snncore import functional, layer, neuron


def delayed() -> layer.LearnedDelay:
    module = layer.LearnedDelay(3, 4)
    with torch.no_grad():
        module.delay.copy_(torch.tensor([0.25, 2.0, 3.6]))
    return module


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2)])
def test_a_delay_between_steps_takes_a_share_of_both(shape: tuple[int, ...]) -> None:
    module, x = delayed(), torch.randn(9, 2, *shape)
    late = module(x)
    padded = torch.cat([torch.zeros(5, 2, *shape), x])
    for channel, (below, share) in enumerate([(0, 0.25), (2, 0.0), (3, 0.6)]):
        near, far = padded[5 - below : 14 - below], padded[4 - below : 13 - below]
        expected = (1 - share) * near[:, :, channel] + share * far[:, :, channel]
        assert torch.allclose(late[:, :, channel], expected, atol=1e-6)


def test_it_is_whole_in_evaluation_and_when_frozen(tmp_path: Path) -> None:
    module, x = delayed().eval(), torch.randn(9, 2, 3)
    assert module.steps() == [0, 2, 4]
    whole = module(x)
    assert torch.equal(whole, layer.Delay([0, 2, 4])(x))
    assert torch.equal(whole, delayed().frozen()(x))
    functional.reset(module)
    single = copy.deepcopy(module)
    functional.set_step_mode(single, "s")
    assert torch.equal(torch.stack([single(step) for step in x]), whole)
    assert torch.equal(torch.cat([module(x[:2]), module(x[2:])]), whole)
    functional.reset(module)
    nd.save(nn.Sequential(module), tmp_path / "model.pt", example=x)
    assert torch.equal(nd.load(tmp_path / "model.pt").eval()(x), whole)
    (node,) = (n for n in graph_of(nn.Sequential(module)).nodes if isinstance(n, g.Delay))
    assert node.steps.tolist() == [0, 2, 4]


def test_it_learns_where_a_spike_belongs() -> None:
    """A wide bell finds a delay that is three steps away; then it is exact."""
    x = torch.zeros(16, 1, 1)
    x[3] = 1
    wanted = layer.Delay(5)(x)
    module = layer.LearnedDelay(1, 8, width=2.0)
    with torch.no_grad():
        module.delay.fill_(2.0)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    for _ in range(80):
        optimizer.zero_grad()
        functional.reset(module)
        (module(x) - wanted).square().sum().backward()
        optimizer.step()
    assert module.steps() == [5]


def test_a_chip_gets_whole_steps() -> None:
    torch.manual_seed(0)
    x = (torch.rand(10, 3, 4) < 0.5).float()
    parts = (layer.Linear(4, 3), neuron.LIF(threshold=0.2), layer.Linear(3, 2), neuron.LIF())
    ours, theirs = (
        quant.prepare(nn.Sequential(*parts[:2], delay, *parts[2:]), target="int8", example=x)
        for delay in (delayed(), layer.Delay([0, 2, 4]))
    )
    assert torch.equal(ours(x), theirs(x))


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match=r"LearnedDelay\.most"):
        layer.LearnedDelay(3, 0)
    with pytest.raises(ValueError, match=r"LearnedDelay\.width"):
        layer.LearnedDelay(3, 2, width=-1.0)
    with pytest.raises(ValueError, match="LearnedDelay: takes 3 channels"):
        delayed()(torch.zeros(4, 2, 5))
