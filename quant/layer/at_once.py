"""A layer's sums in one call into compiled code, for inputs like an earlier one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from quant.grid.gpu.folding import Presence, WholeBias, folds
from quant.grid.gpu.sums import Call, plan_of
from quant.grid.noted import flag_of
from quant.grid.scale import device_number
from quant.layer.assumptions import bound_of, carried_by, require_assumed
from snncore.kernels import is_watched, stream_of
from snncore.kernels.host.build import LIBRARY
from snncore.layer import BatchNorm

# Where sizes change all the time, old plans make room.
_MOST_PLANS = 64


@dataclass(frozen=True, slots=True)
class Sums:
    """A plan in compiled code, and what Python adds to its result."""

    number: int
    # A unit that training does not change.
    unit: Tensor | None
    # A bound of the sums in units.
    most: float
    message: str
    input_shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Inside:
    """The bias and the norm that are folded into a layer's weights."""

    bias: Tensor | None = None
    norm: BatchNorm | None = None
    # Whether the norm uses the batch's statistics.
    learns: bool = False

    def is_shared(self) -> bool:
        """Return whether other processes take part in the norm's statistics."""
        return self.norm is not None and self.norm.synchronized and self.norm.is_shared()

    def parts(self) -> tuple[Tensor | None, Tensor | None, tuple[Tensor, ...]]:
        """Return the norm's gain and shift, and the statistics that it uses, or moves."""
        norm = self.norm
        if norm is None:
            return None, None, ()
        running = norm.running_mean, norm.running_var
        moved = (*running, norm.num_batches_tracked) if self.learns else running
        return *norm.affine_parameters(), moved


# Of a layer that stands alone.
NOTHING = Inside()


class AtOnce:
    """The plans of one layer by the form of its call."""

    def __init__(self) -> None:
        self._plans: dict[Hashable, Sums] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Plans are known by number in this process alone.
        return {"_plans": {}}

    def sums(
        self, synapse: Any, x: Tensor, inside: Inside, alone: bool = False
    ) -> tuple[Tensor, float, WholeBias | None] | None:
        """Return exact sums, their bound and the integers of the bias; None if no plan fits."""
        if not self._plans or synapse.events or inside.is_shared():
            return None
        gain, shift, running = inside.parts()
        plan = self._plans.get(_key(synapse, x, inside, (gain, shift), alone))
        weight = synapse.weight
        if plan is None or is_watched((x, weight)):
            return None
        require_assumed(synapse, x)
        unit = synapse.unit if plan.unit is None else plan.unit
        flag = flag_of(weight, plan.message)
        results = torch.ops.snncore.launch_sums.default(
            plan.number,
            stream_of(x),
            x,
            weight,
            unit,
            flag,
            synapse.log2,
            gain,
            shift,
            inside.bias,
            running,
        )
        if not results:
            return None
        synapse.input_shape = plan.input_shape
        return results[0], plan.most, WholeBias(results[1]) if len(results) > 1 else None

    def learn(
        self, synapse: Any, x: Tensor, inside: Inside, sums: Tensor, alone: bool = False
    ) -> None:
        """Enter a plan for calls like this one, if there can be one and its kernels are there.

        Its sums are those whose statistics a norm takes, or those that are rounded.
        """
        shape, weight = synapse.layout(), synapse.weight
        if shape is None or not LIBRARY.begin() or synapse.events or is_watched((x, weight)):
            return
        bound, form = bound_of(synapse, weight), synapse.format
        bits = form.dense_bits if shape.axes == 1 else form.kernel_bits
        exact = bound < 1 << (bits - 1) and carried_by(synapse, bound) == x.dtype == torch.float32
        merges = shape.axes == 1 or x.ndim - shape.axes in (1, 2)
        if not (exact and merges and folds(weight, form)):
            return
        rounding = synapse.rounding()
        fixed = not isinstance(rounding.unit, Tensor)
        gain, shift, _ = inside.parts()
        call = Call(
            tuple(x.shape),
            weight,
            rounding,
            1 if fixed else rounding.unit.numel(),
            shape,
            Presence(gain is not None, shift is not None, inside.bias is not None),
            inside.norm,
            sums if inside.learns else None,
            sums if alone and shape.stride else None,
            _learns_unit(synapse),
        )
        number = plan_of(call)
        if number is not None:
            unit = device_number(rounding.unit, weight.device) if fixed else None
            message = f"{rounding.name}: a value, or a bias, is NaN or infinite"
            key = _key(synapse, x, inside, (gain, shift), alone)
            self._put(key, Sums(number, unit, bound, message, synapse.input_shape))

    def _put(self, key: Hashable, plan: Sums) -> None:
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        self._plans[key] = plan


def _key(
    synapse: Any, x: Tensor, inside: Inside, parts: tuple[Tensor | None, ...], alone: bool
) -> Hashable:
    """Return what a plan depends on, besides the form of tensors that compiled code looks at."""
    norm = inside.norm
    own: tuple[Any, ...] = alone, inside.bias is None, *[each is None for each in parts]
    if norm is not None:
        own += inside.learns, norm.eps, norm.momentum
    unit = synapse._exponent, _learns_unit(synapse)
    return x.shape, x.device, synapse._assumed, *unit, *own


def _learns_unit(synapse: Any) -> bool:
    log2 = synapse.log2
    return log2 is not None and torch.is_grad_enabled() and log2.requires_grad
