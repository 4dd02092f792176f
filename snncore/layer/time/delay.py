"""Delays of whole steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from snncore.layer.time.state import StateLayer


class Delay(StateLayer):
    """The input of earlier steps: one delay in steps for all channels, or one for each."""

    def __init__(self, steps: int | Sequence[int], *, step_mode: str = "m") -> None:
        super().__init__(step_mode)
        self.steps = steps if isinstance(steps, int) else [int(count) for count in steps]
        counts = [self.steps] if isinstance(self.steps, int) else self.steps
        if not counts or min(counts) < 0:
            raise ValueError(f"Delay.steps: {steps} are not numbers of steps")
        self.most = max(counts)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"steps": self.steps} | super().config()

    def forward(self, x: Tensor) -> Tensor:
        """Delay the sequence; before the first input it is zero."""
        sequence = self.sequence(x)
        self.input_shape = tuple(sequence.shape[2:])
        self._check(sequence)
        if self.most == 0:
            return x
        past = sequence.new_zeros(self.most, *sequence.shape[1:])
        stored = self.kept("past", past)
        extended = torch.cat([past if stored is None else stored, sequence])
        self.states["past"] = extended[len(sequence) :]
        return self.as_given(self._delayed(extended, len(sequence)))

    def _delayed(self, extended: Tensor, count: int) -> Tensor:
        if isinstance(self.steps, int):
            return extended[:count]
        begins = [self.most - steps for steps in self.steps]
        channels = [extended[begin : begin + count, :, c] for c, begin in enumerate(begins)]
        return torch.stack(channels, dim=2)

    def _check(self, sequence: Tensor) -> None:
        if sequence.ndim < 3:
            raise ValueError(f"Delay: takes (T, N, ...), but got {tuple(sequence.shape)}")
        if isinstance(self.steps, list) and sequence.shape[2] != len(self.steps):
            raise ValueError(
                f"Delay.steps: {len(self.steps)} delays for {sequence.shape[2]} channels"
            )
