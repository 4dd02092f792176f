"""Deep networks: the critics that judge actions, and the actor that spiking ones compare with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def _perceptron(sizes: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size, following in pairwise(sizes):
        layers += [nn.Linear(size, following), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class _OfTask(nn.Module):
    """The ranges of a task's observations and actions."""

    low: Tensor
    high: Tensor
    limit: Tensor

    def __init__(self, low: Sequence[float], high: Sequence[float], limit: Sequence[float]) -> None:
        super().__init__()
        for name, values in (("low", low), ("high", high), ("limit", limit)):
            self.register_buffer(name, torch.tensor(list(values), dtype=torch.float32))

    def scaled(self, observations: Tensor) -> Tensor:
        """Return observations scaled to -1..1."""
        return 2 * (observations - self.low) / (self.high - self.low) - 1


class DeepActor(_OfTask):
    """Actions (N, actions) of observations (N, values) scaled from their range, with ReLUs."""

    def __init__(
        self,
        low: Sequence[float],
        high: Sequence[float],
        limit: Sequence[float],
        *,
        hidden: Sequence[int] = (256, 256),
    ) -> None:
        super().__init__(low, high, limit)
        self.body = _perceptron([len(low), *hidden, len(limit)])

    def forward(self, observations: Tensor) -> Tensor:
        """Return the actions."""
        return self.limit * torch.tanh(self.body(self.scaled(observations)))


class TwinCritic(_OfTask):
    """Two estimates of the return of an action (N, actions) at an observation (N, values)."""

    def __init__(
        self,
        low: Sequence[float],
        high: Sequence[float],
        limit: Sequence[float],
        *,
        hidden: Sequence[int] = (256, 256),
    ) -> None:
        super().__init__(low, high, limit)
        sizes = [len(low) + len(limit), *hidden, 1]
        self.first, self.second = _perceptron(sizes), _perceptron(sizes)

    def forward(self, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return both estimates (N,)."""
        x = self._joined(observations, actions)
        return self.first(x).squeeze(-1), self.second(x).squeeze(-1)

    def judge(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return the first estimate (N,), which the actor learns from."""
        estimate: Tensor = self.first(self._joined(observations, actions)).squeeze(-1)
        return estimate

    def _joined(self, observations: Tensor, actions: Tensor) -> Tensor:
        return torch.cat((self.scaled(observations), actions / self.limit), -1)
