"""The memory of an agent: the last transitions, sampled evenly."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Transitions: what was seen (N, values), done (N, actions), earned (N,) and seen next."""

    observations: Tensor
    actions: Tensor
    rewards: Tensor
    following: Tensor
    # 1 where the episode ended, so that nothing is earned from there on.
    ended: Tensor


class Replay:
    """The last `size` transitions."""

    def __init__(self, size: int, values: int, actions: int) -> None:
        if min(size, values, actions) < 1:
            raise ValueError(f"Replay: {size} transitions of {values} values, {actions} actions")
        self.size, self.count, self._next = size, 0, 0
        self._rows = Batch(
            torch.zeros(size, values),
            torch.zeros(size, actions),
            torch.zeros(size),
            torch.zeros(size, values),
            torch.zeros(size),
        )

    def add(
        self, observation: Tensor, action: Tensor, reward: float, following: Tensor, ended: bool
    ) -> None:
        """Store a transition, in place of the oldest if there is no room."""
        row = self._next
        rows = self._rows
        rows.observations[row], rows.actions[row], rows.rewards[row] = observation, action, reward
        rows.following[row], rows.ended[row] = following, float(ended)
        self._next = (row + 1) % self.size
        self.count = min(self.count + 1, self.size)

    def sample(self, count: int, generator: torch.Generator) -> Batch:
        """Return so many transitions, each drawn from all.

        Raises:
            ValueError: if there is none.
        """
        if not self.count:
            raise ValueError("Replay: holds no transition yet (add one before sampling)")
        rows = torch.randint(self.count, (count,), generator=generator)
        return Batch(*(kept[rows] for kept in self._rows))
