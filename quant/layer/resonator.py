"""Resonators on a chip's grid, and the complex weights that drive them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from quant.grid.exact import counted, largest
from quant.grid.formats import ChipFormat, Grid
from quant.grid.gpu.folding import WholeBias
from quant.grid.registry import format_or_default
from quant.grid.straight_through import Unit
from quant.layer.synapse import Linear
from quant.neuron.chip_neuron import ChipNeuron
from quant.neuron.integer_step import BoundedStep
from quant.neuron.register import Register, registers
from snncore import layer
from snncore.dynamics import Equations
from snncore.dynamics.zoo.resonator import ADAPTIVE_RESONATOR, RESONATOR, resetting_resonator
from snncore.kernels import run_sequence
from snncore.neuron.parameters import Given
from snncore.one_node import OneNode, one_node


class _Turning(ChipNeuron):
    """A complex state that turns and decays.

    `sine` and `cosine` are those of a step's angle, times the share of the state that a step
    leaves.
    The input has both parts, the real and the imaginary, before the last axis.
    """

    _voltage = "real"

    def __init__(self, equations: Equations, values: dict[str, Given], **options: Any) -> None:
        form: ChipFormat = options["format"]
        # The turns of a step are multiples of a decay's smallest step, with a sign.
        bits = form.decays.bits
        turns = Grid(-(1 << bits), 1 << bits)
        table = [Register(name, turns, bits) for name in ("sine", "cosine")]
        table += registers(form, [name for name in values if name not in ("sine", "cosine")])
        super().__init__(equations, values, bias=None, registers=table, **options)

    def config(self) -> dict[str, Any]:
        """Return the arguments of an equal module as plain data."""
        config = super().config()
        config.pop("bias")
        return config

    def result_like(self, x: Tensor) -> Tensor:
        """Return a tensor of the spikes' shape and type."""
        return x.select(-2, 0).float()

    def _integrate(
        self, sequence: Tensor, *, bias: Tensor | WholeBias | None, unit: Unit, most: float | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        if sequence.ndim != 4 or sequence.shape[2] != 2:
            shape, kind = tuple(sequence.shape), type(self).__name__
            raise ValueError(f"{kind}: takes (T, N, 2, neurons), but its input is {shape}")
        parts = sequence.unbind(2)
        parameters = {
            name: self._shaped(name, value, parts[0]) for name, value in self.integers(unit).items()
        }
        bounds = self._reached(largest(sequence) / float(unit), parameters)
        step = BoundedStep(self.equations, self.system, self._drive, bounds)
        stepper = self._eager(step, self._spike_rule(), parameters)
        observer = None if self.record is None else self._observe
        inputs = tuple(counted(part, unit) for part in parts)
        return run_sequence(stepper, self._states_for(parts[0][0]), inputs, observer)


class Resonator(_Turning):
    """A complex state that turns and decays; it fires by its phase, or `resets` at its threshold.

    `sine` and `cosine` are those of a step's angle, times the share of the state that a step
    leaves.
    The input has both parts, the real and the imaginary, before the last axis.
    """

    def __init__(
        self,
        threshold: Given = 1.0,
        *,
        sine: Given = 0.5,
        cosine: Given = 0.8,
        resets: bool = False,
        exponent: int | None = None,
        format: Any = None,  # noqa: A002
        **options: Any,
    ) -> None:
        self.resets = bool(resets)
        values = {"sine": sine, "cosine": cosine, "threshold": threshold}
        form = format_or_default(format, type(self).__name__)
        # The neuron's own check refuses a format without a resonator's states.
        form.require_neuron(type(self).__name__)
        fraction = form.system.state("imag").fraction
        equations = resetting_resonator(fraction) if resets else RESONATOR
        super().__init__(equations, values, exponent=exponent, format=form, **options)

    def config(self) -> dict[str, Any]:
        """Return the arguments of an equal module as plain data."""
        return super().config() | {"resets": self.resets}


class AdaptiveResonator(_Turning):
    """A resonator that fires by its phase, and whose threshold rises with every spike.

    `format` has to be one with such neurons, which no chip of ours has.
    """

    def __init__(
        self,
        threshold: Given = 1.0,
        *,
        sine: Given = 0.5,
        cosine: Given = 0.8,
        threshold_step: Given = 0.1,
        threshold_decay: Given = 0.1,
        refractory_decay: Given = 0.1,
        exponent: int | None = None,
        format: Any,  # noqa: A002
        **options: Any,
    ) -> None:
        values = {"sine": sine, "cosine": cosine, "threshold": threshold}
        values |= {"threshold_step": threshold_step, "threshold_decay": threshold_decay}
        values |= {"refractory_decay": refractory_decay}
        form = format_or_default(format)
        super().__init__(ADAPTIVE_RESONATOR, values, exponent=exponent, format=form, **options)


class ComplexBlock(OneNode, layer.Layer):
    """Two layers of weights, real and imaginary, and the resonators that they drive."""

    def __init__(self, real: nn.Module, imag: nn.Module, neuron: nn.Module) -> None:
        super().__init__()
        if not (isinstance(real, Linear) and isinstance(imag, Linear)):
            raise TypeError("ComplexBlock: complex weights are two layers of dense weights")
        if not isinstance(neuron, _Turning):
            raise TypeError(f"ComplexBlock: {type(neuron).__name__} is not a resonator")
        for part in (real, imag):
            if part.bias is not None or part.log2 is not None:
                raise ValueError("ComplexBlock: resonators need one unit for all, and no bias")
        exponents = {real.exponent, imag.exponent, neuron.exponent}
        if len(exponents) > 1:
            raise ValueError(f"ComplexBlock: counts in different exponents {sorted(exponents)}")
        if real.weight.shape != imag.weight.shape:
            shapes = f"{tuple(real.weight.shape)} and {tuple(imag.weight.shape)}"
            raise ValueError(f"ComplexBlock: real and imaginary weights are {shapes}")
        self.real, self.imag, self.neuron = real, imag, neuron

    def result_like(self, x: Tensor) -> Tensor:
        """Return a tensor of the spikes' shape and type."""
        return self.real.sums(x.float(), self.real.weight, None)

    def stateful(self) -> ChipNeuron:
        """Return the neurons, whose states go on."""
        return self.neuron

    @one_node
    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        spikes: Tensor = self.neuron(torch.stack((self.real(x), self.imag(x)), dim=-2))
        self.input_shape = self.real.input_shape
        return spikes
