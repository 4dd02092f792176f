"""Spikes as bits, eight a byte, and back."""

from __future__ import annotations

from functools import cache
from math import prod

import torch
from torch import Tensor


def to_bits(spikes: Tensor) -> Tensor:
    """Pack zeros and ones into bytes of eight; zeros fill the last byte."""
    flat = spikes.reshape(-1)
    short = -flat.numel() % 8
    if short:
        flat = torch.nn.functional.pad(flat, (0, short))
    # One pass; eight bits are exact in every type of floats.
    return (flat.view(-1, 8) @ _powers(flat.dtype, flat.device)).to(torch.uint8)


def from_bits(bits: Tensor, shape: torch.Size, kind: torch.dtype) -> Tensor:
    """Unpack spikes of a shape and type."""
    table = _table(kind, bits.device)
    return table[bits.int()].view(-1)[: prod(shape)].view(shape)


@cache
def _powers(kind: torch.dtype, device: torch.device) -> Tensor:
    return (2.0 ** torch.arange(8, device=device)).to(kind)


@cache
def _table(kind: torch.dtype, device: torch.device) -> Tensor:
    """Return the eight spikes of every byte."""
    bytes_ = torch.arange(256, device=device).unsqueeze(1)
    return ((bytes_ >> torch.arange(8, device=device)) & 1).to(kind)
