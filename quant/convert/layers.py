"""The conversion of single float layers to layers on a chip's grid."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, frexp, log2
from typing import Any

import torch
from torch import Tensor, nn

import quant.neuron.cuba
from quant.convert.encoding.driven import driven_neurons
from quant.convert.neurons.near import READOUT, Nearest
from quant.convert.neurons.nearest import nearest
from quant.grid.exact import require_accumulator
from quant.grid.formats import ChipFormat
from quant.grid.registry import format_with, graded_format
from quant.grid.scale import Scale, best_exponents, unit_of_one
from quant.layer.attention import SpikeAttention
from quant.layer.block import Block
from quant.layer.convolution import Conv1d, Conv2d, Conv3d
from quant.layer.synapse import GridLayer, Linear, SumPool2d
from quant.neuron.chip_neuron import ChipNeuron
from quant.neuron.cuba import CubaLIF, DrivenCubaLIF
from quant.neuron.integer_step import largest_sent
from quant.neuron.integrator import LeakyIntegrator
from quant.neuron.own import Defined
from quant.neuron.own_equations import own_equations
from snncore import layer, neuron
from snncore.dynamics.zoo.driven import driven
from snncore.neuron.parameters import Given

# The register in which sums of spikes drive neurons without weights.
_COUNT_BITS = 32
# More units than a sum of weights reaches in most networks.
_LARGEST_DRIVE = 1 << 24


@dataclass(frozen=True)
class DrivingPart:
    """Weights and perhaps a batch norm, whose input is `gain` times the float network's.

    One input is at most `largest`: a pool adds up, a neuron may count, and an encoder has bits.
    """

    synapse: Any
    norm: layer.BatchNorm | None
    gain: float
    largest: int = 1

    @property
    def most(self) -> int:
        """The largest number of spikes in a sum; none of them counts where the input is a mean."""
        counts = self.largest > ceil(self.gain)
        return self.largest * int(self.synapse.weight[0].numel()) if counts else 0

    def read_out(self) -> DrivingPart:
        """Return the part for a readout, whose register saturates: sums of counts need not fit."""
        return replace(self, largest=min(self.largest, ceil(self.gain)))

    def scaled(self, factor: float) -> DrivingPart:
        """Return the part whose sums are `factor` times as large."""
        if factor == 1.0:
            return self
        synapse, norm = copy.deepcopy(self.synapse), copy.deepcopy(self.norm)
        owner: Any = synapse if norm is None else norm
        if owner.weight is None:
            raise ValueError("a batch norm without weights cannot be scaled (use affine=True)")
        with torch.no_grad():
            owner.weight.mul_(factor)
            if owner.bias is not None:
                owner.bias.mul_(factor)
        return replace(self, synapse=synapse, norm=norm)

    def weight(self) -> Tensor:
        """Return the weights for the unscaled input."""
        weight: Tensor = self.synapse.weight.detach() / self.gain
        return weight

    def folded(self) -> tuple[Tensor, Tensor | None]:
        """Return weights and bias with the batch norm folded in."""
        weight, bias = self.weight(), self.synapse.bias
        if self.norm is None:
            return weight, None if bias is None else bias.detach()
        scale, offset = (value.detach() for value in self.norm.folded())
        rows = scale.reshape(-1, *[1] * (weight.ndim - 1))
        return weight * rows, offset if bias is None else offset + bias.detach() * scale


class Conversion:
    """A converter to layers of one format, or of its variant for layers behind an encoder."""

    def __init__(self, form: ChipFormat, scale: str, per_channel: bool) -> None:
        self.form, self.scale, self.per_channel = form, Scale(scale), per_channel

    @cached_property
    def graded(self) -> Conversion:
        """The converter of layers that read an encoder's integers, or counts as large."""
        return Conversion(graded_format(self.form), self.scale, self.per_channel)

    def _for(self, *parts: DrivingPart) -> Conversion:
        """Return the converter of layers with such weights.

        Where a chip's sums are smaller than the counts themselves, no weights would be left.
        """
        limit = self.form.fan_in
        fits = limit is None or all(part.most <= limit for part in parts)
        return self if fits or self.graded.form == self.form else self.graded

    def block(
        self, part: DrivingPart, module: neuron.Neuron, name: str, exponents: Tensor | None = None
    ) -> Block:
        """Return weights, batch norm and neurons as a block, in the given or best-fitting unit."""
        near = nearest(module, self.form, name)
        threshold = near.threshold()
        if threshold is None:
            part = part.read_out()
        elif self._for(part) is not self:
            return self._for(part).block(part, module, name, exponents)
        # The channels of a readout are compared with one another, so they share a unit.
        channels = self.per_channel and threshold is not None
        if threshold is None:
            part = part.scaled(near.gain)
        if exponents is None:
            weight, most = part.folded()[0], part.largest
            exponents = best_exponents(
                weight,
                near.form(self.form),
                threshold,
                per_channel=channels,
                name=name,
                inputs=most,
            )
        bias = torch.as_tensor(near.bias, dtype=torch.float32)
        if part.norm is not None and bool(bias.any()):
            raise ValueError(f"{name}: a batch norm and the neurons each add a bias (choose one)")
        needed = part.synapse.bias is not None or bool(bias.any())
        synapse = self._synapse(part, exponents, needed, self.scale, channels)
        with torch.no_grad():
            synapse.weight.copy_(part.weight())
            if synapse.bias is not None:
                own = part.synapse.bias
                synapse.bias.copy_((bias if own is None else bias + own).expand_as(synapse.bias))
        if part.largest > ceil(part.gain) and not bool(synapse.integer_weight().any()):
            raise ValueError(
                f"{name}: reads counts of up to {part.largest}, for which {self.form.name} has no "
                "weights but zeros (put neurons between them)"
            )
        return Block(synapse, self._neurons(near, int(exponents.min())), norm=part.norm)

    def pooled(self, pool: layer.SumPool2d, module: neuron.Neuron, name: str, gain: float) -> Block:
        """Return neurons driven by a pool, which adds up, so their threshold grows by as much."""
        near, exponent = self._counting(module, name, gain, "a pool")
        pooling = SumPool2d(pool.kernel_size, pool.stride, exponent=exponent, format=self.form)
        return Block(pooling, self._neurons(near, exponent, gain, like_bias=near.bias * gain))

    def attended(self, module: neuron.Neuron, name: str, gain: float, most: int) -> ChipNeuron:
        """Return neurons driven by sums of spikes up to `most`, so their threshold grows alike."""
        near, exponent = self._counting(module, name, gain, "sums of spikes")
        require_accumulator(name, most * 2.0**-exponent, _COUNT_BITS)
        return self._neurons(near, exponent, gain, like_bias=near.bias * gain)

    def _counting(
        self, module: neuron.Neuron, name: str, gain: float, read: str
    ) -> tuple[Nearest, int]:
        """Return the chip's neuron whose input counts, and the unit of one."""
        near = nearest(module, self.form, name)
        if near.threshold() is None:
            raise ValueError(f"{name}: reads out {read} (put layer.Linear between them)")
        threshold = near.threshold() * gain
        return near, unit_of_one(near.form(self.form), threshold, name)

    def encoded(self, module: neuron.Neuron, name: str, gain: float, largest: int) -> ChipNeuron:
        """Return neurons that an encoder's integers drive: input neurons, if the chip has them.

        Of others, the threshold grows with the integers.
        """
        near = nearest(module, self.form, name)
        if near.threshold() is None:
            raise ValueError(f"{name}: reads out an encoder (put layer.Linear between them)")
        if near.kind == CubaLIF.__name__:
            form = format_with(driven(self.form.system), DrivenCubaLIF.__name__)
            if form is not None:
                return driven_neurons(near, form, name, gain, largest)
        exponent = unit_of_one(near.form(self.form), near.threshold() * gain, name)
        return self._neurons(near, exponent, gain, like_bias=near.bias * gain)

    def joined(
        self, parts: Sequence[DrivingPart], module: neuron.Neuron, name: str, bare: Sequence[float]
    ) -> tuple[ChipNeuron, list[GridLayer]]:
        """Return neurons that several layers of weights and spikes drive, in one unit for all."""
        near = nearest(module, self.form, name)
        if any(gain != 1.0 for gain in bare):
            words = "adds a mean, or what an encoder returns"
            raise ValueError(f"{name}: {words} (put layer.Conv2d or neurons behind it)")
        threshold = near.threshold()
        if threshold is not None and self._for(*parts) is not self:
            return self._for(*parts).joined(parts, module, name, bare)
        if threshold is None:
            parts = [part.read_out().scaled(near.gain) for part in parts]
            if bare:
                raise ValueError(f"{name}: reads out plain spikes (put layer.Linear before it)")
        folded = [part.folded() for part in parts]
        flat = [weight.reshape(1, -1) for weight, _ in folded] + [torch.ones(1, 1)] * bool(bare)
        weights, options = torch.cat(flat, 1), {"per_channel": False, "fan_in": False}
        exponent = best_exponents(
            weights, near.form(self.form), threshold, name=name, spikes=bool(bare), **options
        )
        near = self._clipping(near, weights, int(exponent)) if bare else near
        synapses = [self._synapse(part, exponent, False, Scale.FIXED, False) for part in parts]
        with torch.no_grad():
            for synapse, (weight, _) in zip(synapses, folded, strict=True):
                synapse.weight.copy_(weight)
        bias: Any = near.bias
        for _, norm_bias in folded:
            bias = bias if norm_bias is None else bias + norm_bias
        return self._neurons(near, int(exponent), like_bias=bias), synapses

    def largest_sent(self, module: neuron.Neuron, name: str) -> int:
        """Return the largest size of what one of these neurons sends in a step."""
        near = nearest(module, self.form, name)
        if near.kind != Defined.__name__:
            return 1
        own = own_equations(near.options["equations"], near.options.get("fraction"))
        return largest_sent(own.biased, own.system(self.form))

    def _clipping(self, near: Nearest, weights: Tensor, exponent: int) -> Nearest:
        """Add a note if plain spikes keep a unit so small that weights clip."""
        grid, unit = self.form.weights, 2.0**exponent
        half = grid.step / 2
        low, high = (grid.minimum - half) * unit, (grid.maximum + half) * unit
        if bool(((weights >= low) & (weights <= high)).all()):
            return near
        words = f"weights beyond {grid.minimum * unit:g} to {grid.maximum * unit:g} are clipped"
        note = f"{words}: plain spikes keep the unit at 2^{exponent}"
        return replace(near, deviations=(*near.deviations, note))

    def _synapse(
        self, part: DrivingPart, exponents: Tensor, bias: bool, scale: Scale, per_channel: bool
    ) -> GridLayer:
        module = part.synapse
        config = {key: value for key, value in module.config().items() if key != "bias"}
        kind: Any = _ON_GRID[type(module)]
        options: dict[str, Any] = {"scale": scale.value, "per_channel": per_channel}
        options |= {"format": self.form, "largest_input": part.largest}
        synapse: GridLayer = kind(**config, bias=bias, exponent=int(exponents.min()), **options)
        synapse.set_exponents(exponents)
        return synapse

    def _neurons(
        self, near: Nearest, exponent: int, gain: float = 1.0, like_bias: Given = 0.0
    ) -> ChipNeuron:
        bias = torch.as_tensor(like_bias, dtype=torch.float32)
        if bias.ndim == 0 and bool(bias.any()):
            raise ValueError("a bias of all neurons together (give one a channel)")
        own = {"Defined": Defined, READOUT: LeakyIntegrator}
        kind: Any = own.get(near.kind) or getattr(quant.neuron.cuba, near.kind)
        count = bias.numel() if bool(bias.any()) else None
        options: dict[str, Any] = {"bias": count, "format": self.form, "exponent": exponent}
        options |= {"units_above": near.units_above} | near.options | near.scaled(gain)
        try:
            neurons: ChipNeuron = kind(**options)
            if near.largest is not None:
                neurons.require_exact(_LARGEST_DRIVE)
        except ValueError as error:
            raise ValueError(f"{near.layer}: {error}" if near.layer else str(error)) from error
        neurons.deviations = near.deviations
        if neurons.bias is not None:
            with torch.no_grad():
                neurons.bias.copy_(bias.detach())
        return neurons


