"""The statistics of a batch norm over images: read once, and once more on the way back."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor

from quant.grid.noted import has_triton
from snncore.layer import BatchNorm
from snncore.layer.norm.synchronized import is_distributed

# The fewest pixels of an image whose mean is worth a program.
_FEWEST = 16


def observes(y: Tensor, norm: BatchNorm) -> bool:
    """Return whether the kernels take these images."""
    shares = norm.synchronized and is_distributed()
    if not y.is_cuda or not has_triton() or shares:
        return False
    from quant.grid.gpu.launches import LARGEST_IMAGE

    axes = norm.axes or 0
    size = _pixels(y, axes) if axes and y.ndim > axes else 0
    plain = y.dtype == norm.running_mean.dtype == torch.float32 and y.is_contiguous()
    return plain and _FEWEST <= size <= LARGEST_IMAGE and y.numel() > 0


def by_image(y: Tensor, norm: BatchNorm) -> tuple[Tensor, int, int]:
    """Return each channel's mean and squares about it by image, and the images and their pixels."""
    from quant.grid.gpu import launches

    channels, pixels = norm.num_features, _pixels(y, norm.axes or 0)
    images = y.numel() // (channels * pixels)
    reduced = y.new_empty((2, channels, images))
    launches.observing(images, channels, pixels)[0]((y, reduced))
    return reduced, images, pixels


def images_back(y: Tensor, moments: Tensor, gradients: Any, images: int) -> Tensor:
    """Return the gradients of images, from those of their channels' means and variances."""
    from quant.grid.gpu import launches

    channels = moments.shape[1]
    back = torch.empty_like(y)
    launch = launches.observing(images, channels, y.numel() // (channels * images))[1]
    launch((y, moments, gradients, back))
    return back


def _pixels(y: Tensor, axes: int) -> int:
    return prod(y.shape[1 - axes :])
