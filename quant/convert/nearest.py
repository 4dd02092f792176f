"""A float neuron's nearest neuron on a chip, and how the two differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from quant.grid.formats import ChipFormat
from quant.grid.straight_through import decay_integers
from quant.neuron.own import Defined
from quant.neuron.own_equations import own_equations
from snncore import neuron
from snncore.dynamics import to_integers
from snncore.dynamics.zoo.spiking import Reset

READOUT = "LeakyIntegrator"
_FLOATS = (neuron.IF, neuron.LIF, neuron.ParametricLIF, neuron.CubaLIF)


@dataclass(frozen=True)
class Nearest:
    """The arguments of a chip's neuron, before its unit is known."""

    kind: str
    values: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    # The factor on the input in floats; on the chip the threshold is divided by it instead.
    gain: float = 1.0
    bias: Any = 0.0
    # The units to add to the threshold, so that firing at it and above it agree.
    units_above: int = 0
    deviations: tuple[str, ...] = ()
    # The names of the values that count in the unit of the input.
    whole: tuple[str, ...] = ("threshold",)

    def threshold(self) -> Any:
        """Return the largest value that an unscaled input is compared with; None for a readout."""
        if self.kind == READOUT:
            return None
        if self.whole == ("threshold",):
            return self.values["threshold"] / self.gain
        sizes = [torch.as_tensor(self.values[name]).abs().max() for name in self.whole]
        return max((float(size) for size in sizes), default=0.0) or 1.0

    def scaled(self, factor: float) -> dict[str, Any]:
        """Return the values for an input that is `factor` times as large."""
        grown = {name: self.values[name] / self.gain * factor for name in self.whole}
        return self.values | grown


def nearest(module: neuron.Neuron, form: ChipFormat, name: str) -> Nearest:
    """Return the chip's nearest neuron.

    Raises:
        ValueError: if the chip has none that is near; names the layer.
    """
    if isinstance(module, neuron.LeakyIntegrator):
        return _integrator(module, form, name)
    if isinstance(module, neuron.Defined):
        return _own_equations(module, form, name)
    if not isinstance(module, _FLOATS):
        kinds = ", ".join(f"neuron.{kind.__name__}" for kind in _FLOATS)
        raise ValueError(
            f"{name}: {type(module).__name__} has no near neuron on {form.name} (use {kinds})"
        )
    options = {"surrogate": module.surrogate, "step_mode": str(module.step_mode)}
    if isinstance(module, neuron.CubaLIF):
        return _current_based(module, form, name, options)
    structure = module.config()
    decay, learned = _decay(module)
    gain = _gain(decay, name) if structure.get("decay_input", False) else 1.0
    reset, notes = _reset(Reset(structure["reset"]), form)
    kind = "IF" if isinstance(module, neuron.IF) else "LIF"
    values: dict[str, Any] = {"threshold": _value_of(module.threshold)}
    leak = "decay"
    if kind in form.neurons:
        options |= {"reset": reset.value, "detach_reset": structure["detach_reset"]}
    else:
        kind, leak = "CubaLIF", "voltage_decay"
        values["current_decay"] = 1.0
    strict = form.strict or kind == "CubaLIF"
    if kind != "IF":
        values[leak] = decay
        notes = _rounding(decay, form) + notes
        options["learnable"] = (leak,) if learned else ()
    more = int(structure["strict"]) - int(strict)
    return Nearest(kind, values, options, gain, 0.0, more, notes)


def _integrator(module: Any, form: ChipFormat, name: str) -> Nearest:
    """Return a readout: its weights take the factor of an input inside the leak."""
    form.require_neuron(type(module).__name__)
    decay, learned = _decay(module)
    gain = _gain(decay, name) if module.config()["decay_input"] else 1.0
    leak = "decay" if "LIF" in form.neurons else "voltage_decay"
    options = {"surrogate": module.surrogate, "step_mode": str(module.step_mode)}
    options |= {"learnable": (leak,) if learned else ()}
    notes = _rounding(decay, form)
    return Nearest(READOUT, {leak: decay}, options, gain, deviations=notes, whole=())


