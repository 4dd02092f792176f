"""Networks built from containers, as in other libraries: a torch layer and neurons in one block."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from quant.convert.layers import Conversion, DrivingPart
from quant.convert.plain import our_layer
from quant.grid.registry import format_or_default
from quant.layer.block import Block
from snncore import layer, neuron


def BlockContainer(  # noqa: N802
    synapse: nn.Module,
    neurons: neuron.Neuron,
    *,
    norm: layer.BatchNorm | None = None,
    format: Any = None,  # noqa: A002
    exponent: int | None = None,
) -> Block:
    """Return a block of a linear layer or a convolution (torch's or ours) and float neurons.

    The neurons become the chip's nearest, and the weights are copied.

    Raises:
        ValueError: if it is another layer, or the chip has no near neuron.
    """
    form = format_or_default(format)
    part = DrivingPart(_ours(synapse), norm, 1.0)
    unit = torch.tensor(float(form.exponent_or(exponent)))
    return Conversion(form, "fixed", False).block(part, neurons, "BlockContainer", unit)


def _ours(synapse: nn.Module) -> nn.Module:
    converted = our_layer(synapse, "BlockContainer") or synapse
    if not isinstance(converted, layer.Linear | layer.Conv2d):
        kind = type(synapse).__name__
        raise ValueError(f"BlockContainer: {kind} is not a Linear or Conv2d")
    return converted
