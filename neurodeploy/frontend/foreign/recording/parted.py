"""Modules that take samples and steps as one axis (N * T, ...), as sinabs makes them."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.form import Taken
from neurodeploy.frontend.foreign.taken import taken

NOTE = "the module takes samples and steps as one axis (N * T, ...), the steps of a sample together"


class Parted(nn.Module):
    """A module with two axes for samples and steps (N, T, ...), where it has one for both."""

    # Those of the module that part the axis by a number of samples.
    layers: list[Any]

    def __init__(self, net: nn.Module, layers: list[Any]) -> None:
        super().__init__()
        self.net = net
        self.layers = [each for each in layers if each.batch_size > 0]

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of all samples and steps."""
        sizes = [each.batch_size for each in self.layers]
        try:
            for each in self.layers:
                each.batch_size = x.shape[0]
            result: Tensor = self.net(x.flatten(0, 1))
        finally:
            for each, size in zip(self.layers, sizes, strict=True):
                each.batch_size = size
        return result.reshape(x.shape[0], x.shape[1], *result.shape[1:])


def parted(module: nn.Module, example: Tensor) -> tuple[nn.Module, Tensor] | None:
    """Return the module with an axis each for samples and steps, and the example; None for others.

    The sizes are those that the module's layers were made with.
    """
    layers: list[Any] = [each for each in module.modules() if _is_merged(each)]
    if not layers:
        return None
    samples, steps = layers[0].batch_size, layers[0].num_timesteps
    if samples <= 0 and steps > 0:
        samples = len(example) // steps
    if samples <= 0 or len(example) % samples:
        return None
    return Parted(module, layers), example.reshape(samples, -1, *example.shape[1:])


def fixes_batch(module: nn.Module) -> bool:
    """Return whether layers part an axis by a number of samples that the module was made with."""
    merged: list[Any] = [each for each in module.modules() if _is_merged(each) or _parts(each)]
    return not isinstance(module, Parted) and any(each.batch_size > 0 for each in merged)


def _parts(module: Any) -> bool:
    """Return whether a layer gives time and batch an axis each."""
    kind = type(module)
    return kind.__module__.startswith("sinabs.") and kind.__qualname__ == "UnflattenTime"


def _is_merged(module: Any) -> bool:
    try:
        form: Taken | None = taken(module)
    except UnsupportedLayerError:
        return False
    return form is not None and form.merged and hasattr(module, "batch_size")
