"""The neurons of `snncore.dynamics.zoo` as torch modules."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from snncore.dynamics import Equations, trace
from snncore.dynamics.zoo import CUBA_LIF, Reset, Step, cuba_lif_step, if_step, lif_step
from snncore.neuron.module import FloatNeuron


@lru_cache
def _traced(step: Step, name: str, *parameters: str) -> Equations:
    return trace(step, states=("v",), parameters=parameters, name=name)


class IF(FloatNeuron):
    """Integrate and fire, without a leak."""

    def __init__(self, threshold: float = 1.0, *, reset: str = "hard", **options: Any) -> None:
        super().__init__({"threshold": threshold}, **options)
        self.reset_rule = Reset(reset)
        self.equations = _traced(self.equations_step(), "IF", "threshold")

    def equations_step(self) -> Step:
        """The function that the equations were traced from."""
        return if_step(self.reset_rule)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return self.parameter_values | {"reset": self.reset_rule.value} | super().config()


class LIF(FloatNeuron):
    """Leaky integrate and fire."""

    def __init__(
        self,
        tau: float = 2.0,
        threshold: float = 1.0,
        *,
        decay_input: bool = True,
        reset: str = "hard",
        **options: Any,
    ) -> None:
        super().__init__({"tau": tau, "threshold": threshold}, **options)
        if not tau >= 1:
            raise ValueError(f"LIF.tau: {tau} is less than one step")
        self.reset_rule = Reset(reset)
        self.decay_input = decay_input
        self.equations = _traced(self.equations_step(), "LIF", "tau", "threshold")

    def equations_step(self) -> Step:
        """The function that the equations were traced from."""
        return lif_step(self.reset_rule, self.decay_input)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        own = {"decay_input": self.decay_input, "reset": self.reset_rule.value}
        return self.parameter_values | own | super().config()


class CubaLIF(FloatNeuron):
    """Current based leaky integrate and fire, as Loihi's compartment computes it."""

    equations = CUBA_LIF

    def __init__(
        self,
        threshold: float = 1.0,
        *,
        current_decay: float = 1.0,
        voltage_decay: float = 0.5,
        bias: float = 0.0,
        **options: Any,
    ) -> None:
        for name, value in (("current_decay", current_decay), ("voltage_decay", voltage_decay)):
            if not 0 <= value <= 1:
                raise ValueError(f"CubaLIF.{name}: {value} is not between 0 and 1")
        parameters = {
            "current_decay": current_decay,
            "voltage_decay": voltage_decay,
            "threshold": threshold,
            "bias": bias,
        }
        super().__init__(parameters, **options)

    def equations_step(self) -> Step:
        """The function that the equations were traced from."""
        return cuba_lif_step

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return self.parameter_values | super().config()
