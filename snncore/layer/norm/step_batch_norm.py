"""Batch norms that know which step it is: statistics, or a scale, of each step's own."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snncore.layer.norm.batch_norm import BatchNorm, BatchNorm1d, BatchNorm2d, BatchNorm3d
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


class StepBatchNorm(_Counted):
    """Through time: every step has statistics, a weight and a bias of its own."""

    # Axes of one sample, if there is one number of them.
    axes: ClassVar[tuple[int, ...]]
    running_mean: Tensor
    running_var: Tensor
    bias: Tensor | None
    frozen = False

    def __init__(
        self,
        num_features: int,
        steps: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        bias: bool = True,
        step_mode: str = "m",
    ) -> None:
        super().__init__(steps, step_mode)
        self.num_features, self.eps, self.momentum = num_features, float(eps), float(momentum)
        self.weight = nn.Parameter(torch.ones(steps, num_features))
        self.bias = nn.Parameter(torch.zeros(steps, num_features)) if bias else None
        self.register_buffer("running_mean", torch.zeros(steps, num_features))
        self.register_buffer("running_var", torch.ones(steps, num_features))

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        numbers = {"num_features": self.num_features, "steps": self.steps}
        numbers |= {} if self.bias is not None else {"bias": False}
        return numbers | {"eps": self.eps, "momentum": self.momentum} | super().config()

    def forward(self, x: Tensor) -> Tensor:
        """Normalize each step by its own statistics."""
        sequence = self.sequence(x)
        _check_axes(self, sequence, self.num_features)
        first, last = self._advance(sequence.shape[0])
        results = [
            self._step(t, step) for t, step in zip(range(first, last), sequence, strict=True)
        ]
        return self.as_given(torch.stack(results))

    def _step(self, t: int, x: Tensor) -> Tensor:
        learns = self.training and not self.frozen
        running = self.running_mean[t], self.running_var[t]
        bias = None if self.bias is None else self.bias[t]
        return F.batch_norm(x, *running, self.weight[t], bias, learns, self.momentum, self.eps)


class StepBatchNorm1d(StepBatchNorm):
    """Through time, of features (T, N, C) or lines (T, N, C, L)."""

    axes = (1, 2)


class StepBatchNorm2d(StepBatchNorm):
    """Through time, of images (T, N, C, H, W)."""

    axes = (3,)


class StepBatchNorm3d(StepBatchNorm):
    """Through time, of volumes (T, N, C, D, H, W)."""

    axes = (4,)


class _TemporalBatchNorm(_Counted):
    """Statistics over time and batch, and a learned scale for every step."""

    axes: ClassVar[tuple[int, ...]]
    kind: ClassVar[type[BatchNorm]]

    def __init__(self, num_features: int, steps: int, *, step_mode: str = "m") -> None:
        super().__init__(steps, step_mode)
        self.norm = self.kind(num_features)
        self.scale = nn.Parameter(torch.ones(steps))

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        numbers = {"num_features": self.norm.num_features, "steps": self.steps}
        return numbers | super().config()

    def forward(self, x: Tensor) -> Tensor:
        """Normalize each step with its own scale."""
        sequence = self.sequence(x)
        _check_axes(self, sequence, self.norm.num_features)
        first, last = self._advance(sequence.shape[0])
        # The norm inside always sees a sequence, whatever the mode of the network.
        if hasattr(self.norm, "step_mode"):
            self.norm.step_mode = "m"
        scale = self.scale[first:last].reshape(-1, *[1] * (sequence.ndim - 1))
        return self.as_given(self.norm(sequence) * scale)

    @torch.no_grad()
    def equalize(self) -> None:
        """Give every step the mean of the scales, so that weights can take it in."""
        self.scale.fill_(self.scale.mean())

    def plain(self) -> BatchNorm:
        """Return the batch norm that computes the same, where all steps have one scale.

        Raises:
            ValueError: if they have not.
        """
        scale = self.scale.detach()
        low, high = float(scale.min()), float(scale.max())
        if low != high:
            raise ValueError(
                f"{type(self).__name__}: scales its steps by {low:g} to {high:g}, and weights are "
                "the same in every step (call its equalize() and train on)"
            )
        ours = self.kind(**self.norm.config()).to(scale.device, scale.dtype)
        ours.load_state_dict(self.norm.state_dict())
        with torch.no_grad():
            for each in ours.parameters():
                each.mul_(scale[0])
        ours.frozen = self.norm.frozen
        return ours.train(self.training)


class TemporalBatchNorm1d(_TemporalBatchNorm):
    """Temporal effective, of features (T, N, C) or lines (T, N, C, L)."""

    axes, kind = (1, 2), BatchNorm1d


class TemporalBatchNorm2d(_TemporalBatchNorm):
    """Temporal effective, of images (T, N, C, H, W)."""

    axes, kind = (3,), BatchNorm2d


class TemporalBatchNorm3d(_TemporalBatchNorm):
    """Temporal effective, of volumes (T, N, C, D, H, W)."""

    axes, kind = (4,), BatchNorm3d


def _check_axes(module: Any, sequence: Tensor, channels: int) -> None:
    """Check that a sequence has the layer's axes and channels, and note its shape.

    Raises:
        ValueError: if it has not; names the layer.
    """
    shape = tuple(sequence.shape)
    if len(shape) - 2 not in module.axes or shape[2] != channels:
        raise ValueError(
            f"{type(module).__name__}: takes (T, N, {channels}, ...) with "
            f"{' or '.join(map(str, module.axes))} axes a sample, but got {shape}"
        )
    module.input_shape = shape[2:]