# By float layer of weights: the same on a grid.
_ON_GRID: dict[type[nn.Module], Any] = {
    layer.Linear: Linear,
    layer.Conv1d: Conv1d,
    layer.Conv2d: Conv2d,
    layer.Conv3d: Conv3d,
}


def adding_pool(module: Any, name: str) -> tuple[Any, float]:
    """Return a pool that adds up, and the ratio of its result to the float one.

    Raises:
        ValueError: if its windows are not known, or padded.
    """
    if isinstance(module, layer.AdaptiveAvgPool2d | layer.AdaptiveSumPool2d):
        if module.input_shape is None:
            raise ValueError(f"{name}: the size of its image is not known (give an example)")
        height, width = module.windows(*module.input_shape[-2:])
        adds = isinstance(module, layer.AdaptiveSumPool2d)
        return layer.SumPool2d((height, width)), 1.0 if adds else float(height * width)
    if isinstance(module, layer.AvgPool2d):
        if any(module.padding) or module.ceil_mode:
            raise ValueError(
                f"{name}: a padded mean is not a sum (leave out padding and ceil_mode)"
            )
        (height, width), (down, right) = module.kernel_size, module.stride
        return layer.SumPool2d((height, width), (down, right)), float(height * width)
    return module, 1.0


def refuse_gaps(module: nn.Module | None, name: str) -> None:
    """Check that a pool's windows have no gaps and stay within the image.

    Raises:
        ValueError: otherwise; names the layer.
    """
    gaps = isinstance(module, layer.MaxPool1d | layer.MaxPool2d) and (
        module.ceil_mode or max(module.dilation) > 1
    )
    if gaps:
        raise ValueError(
            f"{name}: a chip has no pool with gaps, or beyond the image (leave out "
            "dilation and ceil_mode)"
        )


