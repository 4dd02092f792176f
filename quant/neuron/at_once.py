"""A chip neuron's forward without looking anything up, for inputs like the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from quant.grid.gpu.folding import WholeBias
from quant.grid.noted import is_deferred
from quant.neuron.inputs import most_units, unit_of_input
from quant.neuron.integer_step import enclosing
from quant.neuron.kernels import Ready
from snncore.kernels import run_loop
from snncore.neuron.module import StepMode

# Beyond it, and of a NaN, there is no bound.
_MOST = 2.0**31


@dataclass(frozen=True, slots=True)
class AtOnce:
    """The kernel of the last call, what it takes besides input and bias, and for which calls."""

    ready: Ready
    form: tuple[Any, ...]
    # A power of two above the inputs, and the bounds of the parameters.
    drive: int
    bounds: dict[str, tuple[int, int]]
    # The kernel's parameters; None is the bias.
    fixed: tuple[Tensor | None, ...]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, neuron: Any, ready: Ready, x: Tensor, unit: Any, bias: Any) -> AtOnce | None:
        """Return the short way for inputs like this one, or None if there is none."""
        form = form_of(neuron, x, unit, bias)
        names = [name for name, value in ready.tensors if value is None]
        if form is None or names not in ([], ["bias"]):
            return None
        fixed = tuple(value for _, value in ready.tensors)
        shape = (-1, *[1] * (x.ndim - 3))
        return cls(ready, form, enclosing(neuron._drive), neuron._driven, fixed, shape)

    def __call__(
        self, neuron: Any, x: Tensor, bias: Any, most: float | None, unit: Any
    ) -> Tensor | None:
        """Return the spikes and keep the states, or None if this is another form, or other bounds.

        Without a bound of the inputs, it is looked for.
        """
        single = neuron.step_mode == StepMode.SINGLE
        x = x.unsqueeze(0) if single else x
        if self.form != form_of(neuron, x, unit, bias):
            return None
        if most is None:
            most = most_units(neuron, x, unit_of_input(neuron, unit, x.ndim))
        if not most < _MOST:
            return None
        states: tuple[Tensor, ...] = ()
        own = vars(neuron)
        if own["states"]:
            most = max(most, own["_drive"])
            if own["_driven"] is not self.bounds:
                return None
            states = tuple(own["states"].values())
            if states[0].shape != x.shape[1:]:
                return None
        if enclosing(max(most, 1.0)) != self.drive:
            return None
        own["_drive"], own["_driven"] = most, self.bounds
        kind = self.ready.kind
        parameters: Any = self.fixed
        if bias is not None:
            integers = bias.integers
            if integers.numel() > 1 and integers.ndim != len(self.shape):
                integers = integers.reshape(self.shape)
            if integers.dtype != kind:
                integers = integers.to(kind)
            parameters = [integers if each is None else each for each in self.fixed]
        inputs = (x if x.dtype == kind else x.to(kind),)
        spikes, last = run_loop(self.ready.loop, inputs, states, parameters)
        own["input_shape"] = tuple(x.shape[2:])
        own["states"] = dict(zip(neuron.equations.states, last, strict=True))
        spikes = spikes if spikes.dtype == torch.float32 else spikes.to(torch.float32)
        return spikes[0] if single else spikes


def form_of(neuron: Any, x: Tensor, unit: Any, bias: Any) -> tuple[Any, ...] | None:
    """Return what a call's kernel depends on besides bounds; None if values decide."""
    own = vars(neuron)
    values = [own.get(name) for name in own["_names"]]
    if isinstance(unit, Tensor) or x.ndim < 3 or not x.shape[0]:
        return None
    for value in values:
        if type(value) is not float:
            return None
    channels = 0
    if bias is not None:
        if not isinstance(bias, WholeBias) or not is_deferred(x):
            return None
        channels = bias.integers.numel()
        if channels not in (1, x.shape[2]):
            return None
    elif own["_parameters"].get("bias") is not None:
        return None
    choices = own["backend"], own["surrogate"]
    return unit, x.device, x.dtype, x.ndim, channels, *choices, *values
