"""The neurons of `snncore.dynamics.zoo.spiking` as torch modules."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from snncore.dynamics import Equations, trace
from snncore.dynamics.zoo import spiking as steps
from snncore.dynamics.zoo.spiking import Fire, Reset, Step
from snncore.neuron.equation_neuron import EquationNeuron
from snncore.neuron.parameters import Given


@lru_cache
def _traced(step: Step, name: str, states: tuple[str, ...], parameters: tuple[str, ...]) -> Any:
    return trace(step, states=states, parameters=parameters, name=name)


class ZooNeuron(EquationNeuron):
    """A neuron whose step function is made by choices of structure, which its config names."""

    def __init__(
        self,
        step: Step,
        parameters: dict[str, Given],
        structure: dict[str, Any],
        states: tuple[str, ...] = ("v",),
        **options: Any,
    ) -> None:
        self._structure = structure
        equations: Equations = _traced(step, type(self).__name__, states, tuple(parameters))
        super().__init__(equations, step, parameters, **options)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return super().config() | self._structure


def _fire(reset: str, strict: bool, detach_reset: bool) -> tuple[Fire, dict[str, Any]]:
    fire = Fire(Reset(reset), bool(strict), bool(detach_reset))
    named = {"reset": fire.reset.value, "strict": fire.strict, "detach_reset": fire.detach_reset}
    return fire, named


def check_tau(name: str, tau: Given) -> None:
    """Nothing if the time constant is a step or more."""
    if isinstance(tau, float | int) and not tau >= 1:
        raise ValueError(f"{name}.tau: {tau} is less than one step")


class IF(ZooNeuron):
    """Integrate and fire, without a leak."""

    def __init__(
        self,
        threshold: Given = 1.0,
        *,
        reset: str = "hard",
        strict: bool = False,
        detach_reset: bool = False,
        **options: Any,
    ) -> None:
        fire, named = _fire(reset, strict, detach_reset)
        super().__init__(steps.if_step(fire), {"threshold": threshold}, named, **options)


class LIF(ZooNeuron):
    """Leaky integrate and fire."""

    def __init__(
        self,
        tau: Given = 2.0,
        threshold: Given = 1.0,
        *,
        decay_input: bool = True,
        reset: str = "hard",
        strict: bool = False,
        detach_reset: bool = False,
        **options: Any,
    ) -> None:
        check_tau("LIF", tau)
        fire, named = _fire(reset, strict, detach_reset)
        step = steps.lif_step(fire, bool(decay_input))
        parameters = {"tau": tau, "threshold": threshold}
        super().__init__(step, parameters, named | {"decay_input": bool(decay_input)}, **options)


class ParametricLIF(ZooNeuron):
    """Leaky integrate and fire that learns its leak, sigmoid(w); w = 0 is tau = 2."""

    def __init__(
        self,
        w: Given = 0.0,
        threshold: Given = 1.0,
        *,
        decay_input: bool = True,
        reset: str = "hard",
        strict: bool = False,
        detach_reset: bool = False,
        learnable: tuple[str, ...] = ("w",),
        **options: Any,
    ) -> None:
        fire, named = _fire(reset, strict, detach_reset)
        step = steps.parametric_lif_step(fire, bool(decay_input))
        named["decay_input"] = bool(decay_input)
        parameters = {"w": w, "threshold": threshold}
        super().__init__(step, parameters, named, learnable=learnable, **options)


class AdaptiveLIF(ZooNeuron):
    """Leaky integrate and fire whose threshold rises with every spike and decays back."""

    def __init__(
        self,
        tau: Given = 2.0,
        threshold: Given = 1.0,
        *,
        adaptation: Given = 0.2,
        decay: Given = 0.9,
        reset: str = "hard",
        strict: bool = False,
        detach_reset: bool = False,
        **options: Any,
    ) -> None:
        check_tau("AdaptiveLIF", tau)
        fire, named = _fire(reset, strict, detach_reset)
        parameters = {
            "tau": tau,
            "threshold": threshold,
            "adaptation": adaptation,
            "decay": decay,
        }
        step = steps.adaptive_lif_step(fire)
        super().__init__(step, parameters, named, ("v", "a"), **options)


class EIF(ZooNeuron):
    """Exponential integrate and fire."""

    def __init__(
        self,
        tau: Given = 2.0,
        threshold: Given = 1.0,
        *,
        onset: Given = 0.8,
        sharpness: Given = 1.0,
        rest: Given = 0.0,
        low: Given = -0.1,
        reset: str = "hard",
        strict: bool = False,
        detach_reset: bool = False,
        **options: Any,
    ) -> None:
        fire, named = _fire(reset, strict, detach_reset)
        parameters = {
            "tau": tau,
            "threshold": threshold,
            "onset": onset,
            "sharpness": sharpness,
            "rest": rest,
            "low": low,
        }
        super().__init__(steps.eif_step(fire), parameters, named, **options)


class QIF(ZooNeuron):
    """Quadratic integrate and fire."""

    def __init__(
        self,
        tau: Given = 2.0,
        threshold: Given = 1.0,
        *,
        gain: Given = 1.0,
        rest: Given = 0.0,
        critical: Given = 0.8,
        low: Given = -0.1,
        reset: str = "hard",
        strict: bool = False,
        detach_reset: bool = False,
        **options: Any,
    ) -> None:
        fire, named = _fire(reset, strict, detach_reset)
        parameters = {
            "tau": tau,
            "threshold": threshold,
            "gain": gain,
            "rest": rest,
            "critical": critical,
            "low": low,
        }
        super().__init__(steps.qif_step(fire), parameters, named, **options)


class Izhikevich(ZooNeuron):
    """Izhikevich's neuron in millivolts, which starts at rest."""

    def __init__(
        self,
        threshold: Given = 30.0,
        *,
        a: Given = 0.02,
        b: Given = 0.2,
        c: Given = -65.0,
        d: Given = 8.0,
        dt: Given = 0.5,
        strict: bool = False,
        detach_reset: bool = False,
        **options: Any,
    ) -> None:
        fire, named = _fire("hard", strict, detach_reset)
        del named["reset"]
        parameters = {"a": a, "b": b, "c": c, "d": d, "dt": dt, "threshold": threshold}
        self.initial = {"v": -65.0, "u": -13.0}
        step = steps.izhikevich_step(fire)
        super().__init__(step, parameters, named, ("v", "u"), **options)
