"""A few updates on a task of gymnasium, through the same door as the example."""

from __future__ import annotations

import gymnasium
import torch

from snncore import control


def test_a_few_updates_on_the_pendulum() -> None:
    torch.manual_seed(0)
    environment, tests = (gymnasium.make("Pendulum-v1", max_episode_steps=20) for _ in range(2))
    low, high = control.observed_range(environment, 10)
    assert (low, high) == ([-1.0, -1.0, -8.0], [1.0, 1.0, 8.0])
    actor = control.SpikingActor(low, high, [2.0], hidden=(32, 32))
    critic = control.TwinCritic(low, high, [2.0], hidden=(32,))
    agent = control.TD3(actor, critic)
    before = [each.detach().clone() for each in actor.parameters()]
    curve = control.train(
        agent, environment, [tests], steps=40, warm_up=30, batch=16, test_every=40
    )
    assert curve.steps == [40]
    assert curve.returns[0] < 0
    changed = [not torch.equal(a, b) for a, b in zip(before, actor.parameters(), strict=True)]
    assert all(changed)
