"""Batch norms whose statistics are over time and batch."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snncore.layer.norm.statistics import affine, moments, takes
from snncore.layer.norm.synchronized import (
    is_distributed,
    shared_statistics,
    synchronized_batch_norm,
)
from snncore.layer.steps import is_constant, leading_axes, merged
from snncore.layer.weights.linear import Layer

# On a GPU a fused norm starts more kernels, which takes Python longer than the passes over fewer
# bytes that it saves. A graph has no Python in it.
_WORTH_FUSING = 256 << 20


def _is_worth_fusing(x: Tensor) -> bool:
    if torch.compiler.is_compiling() or not x.is_cuda or x.nbytes >= _WORTH_FUSING:
        return True
    return torch.cuda.is_current_stream_capturing()


class BatchNorm(Layer):
    """A batch norm; `frozen` keeps to the running statistics also while training.

    With `synchronized`, statistics are over the batches of all processes.
    """

    # Axes of one sample; where they cannot tell whether there is time, the step mode does.
    axes: ClassVar[int | None] = None
    frozen = False
    # The neurons that scale and shift in its place, where they are fused.
    into: Any = None
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        *,
        synchronized: bool = False,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, float(eps), float(momentum)
        self.synchronized = bool(synchronized)
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {
            "num_features": self.num_features,
            "eps": self.eps,
            "momentum": self.momentum,
            "affine": self.weight is not None,
            "synchronized": self.synchronized,
        }

    def forward(self, x: Tensor) -> Tensor:
        """Normalize a sequence, or a single step."""
        axes = self.axes or x.ndim - self._leading()
        if x.ndim < axes + 1 or x.shape[-axes] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}: takes {self.num_features} channels, but got "
                f"{tuple(x.shape)}"
            )
        self.input_shape = tuple(x.shape[-axes:])
        if self.into is not None:
            if not self.is_shared() and _is_worth_fusing(x):
                images = x[0] if is_constant(x, axes) else x.reshape(-1, *self.input_shape)
                self.into.take(*self._scale_and_shift(images))
                return x
            self.into.take(*self._nothing())
        return merged(self._normalized, x, axes)

    def _nothing(self) -> tuple[Tensor, Tensor]:
        """Return the scale and the shift of neurons whose input is normalized already."""
        like = self.running_mean
        kept: tuple[Tensor, ...] | None = self.__dict__.get("_neutral")
        if kept is None or kept[0] is not like:
            kept = like, torch.ones_like(like), torch.zeros_like(like)
            self.__dict__["_neutral"] = kept
        return kept[1], kept[2]

    def folded(self, statistics: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Return the scale and the shift of every channel in evaluation.

        With a mean and a variance given, by these.
        """
        weight, bias = self.affine_parameters()
        mean, variance = statistics or (self.running_mean, self.running_var)
        deviation = torch.sqrt(variance + self.eps)
        scale = 1 / deviation if weight is None else weight / deviation
        offset = mean * scale
        return scale, -offset if bias is None else bias - offset

    def observed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return each channel's mean and variance in a batch, and update the running ones."""
        axes = self.axes or x.ndim - self._leading()
        channel = x.ndim - axes
        count: Any = x.numel() // x.shape[channel]
        if count > 1 and not self.is_shared() and takes(x, self.running_mean):
            self.num_batches_tracked.add_(1)
            images = x.reshape(-1, *x.shape[channel:])
            return moments(images, self.running_mean, self.running_var, self.momentum)
        others = [axis for axis in range(x.ndim) if axis != channel]
        if self.is_shared():
            _, mean, variance, count = shared_statistics(x, channel)
        else:
            variance, mean = torch.var_mean(x, others, correction=0)
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean.detach(), self.momentum)
            unbiased = variance.detach() * (count / max(count - 1, 1))
            self.running_var.lerp_(unbiased, self.momentum)
        return mean, variance

    def _leading(self) -> int:
        return 1

    def affine_parameters(self) -> tuple[Tensor | None, Tensor | None]:
        """Return the weight and the bias that are applied."""
        return self.weight, self.bias

    def is_shared(self) -> bool:
        """Return whether statistics now include other processes."""
        learns = self.training and not self.frozen
        return learns and self.synchronized and is_distributed()

    def _scale_and_shift(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scale and the shift for this input."""
        if not self.training or self.frozen:
            return self.folded()
        self.num_batches_tracked.add_(1)
        weight, bias = self.affine_parameters()
        weight = torch.ones_like(self.running_mean) if weight is None else weight
        bias = torch.zeros_like(self.running_mean) if bias is None else bias
        scale, shift, mean, inverse = affine(x, weight, bias, self.eps)
        with torch.no_grad():
            count = x.numel() / x.shape[1]
            # The variance from its inverse root, corrected for the mean's being found too.
            variance = (inverse**-2).sub_(self.eps).mul_(count / (count - 1))
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
            self.running_var.lerp_(variance.to(self.running_var.dtype), self.momentum)
        return scale, shift

    def _normalized(self, x: Tensor) -> Tensor:
        weight, bias = self.affine_parameters()
        learns = self.training and not self.frozen
        if learns:
            self.num_batches_tracked.add_(1)
        running = self.running_mean, self.running_var
        if self.is_shared():
            return synchronized_batch_norm(x, *running, weight, bias, self.momentum, self.eps)
        return F.batch_norm(x, *running, weight, bias, learns, self.momentum, self.eps)


class BatchNorm1d(BatchNorm):
    """Of features (T, N, C) or lines (T, N, C, L); without the time with `step_mode="s"`."""

    def __init__(self, *args: Any, step_mode: str = "m", **options: Any) -> None:
        super().__init__(*args, **options)
        leading_axes(step_mode, type(self).__name__)
        self.step_mode = step_mode

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return super().config() | {"step_mode": str(self.step_mode)}

    def _leading(self) -> int:
        return leading_axes(self.step_mode, type(self).__name__)


class BatchNorm2d(BatchNorm):
    """Of images (T, N, C, H, W), or (N, C, H, W) for a single step."""

    axes = 3


class BatchNorm3d(BatchNorm):
    """Of volumes (T, N, C, D, H, W), or (N, C, D, H, W) for a single step."""

    axes = 4


class _ThresholdBatchNorm(BatchNorm):
    """Threshold-dependent: the normalized values are scaled to alpha * threshold."""

    def __init__(
        self, *args: Any, threshold: float = 1.0, alpha: float = 1.0, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.threshold, self.alpha = float(threshold), float(alpha)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return super().config() | {"threshold": self.threshold, "alpha": self.alpha}

    def affine_parameters(self) -> tuple[Tensor | None, Tensor | None]:
        """Return the weight and the bias that are applied."""
        level = self.threshold * self.alpha
        if self.weight is None:
            return torch.full_like(self.running_mean, level), None
        return self.weight * level, self.bias


class ThresholdBatchNorm1d(_ThresholdBatchNorm, BatchNorm1d):
    """Threshold-dependent, of features or lines."""


class ThresholdBatchNorm2d(_ThresholdBatchNorm, BatchNorm2d):
    """Threshold-dependent, of images."""


class ThresholdBatchNorm3d(_ThresholdBatchNorm, BatchNorm3d):
    """Threshold-dependent, of volumes."""
