"""A block: synapses and the neurons they drive, as chips and their formats see a layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from quant.neuron import CubaLIF
from quant.synapse import Conv2d, Linear, SumPool2d
from snncore import layer

Synapse = Linear | Conv2d | SumPool2d


class Block(layer.Layer):
    """One layer of a chip; a bias of the synapse is added to the neurons' voltage."""

    def __init__(self, synapse: Synapse, neuron: CubaLIF) -> None:
        super().__init__()
        if synapse.exponent != neuron.exponent:
            raise ValueError(
                f"Block: the synapse counts in 2^{synapse.exponent} and the neuron in "
                f"2^{neuron.exponent} (give both the same exponent)"
            )
        if synapse.format != neuron.format:
            raise ValueError("Block: the synapse and the neuron are of different formats")
        if synapse.bias is not None and neuron.bias is not None:
            raise ValueError("Block: the synapse and the neuron each have a bias (choose one)")
        self.synapse = synapse
        self.neuron = neuron
        synapse.in_block = True

    @property
    def bias(self) -> Tensor | None:
        """The bias of whichever has one."""
        bias: Any = self.synapse.bias if self.synapse.bias is not None else self.neuron.bias
        return bias if isinstance(bias, torch.Tensor) else None

    def forward(self, x: Tensor) -> Tensor:
        """The spikes."""
        spikes: Tensor = self.neuron(self.synapse(x), bias=self.bias)
        self.input_shape = self.synapse.input_shape
        return spikes