def _own_equations(module: neuron.Defined, form: ChipFormat, name: str) -> Nearest:
    """Return a user's neuron: its own equations, in the chip's arithmetic."""
    if any(module.initial.values()):
        raise ValueError(f"{name}: a chip's states start at zero, and these do not")
    if Defined.__name__ not in form.neurons:
        kinds = ", ".join(f"quant.{kind}" for kind in form.neurons)
        raise ValueError(f"{name}: {form.name} has no neurons of your own, only {kinds}")
    try:
        own = own_equations(module.equations)
        to_integers(own.biased, own.system(form))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    values = {key: _value_of(getattr(module, key)) for key in module.equations.parameters}
    values |= own.constants
    options: dict[str, Any] = {"equations": own.equations, "learnable": module.learnable}
    options |= {"surrogate": module.surrogate, "step_mode": str(module.step_mode)}
    whole = tuple(key for key in values if own.units[key])
    notes = [_rounding(values[key], form, key) for key in values if not own.units[key]]
    deviations = tuple(note for each in notes for note in each)
    return Nearest("Defined", values, options, deviations=deviations, whole=whole)


def _decay(module: Any) -> tuple[Any, bool]:
    """Return the share of the voltage that a step loses, and whether it is learned."""
    if isinstance(module, neuron.IF):
        return 0.0, False
    source = module.w if isinstance(module, neuron.ParametricLIF) else module.tau
    parameter = torch.as_tensor(_value_of(source), dtype=torch.float32)
    decay = torch.sigmoid(parameter) if isinstance(module, neuron.ParametricLIF) else 1 / parameter
    learned = isinstance(source, torch.nn.Parameter)
    return (decay if learned or decay.ndim else float(decay)), learned


def _gain(decay: Any, name: str) -> float:
    """Return the factor that the leak puts on the input."""
    values = torch.as_tensor(decay, dtype=torch.float64)
    if not bool((values == values.reshape(-1)[0]).all()):
        raise ValueError(
            f"{name}: leaks that differ by channel scale the input too (use decay_input=False)"
        )
    return float(values.reshape(-1)[0])


def _reset(reset: Reset, form: ChipFormat) -> tuple[Reset, tuple[str, ...]]:
    if reset in form.resets:
        return reset, ()
    used = form.resets[0]
    return used, (f"a {reset.value} reset becomes a {used.value} one",)


def _rounding(decay: Any, form: ChipFormat, what: str = "decay") -> tuple[str, ...]:
    exact = torch.as_tensor(decay).detach().double().reshape(-1)
    rounded = decay_integers(exact, form.decays) / (1 << form.decays.bits)
    error = (rounded - exact).abs()
    worst = int(error.argmax())
    if float(error[worst]) < 1e-6:
        return ()
    before, after = _told_apart(float(exact[worst]), float(rounded[worst]))
    return (f"a {what} of {before} becomes {after}",)


def _told_apart(first: float, second: float) -> tuple[str, str]:
    """Return two unequal numbers with as few digits, from four on, as show the difference."""
    pairs = ((f"{first:.{digits}g}", f"{second:.{digits}g}") for digits in range(4, 18))
    return next(pair for pair in pairs if pair[0] != pair[1])


def _current_based(module: Any, form: ChipFormat, name: str, options: dict[str, Any]) -> Nearest:
    current, voltage = _value_of(module.current_decay), _value_of(module.voltage_decay)
    threshold, bias = _value_of(module.threshold), _value_of(module.bias)
    notes = _rounding(voltage, form)
    learned = {key for key in ("current_decay", "voltage_decay") if key in module.learnable}
    if "CubaLIF" in form.neurons:
        options["learnable"] = tuple(learned)
        values = {"threshold": threshold, "current_decay": current, "voltage_decay": voltage}
        notes = _rounding(current, form) + notes
        return Nearest("CubaLIF", values, options, 1.0, bias, 0, notes)
    if not bool((torch.as_tensor(current) == 1).all()):
        raise ValueError(
            f"{name}: {form.name} has no neurons with a current of their own "
            "(train with current_decay=1)"
        )
    reset, others = _reset(Reset.HARD, form)
    options |= {"reset": reset.value, "detach_reset": True}
    options["learnable"] = ("decay",) if "voltage_decay" in learned else ()
    values = {"threshold": threshold, "decay": voltage}
    return Nearest("LIF", values, options, 1.0, bias, int(not form.strict), notes + others)


def _value_of(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value
