"""The chip's own leaky neurons for neurons that respond as they do below the threshold."""

from __future__ import annotations

from typing import Any

import torch

from quant.convert.neurons.near import Nearest, rounding
from quant.convert.neurons.response import Response, response
from quant.grid.formats import ChipFormat
from snncore import neuron


def responding(module: neuron.EquationNeuron, form: ChipFormat) -> Nearest | None:
    """Return the chip's leaky neuron that responds alike, or None if it has none."""
    alike = response(module)
    if alike is None:
        return None
    current, voltage = (_number(1 - share) for share in (alike.current, alike.voltage))
    options: dict[str, Any] = {"surrogate": module.surrogate, "step_mode": str(module.step_mode)}
    values: dict[str, Any] = {"threshold": _number(alike.threshold)}
    notes = rounding(voltage, form)
    if "CubaLIF" in form.neurons:
        kind = "CubaLIF"
        values |= {"current_decay": current, "voltage_decay": voltage}
        notes = rounding(current, form) + notes
    elif "LIF" in form.neurons and not alike.current.any():
        kind = "LIF"
        values["decay"] = voltage
        options |= {"reset": "hard", "detach_reset": True}
    else:
        return None
    name = type(module).__name__
    words = f"{name} becomes quant.{kind}, which responds alike below the threshold"
    more = () if alike.resets_hard else (f"the reset of {name} becomes a hard one",)
    return Nearest(kind, values, options, 1.0, 0.0, _units(alike, form), (words, *more, *notes))


def _units(alike: Response, form: ChipFormat) -> int:
    """Return the units above the threshold at which the chip's neuron fires as often."""
    if alike.strict is None:
        return 0
    return int(alike.strict) - int(form.strict or "CubaLIF" in form.neurons)


def _number(values: Any) -> Any:
    """Return one number if all neurons have the same, else a tensor of one a channel."""
    flat = torch.as_tensor(values, dtype=torch.float32)
    return float(flat.reshape(-1)[0]) if bool((flat == flat.reshape(-1)[0]).all()) else flat
