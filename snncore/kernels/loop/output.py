"""The form of a loop's spikes: in the input's type, as bytes, or as bits."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import prod

import torch
from torch import Tensor

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Op


class Output(StrEnum):
    """The type of a neuron layer's output; narrow ones carry no gradient."""

    INPUT = "input"
    BYTES = "uint8"
    # Eight neurons a byte, the first in the lowest bit, all neurons of a step in a row.
    BITS = "bits"


def check_output(equations: Equations, output: Output) -> None:
    """Check that the output of the equations fits the type.

    Raises:
        ValueError: if it does not; names the neuron.
    """
    fits = {Output.INPUT: True, Output.BYTES: _counts(equations), Output.BITS: _fires(equations)}
    if not fits[output]:
        content = "a spike" if output == Output.BITS else "a count of spikes"
        raise ValueError(
            f"{equations.name}.output: {output.value!r} holds {content}, and this neuron hands out "
            'something else (use output="input")'
        )


def _fires(equations: Equations) -> bool:
    return equations.operations[equations.output].op == Op.SPIKE


def _counts(equations: Equations) -> bool:
    # By operation: how many spikes it adds up, if it does nothing else.
    spikes: list[int | None] = []
    for operation in equations.operations:
        read = [spikes[arg] for arg in operation.args]
        added = [count for count in read if count is not None]
        count = 1 if operation.op == Op.SPIKE else None
        if operation.op == Op.ADD and len(added) == len(read):
            count = sum(added)
        spikes.append(count)
    total = spikes[equations.output]
    return total is not None and total < 256


def output_like(sequence: Tensor, output: Output, kind: torch.dtype) -> Tensor:
    """Allocate the output for this input."""
    if output == Output.BITS:
        steps, *shape = sequence.shape
        return sequence.new_empty((steps, -(-prod(shape) // 8)), dtype=torch.uint8)
    if output == Output.BYTES:
        return sequence.new_empty(sequence.shape, dtype=torch.uint8)
    kind = sequence.dtype if sequence.dtype.is_floating_point else kind
    return sequence.new_empty(sequence.shape, dtype=kind)


def narrowed(spikes: Tensor, output: Output, kind: torch.dtype) -> Tensor:
    """Convert a loop's spikes to the requested type."""
    if output == Output.BITS:
        return pack(spikes)
    return spikes.to(torch.uint8 if output == Output.BYTES else kind)


def pack(spikes: Tensor) -> Tensor:
    """Pack spikes (T, N, ...) into bits (T, bytes): the first of eight in the lowest bit."""
    rows = spikes.reshape(spikes.shape[0], -1) != 0
    rows = torch.nn.functional.pad(rows, (0, -rows.shape[1] % 8))
    weights = 1 << torch.arange(8, device=spikes.device)
    return (rows.view(rows.shape[0], -1, 8) * weights).sum(-1).to(torch.uint8)


def unpack(bits: Tensor, shape: Sequence[int], kind: torch.dtype = torch.float32) -> Tensor:
    """Unpack spikes (T, *shape) from bits (T, bytes).

    Raises:
        ValueError: if the bits are not those of this shape.
    """
    neurons = prod(shape)
    if bits.dtype != torch.uint8 or bits.ndim != 2 or bits.shape[1] != -(-neurons // 8):
        actual = f"{bits.dtype} {tuple(bits.shape)}"
        raise ValueError(f"unpack: {actual} is not the bits of neurons of {tuple(shape)}")
    rows = bits.unsqueeze(-1) >> torch.arange(8, device=bits.device, dtype=torch.uint8) & 1
    return rows.view(bits.shape[0], -1)[:, :neurons].reshape(-1, *shape).to(kind)
