"""An encoder that repeats spikes of its own, whatever comes in."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snncore.encoding.check import check_steps
from snncore.layer import StateLayer


class Periodic(StateLayer):
    """Repeats the spikes (T, ...) step by step until it is reset; its input gives the batch."""

    spikes: Tensor

    def __init__(self, spikes: Tensor | list[Any], *, step_mode: str = "m") -> None:
        super().__init__(step_mode)
        pattern = torch.as_tensor(spikes, dtype=torch.get_default_dtype())
        if pattern.ndim < 1 or not len(pattern):
            raise ValueError("Periodic.spikes: there is not a step (give (T, ...))")
        self.register_buffer("spikes", pattern.detach().clone())

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        shape = self.spikes.shape
        values = torch.zeros(shape) if self.spikes.is_meta else self.spikes
        return {"spikes": values.tolist()} | super().config()

    def forward(self, x: Tensor) -> Tensor:
        """Return the next spikes, of as many steps and samples as the input has."""
        sequence = self.sequence(x)
        self.input_shape = tuple(sequence.shape[2:])
        first = int(self.states.get("step", torch.tensor(0)))
        count, period = len(sequence), len(self.spikes)
        steps = torch.arange(first, first + count, device=self.spikes.device) % period
        self.states["step"] = torch.tensor((first + count) % period, device="cpu")
        shape = count, sequence.shape[1], *self.spikes.shape[1:]
        return self.as_given(self.spikes[steps].unsqueeze(1).expand(shape).to(x))


def delta(values: Tensor, threshold: float = 0.1, *, negative: bool = False) -> Tensor:
    """Encode the changes of values (T, N, ...): 1 where one rises by the threshold or more.

    With `negative`, -1 where one falls by as much. The first step is compared with zero.

    Raises:
        ValueError: if the threshold is not positive, or there is no step.
    """
    if not threshold > 0:
        raise ValueError(f"encoding.delta: the threshold is {threshold}, not positive")
    check_steps("delta", len(values))
    change = torch.diff(values, dim=0, prepend=torch.zeros_like(values[:1]))
    spikes = (change >= threshold).to(values.dtype)
    return spikes - (change <= -threshold).to(values.dtype) if negative else spikes
