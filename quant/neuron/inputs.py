"""The inputs of chip neurons that no layer vouches for: whole numbers of units, up to a bound."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from quant.grid.exact import largest
from quant.grid.noted import GREW, assumed, is_deferred, note_largest
from quant.grid.straight_through import Unit

# Standing alone, neurons on a GPU assume sums up to here: float32 still counts them in halves.
_ROOM = 2.0**22


def unit_of_input(neuron: Any, of_weights: Unit, axes: int) -> Unit:
    """Return the value of one integer of a sequence with so many axes."""
    if neuron._input_unit is not None:
        own: float = neuron._input_unit
        return own
    if isinstance(of_weights, Tensor) and of_weights.ndim:
        return of_weights.reshape(-1, *[1] * (axes - 3))
    return of_weights


def most_units(neuron: Any, sequence: Tensor, unit: Unit) -> float:
    """Return a bound of the inputs in units; on a GPU one that later inputs are held to."""
    _require_whole(neuron, sequence, unit)
    deferred = is_deferred(sequence)
    # A number needs no pass of its own.
    parted = isinstance(unit, Tensor) and (deferred or unit.ndim > 0)
    units, size = (sequence.detach() / unit, 1.0) if parted else (sequence, float(unit))
    if not deferred:
        return largest(units) / size
    if neuron._assumed is None:
        neuron._assumed = assumed(largest(units) / size, 0.0, _ROOM)
    message = f"{type(neuron).__name__}: its input grew beyond {neuron._assumed:g} units"
    note_largest(units, neuron._assumed * size, f"{message} {GREW}")
    bound: float = neuron._assumed
    return bound


def _require_whole(neuron: Any, sequence: Tensor, unit: Unit) -> None:
    """Check that the inputs of neurons with a unit above 1 are multiples of it.

    Weighted sums are; a plain spike is not, and would count as a whole unit.

    Raises:
        ValueError: if a value is not a multiple; names the value.
    """
    if isinstance(unit, Tensor) or unit <= 1:
        return
    rest = torch.remainder(sequence.detach(), unit)
    remedy = (
        f"not a multiple of its unit 2^{neuron.exponent} (put quant.Linear or quant.Conv2d of "
        "this exponent between plain spikes and these neurons, or use an exponent of at most 0)"
    )
    kind = type(neuron).__name__
    if is_deferred(sequence):
        note_largest(rest, 0.0, f"{kind}: is driven by a value that is {remedy}")
    elif bool(rest.any()):
        value = float(sequence.detach()[rest != 0][0])
        raise ValueError(f"{kind}: is driven by {value:g}, {remedy}")
