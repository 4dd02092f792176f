"""Delays that are learned, and freeze to the whole steps that a chip takes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from snncore.layer.time.delay import Delay
from snncore.layer.time.state import StateLayer


class LearnedDelay(StateLayer):
    """A learned delay for each channel, from 0 to `most` steps.

    While it trains, a delay between two steps takes a share of both; with a `width`, a Gaussian of
    so many steps about it, which finds delays that are farther away. In evaluation, and on a chip,
    delays are rounded: `frozen` is that layer.
    """

    def __init__(
        self, channels: int, most: int, *, width: float = 0.0, step_mode: str = "m"
    ) -> None:
        super().__init__(step_mode)
        if type(most) is not int or most < 1:
            raise ValueError(f"LearnedDelay.most: {most!r} is not a number of steps")
        if not 0 <= width < float("inf"):
            raise ValueError(f"LearnedDelay.width: {width} is not a number of steps from 0 on")
        self.channels, self.most, self.width = int(channels), most, float(width)
        self.delay = nn.Parameter(torch.rand(self.channels) * most)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        sizes = {"channels": self.channels, "most": self.most, "width": self.width}
        return sizes | super().config()

    def steps(self) -> list[int]:
        """Return the delays in whole steps."""
        return [int(steps) for steps in self.delay.detach().clamp(0, self.most).round().tolist()]

    def frozen(self) -> Delay:
        """Return the delays in whole steps, as a layer that does not learn."""
        return Delay(self.steps(), step_mode=self.step_mode)

    def shares(self) -> Tensor:
        """Return the share of each earlier step that passes in training: (most + 1, channels)."""
        ago = torch.arange(self.most + 1, device=self.delay.device, dtype=self.delay.dtype)
        apart = ago[:, None] - self.delay.clamp(0, self.most)
        if not self.width:
            return (1 - apart.abs()).clamp(min=0)
        bells = torch.exp(-0.5 * (apart / self.width) ** 2)
        return bells / bells.sum(0)

    def forward(self, x: Tensor) -> Tensor:
        """Delay the sequence; before the first input it is zero."""
        sequence = self.sequence(x)
        self.input_shape = tuple(sequence.shape[2:])
        if sequence.ndim < 3 or sequence.shape[2] != self.channels:
            raise ValueError(
                f"LearnedDelay: takes {self.channels} channels, but got {tuple(sequence.shape)}"
            )
        past = sequence.new_zeros(self.most, *sequence.shape[1:])
        stored = self.kept("past", past)
        extended = torch.cat([past if stored is None else stored, sequence])
        count = len(sequence)
        self.states["past"] = extended[count:]
        if self.training:
            shares = self.shares().to(sequence.dtype)
        else:
            whole = torch.tensor(self.steps(), device=sequence.device)
            ago = torch.arange(self.most + 1, device=sequence.device)
            shares = (ago[:, None] == whole).to(sequence.dtype)
        weights = shares.reshape(self.most + 1, -1, *[1] * (sequence.ndim - 3))
        late = [extended[self.most - ago : self.most - ago + count] for ago in range(self.most + 1)]
        delayed = torch.stack([part * weight for part, weight in zip(late, weights, strict=True)])
        return self.as_given(delayed.sum(0))
