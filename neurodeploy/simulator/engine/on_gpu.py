"""A program's layers on a GPU: products of bytes, pools and neurons in Triton, exact in integers.

Without a GPU, Triton's interpreter runs the same kernels on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Pair, Shape
from neurodeploy.program import Conv2d, Dense, Neuron, Program, Synapse
from neurodeploy.program.ranges import LayerRange
from neurodeploy.simulator.weights import channel_weights, channels_of, largest_row
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.rewriting.simplify import simplified
from snncore.kernels.cpp.products import by_channel, in_memory
from snncore.kernels.triton.integer.products import ChannelProduct, WindowProduct, Windows, pooled
from snncore.kernels.triton.integer.step import TritonStep, triton_step

# From the values that a layer of weights reads to its sums, both (T, N, ...).
Sums = Callable[[Tensor], Tensor]
# Sums have 32 bits, and values are at most two bytes.
_LARGEST_SUM, _WIDEST = 1 << 31, 2
_INTEGERS = (torch.int8, torch.uint8, torch.int32)


def gpu_sums(
    node: Synapse, program: Program, source: Interval, device: torch.device
) -> Sums | None:
    """Return a layer's sums in 32 bits, or None if they do not fit, or its form has no kernel.

    `source` is the range of what the layer reads.
    """
    largest = max(source.largest(), 1)
    if node.narrow_weight.size == 0 or largest_row(node.narrow_weight) * largest >= _LARGEST_SUM:
        return None
    return _SUMS.of(node)(node, program, source, device)


_SUMS = KindTable[[Program, Interval, torch.device], Sums | None]("the fast engine's GPU")


@_SUMS.register(Dense)
def _dense(node: Dense, program: Program, source: Interval, device: torch.device) -> Sums | None:
    if len(node.sources) > 1:
        return None
    weight = channel_weights(node, node.narrow_weight, program)
    pixels = node.narrow_weight.shape[1] // weight.shape[1]
    wide = _bytes(Interval(source.low * pixels, source.high * pixels))
    if wide > _WIDEST:
        return None
    product = WindowProduct(_widened(weight)[:, :, None, None], Windows(), device, wide=wide)
    shift = node.shift

    def sums(values: Tensor) -> Tensor:
        total = product(_dense_in_memory(channels_of(values, weight.shape[1])))
        return total >> shift if shift else total

    return sums


@_SUMS.register(Conv2d)
def _conv2d(node: Conv2d, program: Program, source: Interval, device: torch.device) -> Sums | None:
    channels = program.shapes[node.source.source][0]
    windows = Windows(node.kernel, node.stride, node.padding, node.dilation)
    weight, wide = _widened(node.narrow_weight), _bytes(source)
    if node.groups == 1 and wide <= _WIDEST:
        product = WindowProduct(weight, windows, device, wide=wide)
        return lambda values: by_channel(product(_dense_in_memory(values)))
    if node.groups == channels == len(weight):
        each = ChannelProduct(weight, windows, device)
        return lambda values: by_channel(each(_dense_in_memory(values)))
    return None


def gpu_pooled(values: Tensor, kernel: Pair, stride: Pair, padding: Pair) -> Tensor:
    """Return the largest value of every window of integers (T, N, C, H, W)."""
    return by_channel(pooled(_dense_in_memory(values), Windows(kernel, stride, padding)))


@dataclass(frozen=True)
class TritonLayer:
    """The step in Triton, with one launch per sequence."""

    step: TritonStep
    parameters: Sequence[Tensor]
    # Whether steps follow in another call.
    final: bool
    adds: bool = True

    @property
    def kind(self) -> torch.dtype:
        """The type that carries the states."""
        return self.step.kind

    def run(
        self, drives: Sequence[Tensor], states: tuple[Tensor, ...], keep: Mapping[str, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return spikes (T, N, ...) and the next states; record in `keep` what every step shows."""
        ordered = [in_memory(each).contiguous() for each in drives]
        places = {key: in_memory(value) for key, value in keep.items()}
        states = self.step.run(ordered, states, self.parameters, places, final=self.final)
        return keep["s"], states

    def restored(self, values: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return states that `run` goes on from, of these integers (N, ...)."""
        return tuple(in_memory(value[None])[0].to(self.kind).contiguous() for value in values)


@dataclass(frozen=True)
class Setting:
    """The setting of a layer: its neurons' shape, its device, and whether steps follow a call."""

    shape: Shape
    device: torch.device
    final: bool


def gpu_layer(node: Neuron, proved: LayerRange, terms: int, setting: Setting) -> TritonLayer | None:
    """Return the layer in Triton, or None if it has no word or type for it.

    `terms` is the largest magnitude of the drive's partial sums.
    """
    equations = simplified(node.integer_equations, proved.operations)
    largest = max([terms, *(value.largest() for value in proved.operations)])
    step = triton_step(equations, largest)
    if step is None:
        return None
    named = {
        key: torch.from_numpy(_arranged(value, setting.shape))
        for key, value in node.parameters.items()
        if key in step.equations.parameters
    }
    return TritonLayer(step, step.parameters(named, setting.device), setting.final)


def _arranged(value: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Return a parameter for each neuron in the order of memory, or once, or for each channel."""
    if value.size > 1 and value.shape != (shape[0], 1, 1):
        value = np.broadcast_to(value, shape)
    return np.array(value.transpose(1, 2, 0) if value.ndim == 3 else value, order="C")


def _dense_in_memory(values: Tensor) -> Tensor:
    """Return integers in the order of memory, one after another."""
    ordered = in_memory(values)
    if ordered.dtype not in _INTEGERS:
        ordered = ordered.to(torch.int32)
    return ordered.contiguous()


def _widened(weight: NDArray[Any]) -> NDArray[np.int64]:
    return weight.astype(np.int64)


def _bytes(source: Interval) -> int:
    """Return how many signed bytes hold every value."""
    wide = 1
    low, high = -128, 127
    while not low <= source.low <= source.high <= high:
        wide += 1
        # Below the highest byte all others take their lowest or highest value.
        low, high = low * 256 - 128, high * 256 + 127
    return wide
