"""Spikes that wait for the backward pass as bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import torch
from torch import Tensor, nn

from snncore.neuron import EquationNeuron
from snncore.training.bits import from_bits, to_bits


@dataclass(frozen=True)
class _Packed:
    """A tensor of spikes as bits."""

    bits: Tensor
    shape: torch.Size
    kind: torch.dtype


@contextmanager
def compressed_spikes(network: nn.Module) -> Iterator[None]:
    """Keep the spikes that layers save for the backward pass as bits within this block.

    Gradients are the same to the bit. The backward pass may run outside the block.
    """
    # By their place in memory, which nothing else can take while they are alive.
    spikes: WeakValueDictionary[int, Tensor] = WeakValueDictionary()

    def note(module: nn.Module, inputs: Any, output: Tensor) -> None:
        spikes[output.data_ptr()] = output

    def pack(value: Tensor) -> Tensor | _Packed:
        noted = spikes.get(value.data_ptr()) if value.numel() else None
        same = noted is not None and noted.numel() == value.numel() and noted._version == 0
        if not same or not value.is_contiguous() or not value.is_floating_point():
            return value
        return _Packed(to_bits(value.detach()), value.shape, value.dtype)

    def unpack(value: Tensor | _Packed) -> Tensor:
        if isinstance(value, Tensor):
            return value
        return from_bits(value.bits, value.shape, value.kind)

    handles = [
        module.register_forward_hook(note)
        for module in network.modules()
        if isinstance(module, EquationNeuron) and _fires(module)
    ]
    try:
        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            yield
    finally:
        for handle in handles:
            handle.remove()


def _fires(module: EquationNeuron) -> bool:
    """Return whether the output is a single spike, and not a count or a voltage."""
    from snncore.dynamics.expression import Op

    equations = module.equations
    return equations.operations[equations.output].op == Op.SPIKE
