"""The loop of an agent and its environment: play, remember, learn, and measure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
import torch

from snncore.control.environment import Environment, as_tensor, evaluate, limits
from snncore.control.replay import Replay
from snncore.control.td3 import TD3


@dataclass
class Curve:
    """The mean return of test episodes after so many steps in the environment."""

    steps: list[int] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)


def train(
    agent: TD3,
    environment: Environment,
    tests: Sequence[Environment],
    *,
    steps: int,
    warm_up: int = 1000,
    batch: int = 100,
    noise: float = 0.1,
    test_every: int = 1000,
    solved: float | None = None,
    seconds: float | None = None,
    memory: int = 1_000_000,
    seed: int = 0,
    report: Callable[[int, float], None] = lambda step, mean: None,
) -> Curve:
    """Run `steps` steps, learn once a step after the random ones of `warm_up`, and test.

    A test is an episode in each of the environments `tests`, and `report` gets its step and mean
    return. It all ends early with the first test whose mean return is `solved` or more, or that
    is later than `seconds` from now.

    Raises:
        ValueError: if the environment's actions are not a box around zero.
    """
    limit = torch.tensor(limits(environment))
    values = int(np.prod(environment.observation_space.shape))
    replay = Replay(min(memory, steps), values, len(limit))
    generator = torch.Generator().manual_seed(seed)
    curve = Curve()
    end = inf if seconds is None else time.monotonic() + seconds
    observation = as_tensor(environment.reset(seed=seed)[0])
    for step in range(1, steps + 1):
        if step <= warm_up:
            action = (2 * torch.rand(1, len(limit), generator=generator) - 1) * limit
        else:
            action = agent.act(observation, noise)
        seen, reward, ended, cut, _ = environment.step(action[0].numpy())
        following = as_tensor(seen)
        replay.add(observation[0], action[0], float(reward), following[0], ended)
        observation = as_tensor(environment.reset()[0]) if ended or cut else following
        if step > warm_up:
            agent.update(replay.sample(batch, generator))
        if step % test_every == 0:
            mean = float(np.mean(evaluate(agent.act, tests)))
            curve.steps.append(step)
            curve.returns.append(mean)
            report(step, mean)
            if (solved is not None and mean >= solved) or time.monotonic() >= end:
                break
    return curve
