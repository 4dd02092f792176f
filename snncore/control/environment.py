"""Environments, as gymnasium has them: this library calls them and does not import them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor


class Environment(Protocol):
    """The part of `gymnasium.Env` with boxes of observations and actions that is used here."""

    observation_space: Any
    action_space: Any

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Return observation, reward, whether it ended, whether it was cut, and more."""


def limits(environment: Environment) -> list[float]:
    """Return the largest size of each action.

    Raises:
        ValueError: if actions are not in a range around zero.
    """
    low = getattr(environment.action_space, "low", None)
    high = getattr(environment.action_space, "high", None)
    if low is None or high is None or not (np.isfinite(high).all() and np.allclose(low, -high)):
        raise ValueError(
            f"{environment.action_space}: the actions of TD3 are a finite box around zero "
            "(wrap the environment, as gymnasium.wrappers.RescaleAction does)"
        )
    return [float(value) for value in np.ravel(high)]


def observed_range(
    environment: Environment, steps: int = 1000, *, seed: int = 0, margin: float = 0.1
) -> tuple[list[float], list[float]]:
    """Return the ends of each observed value: its bounds, or those of random play and a margin."""
    space = environment.observation_space
    environment.action_space.seed(seed)
    observation, _ = environment.reset(seed=seed)
    seen = [np.ravel(observation)]
    for _ in range(steps):
        observation, _, ended, cut, _ = environment.step(environment.action_space.sample())
        seen.append(np.ravel(observation))
        if ended or cut:
            observation, _ = environment.reset()
    low, high = np.min(seen, 0), np.max(seen, 0)
    room = margin * np.maximum(high - low, 1e-3)
    bounded = np.isfinite(np.ravel(space.low)) & np.isfinite(np.ravel(space.high))
    low = np.where(bounded, np.ravel(space.low), low - room)
    high = np.where(bounded, np.ravel(space.high), high + room)
    return [float(value) for value in low], [float(value) for value in high]


def as_tensor(observation: Any) -> Tensor:
    """Return an observation as a row (1, values) of float32."""
    return torch.as_tensor(np.ravel(observation), dtype=torch.float32).unsqueeze(0)


@torch.no_grad()
def evaluate(
    actor: Callable[[Tensor], Tensor], environments: Sequence[Environment], *, seed: int = 1000
) -> list[float]:
    """Return the return of an episode in each environment, without noise, all at the same time.

    The episode in environment i starts from seed + i.
    """
    returns = [0.0] * len(environments)
    rows = [
        as_tensor(environment.reset(seed=seed + index)[0])
        for index, environment in enumerate(environments)
    ]
    running = list(range(len(environments)))
    while running:
        actions = actor(torch.cat([rows[index] for index in running])).numpy()
        for index, action in zip(tuple(running), actions, strict=True):
            observation, reward, ended, cut, _ = environments[index].step(action)
            rows[index] = as_tensor(observation)
            returns[index] += float(reward)
            if ended or cut:
                running.remove(index)
    return returns
