"""Neurons whose output is more than a spike, and the one that a chip computes."""

from __future__ import annotations

from typing import Any

from snncore.dynamics.zoo import spiking as steps
from snncore.dynamics.zoo.spiking import CUBA_LIF, Fire, Reset
from snncore.neuron.equation_neuron import EquationNeuron
from snncore.neuron.parameters import Given
from snncore.neuron.zoo import ZooNeuron, check_tau


class IntegerLIF(ZooNeuron):
    """Leaky integrate and fire that fires up to `most` times a step, with a soft reset."""

    def __init__(
        self,
        tau: Given = 2.0,
        threshold: Given = 1.0,
        *,
        most: int = 4,
        decay_input: bool = True,
        strict: bool = False,
        detach_reset: bool = False,
        **options: Any,
    ) -> None:
        check_tau("IntegerLIF", tau)
        if not 1 <= most <= 64:
            raise ValueError(f"IntegerLIF.most: {most} is not between 1 and 64")
        fire = Fire(Reset.SOFT, bool(strict), bool(detach_reset))
        named = {
            "most": int(most),
            "decay_input": bool(decay_input),
            "strict": fire.strict,
            "detach_reset": fire.detach_reset,
        }
        step = steps.integer_lif_step(fire, int(most), bool(decay_input))
        super().__init__(step, {"tau": tau, "threshold": threshold}, named, **options)


class LeakyIntegrator(ZooNeuron):
    """A leaky voltage that never fires; the output is the voltage."""

    def __init__(self, tau: Given = 2.0, *, decay_input: bool = True, **options: Any) -> None:
        check_tau("LeakyIntegrator", tau)
        step = steps.leaky_integrator_step(bool(decay_input))
        super().__init__(step, {"tau": tau}, {"decay_input": bool(decay_input)}, **options)


class CubaLIF(EquationNeuron):
    """Current based leaky integrate and fire, with a hard reset to zero."""

    equations = CUBA_LIF

    def __init__(
        self,
        threshold: Given = 1.0,
        *,
        current_decay: Given = 1.0,
        voltage_decay: Given = 0.5,
        bias: Given = 0.0,
        **options: Any,
    ) -> None:
        for name, value in (("current_decay", current_decay), ("voltage_decay", voltage_decay)):
            if isinstance(value, float | int) and not 0 <= value <= 1:
                raise ValueError(f"CubaLIF.{name}: {value} is not between 0 and 1")
        parameters = {
            "current_decay": current_decay,
            "voltage_decay": voltage_decay,
            "threshold": threshold,
            "bias": bias,
        }
        super().__init__(CUBA_LIF, steps.cuba_lif_step, parameters, **options)
