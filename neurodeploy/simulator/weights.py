"""Weights in the types that the fast engine computes with."""

from __future__ import annotations

from math import prod

import numpy as np
import torch
from torch import Tensor

from neurodeploy.data.narrow import row_pieces
from neurodeploy.program import Dense, Flatten, NarrowIntegers, Program, Synapse
from neurodeploy.program.ranges import Ranges
from neurodeploy.simulator.carrier import exact_matmul_type
from snncore.dynamics.arithmetic.interval import ZERO


def exact_weights(
    node: Synapse, program: Program, largest: int, device: torch.device
) -> list[Tensor]:
    """Return a layer's weights for each delay, in a type in which its sums are exact.

    `largest` is the largest magnitude of what the layer reads. Weights that are the same at every
    pixel of a channel are returned once for the channel, see `channels_of`.
    """
    # Every partial sum, in any order, is within the sum of all magnitudes.
    kind = exact_matmul_type(largest_row(node.narrow_weight) * max(largest, 1))
    if device.type == "cuda":
        # Tensor cores may round factors of single precision to eleven bits.
        kind = torch.float64
    parts = [part for _, part in node.delayed_weights]
    if len(parts) == 1:
        parts = [channel_weights(node, parts[0], program)]
    return [_converted(part, kind, device) for part in parts]


def most_reached(weight: NarrowIntegers) -> int:
    """Return a bound of an output's sum of magnitudes, at little cost."""
    heaviest = 128
    if weight.dtype != np.int8:
        heaviest = max(-int(weight.min()), int(weight.max()))
    return heaviest * (weight.size // len(weight))


def largest_row(weight: NarrowIntegers) -> int:
    """Return the largest sum of an output's magnitudes."""
    return max((_magnitude(weight[rows]) for rows in row_pieces(weight)), default=0)


def may_wrap(node: Synapse, proved: Ranges) -> bool:
    """Return whether a sum might leave its accumulator."""
    source = proved.values[node.source.source].hull(ZERO)
    weight = node.narrow_weight
    if weight.size == 0 or most_reached(weight) * source.largest() < 1 << (
        node.accumulator_bits - 1
    ):
        return False
    total = node.sum_range(source)
    return total.wrapped(node.accumulator_bits) != total


def channel_weights(node: Synapse, weight: NarrowIntegers, program: Program) -> NarrowIntegers:
    """Return the weights of channels, if all pixels of a channel weigh the same, else all."""
    channels = _channels_alike(node, weight, program)
    return weight.reshape(len(weight), channels, -1)[:, :, 0] if channels else weight


def channels_of(values: Tensor, channels: int) -> Tensor:
    """Return the sum of each channel's pixels, if so many channels are read and not pixels."""
    if values.shape[-1] == channels:
        return values
    return values.reshape(*values.shape[:-1], channels, -1).sum(-1)


def _channels_alike(node: Synapse, weight: NarrowIntegers, program: Program) -> int:
    """Return the channels of a flattened image whose pixels all weigh the same; 0 otherwise.

    The weights behind a pool over the whole image do.
    """
    flat = program.by_name[node.source.source]
    if not isinstance(node, Dense) or not isinstance(flat, Flatten):
        return 0
    shape = program.shapes[flat.sources[0].source]
    if prod(shape[1:]) == 1 or weight.shape[1] != prod(shape):
        return 0
    pieces = (weight[rows].reshape(-1, shape[0], prod(shape[1:])) for rows in row_pieces(weight))
    alike = all(bool((piece == piece[:, :, :1]).all()) for piece in pieces)
    return shape[0] if alike else 0


def _magnitude(rows: NarrowIntegers) -> int:
    """Return the largest sum of a row's magnitudes."""
    sizes = np.abs(rows.reshape(len(rows), -1).astype(np.int64))
    return int(sizes.sum(axis=1).max(initial=0))


def _converted(part: NarrowIntegers, kind: torch.dtype, device: torch.device) -> Tensor:
    result = torch.empty(part.shape, dtype=kind, device=device)
    for rows in row_pieces(part):
        result[rows] = torch.from_numpy(part[rows].astype(np.float64)).to(device)
    return result
