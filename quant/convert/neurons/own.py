"""Neurons known by their equations, in a chip's arithmetic: a user's own, and most of the zoo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from quant.convert.neurons.near import Nearest, detached, distinguished, rounding
from quant.convert.neurons.responding import responding
from quant.grid.formats import ChipFormat
from quant.neuron.own import Defined
from quant.neuron.own_equations import LEAST_BITS, OwnEquations, own_equations
from snncore import neuron
from snncore.dynamics import Equations, to_integers
from snncore.dynamics.rewriting.curves import as_lines
from snncore.dynamics.rewriting.folding import Folded, folded
from snncore.dynamics.rewriting.starting import from_zero
from snncore.dynamics.sent import sends_spikes
from snncore.encoding import Delta, Latency

# The bits of fraction below the unit, for states of at least 16 bits and for narrower ones.
_FRACTION, _NARROW_FRACTION, _WIDE = 8, 5, 16
_SQUARED_FRACTION = 3
# Neurons that the chip's registers may hold as they are; encoders only add up and compare.
_PLAIN: tuple[type, ...] = (neuron.Defined, Latency, Delta, neuron.TernaryIF)
_PLAIN += (neuron.Leaky, neuron.Synaptic, neuron.Alpha)


def own_neuron(module: neuron.Neuron, form: ChipFormat, name: str, usual: str) -> Nearest:
    """Return a neuron by its own equations; `usual` lists the neurons that every chip has.

    Equations that the chip takes as they are keep its registers. Others are rewritten: parameters
    that only floats can compute are computed now, and states start at zero and keep a fraction.

    Raises:
        ValueError: if the chip has no such neurons, or the equations no integers; names the layer.
    """
    kind = type(module).__name__
    spiking = _with_spikes(module, form, name, usual)
    if Defined.__name__ not in form.neurons:
        if (near := responding(spiking, form)) is not None:
            return near
        kinds = ", ".join(f"quant.{each}" for each in form.neurons)
        others = 'target="int8" and export to a target that takes neurons of your own'
        raise ValueError(
            f"{name}: {kind} has no near neuron on {form.name}, which has no neurons of your own, "
            f"only {kinds} (use {usual}, or {others})"
        )
    values = {key: detached(getattr(spiking, key)) for key in spiking.equations.parameters}
    plain = isinstance(spiking, _PLAIN) and not any(spiking.initial.values())
    if plain and _has_integers(spiking.equations, values, form):
        return _neuron(spiking, own_equations(spiking.equations), values, form)
    started, starts = from_zero(spiking.equations, spiking.initial)
    parts = folded(started)
    try:
        own, lines = _fine(parts.equations, form)
        to_integers(own.biased, own.system(form))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    near = _neuron(spiking, own, parts.values(values | starts), form, parts)
    notes = tuple(f"{function} of a state becomes straight lines" for function in lines)
    return replace(near, deviations=near.deviations + notes, layer=name)


def _with_spikes(
    module: neuron.Neuron, form: ChipFormat, name: str, usual: str
) -> neuron.EquationNeuron:
    """Return the neuron, which has a step and sends spikes.

    Raises:
        ValueError: if it has none, or shows a state; names the layer.
    """
    kind = module.equations.name if type(module) is neuron.Defined else type(module).__name__
    if module.without_step:
        raise ValueError(f"{name}: {kind} {module.without_step}")
    if not isinstance(module, neuron.EquationNeuron):
        raise ValueError(f"{name}: {kind} has no near neuron on {form.name} (use {usual})")
    if not sends_spikes(module.equations):
        raise ValueError(
            f"{name}: {kind} has no near neuron on {form.name}: it shows a state that does more "
            "than leak and add up (use its spikes, which --keep of convert chooses where a module "
            "returns both, or a membrane without a reset, such as neuron.LeakyIntegrator)"
        )
    return module


def _fine(equations: Equations, form: ChipFormat) -> tuple[OwnEquations, tuple[str, ...]]:
    """Return the equations with states that keep a fraction, and the functions in lines."""
    wide = form.system.state("v").bits
    fraction = _FRACTION if wide >= _WIDE else _NARROW_FRACTION
    linear, lines = as_lines(equations, min(fraction, LEAST_BITS))
    if form.widest is not None:
        fraction = min(fraction, form.widest - wide)
    own = own_equations(linear, fraction)
    # What is squared needs the bits that a fraction takes.
    less = _SQUARED_FRACTION if wide == _WIDE else 0
    return (own_equations(linear, less) if own.squares else own), lines


def _has_integers(equations: Equations, values: Mapping[str, Any], form: ChipFormat) -> bool:
    """Return whether a chip computes the equations as they are, with numbers from 0 to 1."""
    try:
        own = own_equations(equations)
        to_integers(own.biased, own.system(form))
    except ValueError:
        return False
    numbers = [torch.as_tensor(each) for key, each in values.items() if not own.units[key]]
    return all(bool(((each >= 0) & (each <= 1)).all()) for each in numbers)


def _neuron(
    module: neuron.EquationNeuron,
    own: OwnEquations,
    values: Mapping[str, Any],
    form: ChipFormat,
    parts: Folded | None = None,
) -> Nearest:
    values = {**values, **own.constants}
    learnable = set(module.learnable)
    if parts is not None:
        learnable = {
            key for key in parts.equations.parameters if learnable.intersection(parts.sources(key))
        }
    options: dict[str, Any] = {"equations": own.equations, "learnable": tuple(sorted(learnable))}
    options |= {"surrogate": module.surrogate, "step_mode": str(module.step_mode)}
    if own.fraction is not None:
        options["fraction"] = own.fraction
    by_power = {
        power: tuple(key for key in values if own.units[key] == power) for power in (1, 0, -1)
    }
    notes = [_rounded(own, values[key], form, key) for key in by_power[0]]
    return Nearest(
        Defined.__name__,
        values,
        options,
        deviations=tuple(note for each in notes for note in each),
        whole=by_power[1],
        per_unit=by_power[-1],
        largest=None if own.fraction is None else own.thresholds(form).maximum,
    )


def _rounded(own: OwnEquations, value: Any, form: ChipFormat, name: str) -> tuple[str, ...]:
    """Return the words for how a number is rounded."""
    if own.fraction is None:
        return rounding(value, form, name)
    numbers = torch.as_tensor(value).double().reshape(-1)
    scale = 1 << own.number_bits(form)
    rounded = (numbers * scale).round() / scale
    worst = int((rounded - numbers).abs().argmax())
    if float((rounded - numbers).abs()[worst]) < 1e-6:
        return ()
    before, after = distinguished(float(numbers[worst]), float(rounded[worst]))
    return (f"a {name} of {before} becomes {after}",)
