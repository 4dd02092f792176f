"""Blocks of synapses and the neurons that they drive: the layers of chips and their formats."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from quant.grid.exact import without_autocast
from quant.grid.gpu.folding import WholeBias, folded, folds
from quant.grid.gpu.statistics import observes
from quant.grid.noted import keep_promise
from quant.grid.straight_through import Unit
from quant.layer.at_once import Inside
from quant.layer.synapse import GridLayer, SumPool2d
from quant.neuron.chip_neuron import ChipNeuron, Integers
from snncore import layer
from snncore.layer.steps import is_constant
from snncore.one_node import OneNode, one_node

Synapse = GridLayer | SumPool2d


class Block(OneNode, layer.Layer):
    """One layer of a chip; a bias of the synapse is added to the neurons' voltage.

    A batch norm between the two is folded into the weights before they are rounded, also during
    training: the forward pass uses the weights that the chip will hold.
    """

    def __init__(
        self, synapse: Synapse, neuron: ChipNeuron, *, norm: layer.BatchNorm | None = None
    ) -> None:
        super().__init__()
        if synapse.log2 is None and synapse.exponent != neuron.exponent:
            raise ValueError(
                f"Block: the synapse counts in 2^{synapse.exponent} and the neuron in "
                f"2^{neuron.exponent} (give both the same exponent)"
            )
        if synapse.format != neuron.format:
            raise ValueError("Block: the synapse and the neuron are of different formats")
        if synapse.bias is not None and neuron.bias is not None:
            raise ValueError("Block: the synapse and the neuron each have a bias (choose one)")
        if norm is not None and synapse.weight is None:
            raise ValueError("Block: a pool has no weights to fold a batch norm into")
        self.synapse = synapse
        self.neuron = neuron
        self.norm = norm
        synapse.in_block = True

    @property
    def bias(self) -> Tensor | None:
        """The bias of the synapse or of the neurons."""
        bias: Any = self.synapse.bias if self.synapse.bias is not None else self.neuron.bias
        return bias if isinstance(bias, torch.Tensor) else None

    @property
    def unit(self) -> Unit:
        """The value of one integer."""
        return self.synapse.unit

    def set_exponents(self, values: Tensor) -> None:
        """Give the layer, or every channel, a unit of 2 to these exponents.

        Raises:
            ValueError: if the synapse is a pool, whose unit is chosen when it is created.
        """
        self.synapse.set_exponents(values)
        self.neuron.exponent = self.synapse.exponent

    def folded(self) -> tuple[Tensor | None, Tensor | None]:
        """Return weights and bias in evaluation, with the batch norm folded in, before rounding.

        A pool has no weights.
        """
        weight = self.synapse.weight
        if self.norm is None or weight is None:
            return weight, self.bias
        return _folded(weight, self.bias, *self.norm.folded())

    def integer_weight(self) -> Tensor:
        """Return the chip's integers."""
        return self.synapse.integer_weight(self.folded()[0])

    def integers(self) -> Integers:
        """Return the neurons' parameters in the chip's integers."""
        return self.neuron.integers(self.unit, self.folded()[1])

    def result_like(self, x: Tensor) -> Tensor:
        """Return a tensor of the spikes' shape and type."""
        synapse: Any = self.synapse
        sums: Tensor = synapse.sums(x.float(), synapse.weight, None)
        return sums

    def stateful(self) -> ChipNeuron:
        """Return the neurons, whose states go on."""
        return self.neuron

    def changing(self) -> list[Tensor]:
        """Return the batch norm's statistics while it learns."""
        norm = self.norm
        if norm is None or not (self.training and not norm.frozen):
            return []
        return [norm.running_mean, norm.running_var, norm.num_batches_tracked]

    @one_node
    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        drive, most, bias = self._driven(x)
        spikes: Tensor = self.neuron(drive, bias=bias, unit=self.unit, most=most)
        self.input_shape = self.synapse.input_shape
        return spikes

    def _driven(self, x: Tensor) -> tuple[Tensor, float | None, Tensor | WholeBias | None]:
        """Return the sums of rounded weights, a bound of them in units, and the bias."""
        synapse, norm = self.synapse, self.norm
        weight = synapse.weight
        if not isinstance(synapse, GridLayer) or weight is None:
            weight, bias = self._seen(x)
            return *synapse.driven(x, weight), bias
        inside = Inside(self.bias, norm, self._learns())
        done = synapse.at_once.sums(synapse, x, inside)
        if done is not None:
            return done
        if not folds(weight, synapse.format):
            weight, bias = self._seen(x)
            return *synapse.driven(x, weight), bias
        rounding, bias = synapse.rounding(), inside.bias
        if norm is None or not inside.learns:
            rounded, whole = folded(weight, rounding, norm, None, bias)
            drive, most = synapse.weighted(x, rounded)
            synapse.at_once.learn(synapse, x, inside, drive)
            return drive, most, whole
        images = _merged(x, norm.axes)
        with without_autocast(x):
            sums = synapse.sums(images, weight, bias)
        observed = observes(sums, norm)
        if observed:
            rounded, whole = folded(weight, rounding, norm, None, bias, sums)
        else:
            rounded, whole = folded(weight, rounding, norm, norm.observed(sums), bias)
        drive, most = synapse.weighted(images, rounded)
        if observed:
            synapse.at_once.learn(synapse, x, inside, sums)
        return drive.reshape(*x.shape[: x.ndim - images.ndim + 1], *drive.shape[1:]), most, whole

    def _learns(self) -> bool:
        """Return whether the batch norm uses the batch's statistics."""
        return self.norm is not None and self.training and not self.norm.frozen

    def _observed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the variance of each channel's sums in this batch."""
        norm, weight = self.norm, self.synapse.weight
        assert norm is not None
        assert weight is not None
        with without_autocast(x):
            return norm.observed(self.synapse.sums(x, weight, self.bias))

    def _seen(self, x: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return weights and bias with folded batch norm; it uses the batch while it learns."""
        norm, weight = self.norm, self.synapse.weight
        if norm is None or weight is None or not self._learns():
            return self.folded()
        return _folded(weight, self.bias, *norm.folded(self._observed(x)))


def _merged(x: Tensor, axes: int | None) -> Tensor:
    """Return a sequence of images with time merged into the batch, for two layers at once."""
    if axes is None or x.ndim != axes + 2 or is_constant(x, axes):
        return x
    images = x.reshape(-1, *x.shape[2:])
    keep_promise(x, images)
    return images


def _folded(
    weight: Tensor, bias: Tensor | None, scale: Tensor, offset: Tensor
) -> tuple[Tensor, Tensor]:
    rows = scale.reshape(-1, *[1] * (weight.ndim - 1))
    return weight * rows, offset if bias is None else offset + bias * scale
