"""A float neuron's nearest neuron on a chip, and how the two differ."""

from __future__ import annotations

from typing import Any

import torch

from quant.convert.neurons.integrating import Integration, integration
from quant.convert.neurons.near import READOUT, Nearest, detached, rounding
from quant.convert.neurons.own import own_neuron
from quant.grid.formats import ChipFormat
from quant.neuron.own import Defined
from snncore import neuron
from snncore.dynamics.zoo.spiking import Reset

_USUAL = frozenset({"IF", "LIF", "CubaLIF"})
_FLOATS = (neuron.IF, neuron.LIF, neuron.ParametricLIF, neuron.CubaLIF)


def nearest(module: neuron.Neuron, form: ChipFormat, name: str) -> Nearest:
    """Return the chip's nearest neuron.

    Raises:
        ValueError: if the chip has none that is near; names the layer.
    """
    if isinstance(module, neuron.LeakyIntegrator):
        return _integrator(module, form, name)
    if (shares := integration(module)) is not None:
        return _own_integrator(module, shares, form, name)
    # A rest or a start of its own is in the equations alone.
    plain = isinstance(module, _FLOATS) and not any(module.initial.values())
    # A chip with none of the usual neurons looks at equations.
    plain = plain and not _USUAL.isdisjoint(form.neurons)
    if not plain or "rest" in module.equations.parameters:
        usual = ", ".join(f"neuron.{kind.__name__}" for kind in _FLOATS)
        return own_neuron(module, form, name, usual)
    options = {"surrogate": module.surrogate, "step_mode": str(module.step_mode)}
    if isinstance(module, neuron.CubaLIF):
        return _current_based(module, form, name, options)
    structure = module.config()
    decay, learned = _decay(module)
    gain = _gain(decay, name) if structure.get("decay_input", False) else 1.0
    reset, notes = _reset(Reset(structure["reset"]), form)
    kind = "IF" if isinstance(module, neuron.IF) else "LIF"
    values: dict[str, Any] = {"threshold": detached(module.threshold)}
    leak = "decay"
    if kind in form.neurons:
        options |= {"reset": reset.value, "detach_reset": structure["detach_reset"]}
    else:
        kind, leak = "CubaLIF", "voltage_decay"
        values["current_decay"] = 1.0
    strict = form.strict or kind == "CubaLIF"
    if kind != "IF":
        values[leak] = decay
        notes = rounding(decay, form) + notes
        options["learnable"] = (leak,) if learned else ()
    more = int(structure["strict"]) - int(strict)
    return Nearest(kind, values, options, gain, 0.0, more, notes)


def _integrator(module: Any, form: ChipFormat, name: str) -> Nearest:
    """Return a readout: its weights take the factor of an input inside the leak."""
    _require_readout(form, name)
    decay, learned = _decay(module)
    gain = _gain(decay, name) if module.config()["decay_input"] else 1.0
    leak = "decay" if "LIF" in form.neurons else "voltage_decay"
    options = {"surrogate": module.surrogate, "step_mode": str(module.step_mode)}
    options |= {"learnable": (leak,) if learned else ()}
    notes = rounding(decay, form)
    return Nearest(READOUT, {leak: decay}, options, gain, deviations=notes, whole=())


def _require_readout(form: ChipFormat, name: str) -> None:
    """Check that a chip has neurons that show their voltage.

    Raises:
        ValueError: if it has none; names the layer.
    """
    if READOUT not in form.neurons:
        raise ValueError(
            f"{name}: {form.name} shows no voltages, only spikes (end the network in neurons that "
            "spike)"
        )


def _own_integrator(module: Any, shares: Integration, form: ChipFormat, name: str) -> Nearest:
    """Return a readout that leaks as equations of somebody's own do."""
    _require_readout(form, name)
    decays = {
        "voltage_decay": _lost(shares.voltage, "voltage", name),
        "current_decay": _lost(shares.current, "current", name),
    }
    plain = bool((torch.as_tensor(decays["current_decay"]) == 1).all())
    if "CubaLIF" not in form.neurons and not plain and Defined.__name__ not in form.neurons:
        raise ValueError(
            f"{name}: {form.name} has no readout with a current of its own (use "
            "neuron.LeakyIntegrator, or a target that takes neurons of your own)"
        )
    if plain:
        del decays["current_decay"]
    options = {"surrogate": module.surrogate, "step_mode": str(module.step_mode), "learnable": ()}
    notes = tuple(
        note
        for key, value in decays.items()
        for note in rounding(value, form, "decay" if key == "voltage_decay" else "current's decay")
    )
    gain = _gain(shares.gain, name)
    return Nearest(READOUT, decays, options, gain, deviations=notes, whole=())


def _lost(keep: Any, what: str, name: str) -> Any:
    """Return the share of a state that a step loses.

    Raises:
        ValueError: if the state grows, or changes its sign; names the layer.
    """
    decay = torch.as_tensor(1.0 - keep, dtype=torch.float32)
    if bool((decay < 0).any()) or bool((decay > 1).any()):
        raise ValueError(
            f"{name}: keeps {float(keep.max()):g} of its {what}, and a chip's readout from 0 to 1 "
            "of it (use neuron.LeakyIntegrator)"
        )
    return decay if decay.ndim else float(decay)


def _decay(module: Any) -> tuple[Any, bool]:
    """Return the share of the voltage that a step loses, and whether it is learned."""
    if isinstance(module, neuron.IF):
        return 0.0, False
    source = module.w if isinstance(module, neuron.ParametricLIF) else module.tau
    parameter = torch.as_tensor(detached(source), dtype=torch.float32)
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


def _current_based(module: Any, form: ChipFormat, name: str, options: dict[str, Any]) -> Nearest:
    current, voltage = detached(module.current_decay), detached(module.voltage_decay)
    threshold, bias = detached(module.threshold), detached(module.bias)
    notes = rounding(voltage, form)
    learned = {key for key in ("current_decay", "voltage_decay") if key in module.learnable}
    if "CubaLIF" in form.neurons:
        options["learnable"] = tuple(learned)
        values = {"threshold": threshold, "current_decay": current, "voltage_decay": voltage}
        notes = rounding(current, form) + notes
        return Nearest("CubaLIF", values, options, 1.0, bias, 0, notes)
    if not bool((torch.as_tensor(current) == 1).all()):
        raise ValueError(
            f"{name}: {form.name} has no neurons with a current of their own "
            "(train with current_decay=1, or take a target whose neurons have one)"
        )
    reset, others = _reset(Reset.HARD, form)
    options |= {"reset": reset.value, "detach_reset": True}
    options["learnable"] = ("decay",) if "voltage_decay" in learned else ()
    values = {"threshold": threshold, "decay": voltage}
    return Nearest("LIF", values, options, 1.0, bias, int(not form.strict), notes + others)