def whole_attention(
    module: layer.SpikeAttention, name: str, sent: int
) -> tuple[SpikeAttention, int]:
    """Return attention that nothing scales, and the largest size of its sums.

    Raises:
        ValueError: if the size of its image is not known, or no shift undoes its scale.
    """
    scale = module.scale
    if not scale > 0 or frexp(scale)[0] != 0.5:
        near = 2.0 ** round(log2(scale)) if scale > 0 else 0.125
        raise ValueError(
            f"{name}: scales by {scale:g}, and integers are scaled by shifts (use a power of two, "
            f"such as scale={near:g}, with thresholds behind it to match)"
        )
    if module.input_shape is None:
        raise ValueError(f"{name}: the size of its image is not known (give an example)")
    attention = SpikeAttention(module.heads, largest_input=sent)
    attention.require_exact(name, *module.input_shape)
    return attention, attention.largest_sum(*module.input_shape)


def votes_as_weights(module: layer.Vote, name: str) -> layer.Linear:
    """Return dense weights that compute the votes, one share for each voter.

    Raises:
        ValueError: if the number of neurons is not known, or does not divide.
    """
    if module.input_shape is None:
        raise ValueError(f"{name}: the number of its voters is not known (give an example)")
    (count,) = module.input_shape
    votes = module.weights(count)
    weights = layer.Linear(count, len(votes), bias=False)
    with torch.no_grad():
        weights.weight.copy_(votes)
    return weights
