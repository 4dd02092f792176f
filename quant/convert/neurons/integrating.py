"""Neurons of somebody's own that only leak and add up, and show their voltage: a readout."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from snncore import neuron
from snncore.dynamics.evaluate import evaluate
from snncore.dynamics.printing.register_words import REGISTER_TABLE

# Values and inputs at which a step has to be linear.
_TRIED = np.random.default_rng(0).normal(size=(16, 2)) * 4


def integration(module: neuron.Neuron) -> tuple[Any, Any] | None:
    """Return the shares of the voltage and of the input in the next voltage; None for others.

    A step is tried at some values: it has to be linear, from zero on, and to send its voltage.
    """
    if not isinstance(module, neuron.Defined) or any(module.initial.values()):
        return None
    equations = module.equations
    plain = len(equations.states) == len(equations.inputs) == 1
    if not plain or equations.output != equations.next_states[0]:
        return None
    keep, gain = _next(module, 1.0, 0.0), _next(module, 0.0, 1.0)
    for voltage, x in _TRIED:
        linear = keep * voltage + gain * x
        if not np.allclose(_next(module, voltage, x), linear, rtol=1e-6, atol=1e-6):
            return None
    return keep, gain


def _next(module: neuron.Defined, voltage: float, x: float) -> Any:
    """Return the next voltage of every neuron."""
    equations = module.equations
    values = {
        key: torch.as_tensor(getattr(module, key)).detach().double().cpu().numpy()
        for key in equations.parameters
    }
    (state,), (drive,) = equations.states, equations.inputs
    states, inputs = {state: np.float64(voltage)}, {drive: np.float64(x)}
    return np.asarray(evaluate(equations, REGISTER_TABLE, states, inputs, values)[1])
