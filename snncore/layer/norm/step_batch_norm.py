"""Batch norms that know which step it is: statistics, or a scale, of each step's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snncore.layer.norm.batch_norm import BatchNorm2d
from snncore.layer.time.state import StateLayer


class _Counted(StateLayer):
    """A layer that counts steps until it is reset."""

    def __init__(self, steps: int, step_mode: str) -> None:
        super().__init__(step_mode)
        self.steps = steps

    def _advance(self, count: int) -> tuple[int, int]:
        """Return the range of the steps that come next."""
        first = int(self.states["step"]) if "step" in self.states else 0
        last = first + count
        if last > self.steps:
            raise ValueError(
                f"{type(self).__name__}: has {self.steps} steps, and is given step {last} "
                "(call functional.reset between samples, or make it with more steps)"
            )
        # Beside the other states, so that a network continues where a copy of them was taken.
        self.states["step"] = torch.tensor(last, device="cpu")
        return first, last


class StepBatchNorm2d(_Counted):
    """Through time: every step has statistics, a weight and a bias of its own."""

    running_mean: Tensor
    running_var: Tensor
    frozen = False

    def __init__(
        self,
        num_features: int,
        steps: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        step_mode: str = "m",
    ) -> None:
        super().__init__(steps, step_mode)
        self.num_features, self.eps, self.momentum = num_features, float(eps), float(momentum)
        self.weight = nn.Parameter(torch.ones(steps, num_features))
        self.bias = nn.Parameter(torch.zeros(steps, num_features))
        self.register_buffer("running_mean", torch.zeros(steps, num_features))
        self.register_buffer("running_var", torch.ones(steps, num_features))

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        numbers = {"num_features": self.num_features, "steps": self.steps}
        return numbers | {"eps": self.eps, "momentum": self.momentum} | super().config()

    def forward(self, x: Tensor) -> Tensor:
        """Normalize each step by its own statistics."""
        self.input_shape = tuple(x.shape[-3:])
        sequence = self.sequence(x)
        first, last = self._advance(sequence.shape[0])
        results = [
            self._step(t, step) for t, step in zip(range(first, last), sequence, strict=True)
        ]
        return self.as_given(torch.stack(results))

    def _step(self, t: int, x: Tensor) -> Tensor:
        learns = self.training and not self.frozen
        running = self.running_mean[t], self.running_var[t]
        return F.batch_norm(
            x, *running, self.weight[t], self.bias[t], learns, self.momentum, self.eps
        )


class TemporalBatchNorm2d(_Counted):
    """Statistics over time and batch, and a learned scale for every step."""

    def __init__(self, num_features: int, steps: int, *, step_mode: str = "m") -> None:
        super().__init__(steps, step_mode)
        self.norm = BatchNorm2d(num_features)
        self.scale = nn.Parameter(torch.ones(steps))

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        numbers = {"num_features": self.norm.num_features, "steps": self.steps}
        return numbers | super().config()

    def forward(self, x: Tensor) -> Tensor:
        """Normalize each step with its own scale."""
        self.input_shape = tuple(x.shape[-3:])
        sequence = self.sequence(x)
        first, last = self._advance(sequence.shape[0])
        scale = self.scale[first:last].reshape(-1, 1, 1, 1, 1)
        return self.as_given(self.norm(sequence) * scale)
