"""Neurons of a program as primitives of NIR, whose parameters mean the program's integers.

With dt the seconds of a step and values in the units of training:
1. A decay d is the time constant dt / d; the resistance 1 / d undoes what it does to inputs.
2. Neurons that fire at their threshold, and those that fire above it, have their threshold half a
   unit of the voltage lower or higher: receivers that compare with > and with >= then agree.
3. A current that is gone after a step is none, and a voltage that does not decay integrates.
4. A bias belongs to the weighted sums, or to the leak behind a current or a gain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Neuron
from snncore.dynamics import Equations
from snncore.dynamics.zoo.readout import CUBA_INTEGRATOR, INTEGRATOR
from snncore.dynamics.zoo.spiking import (
    CUBA_LIF,
    DRIVEN_CUBA_LIF,
    Fire,
    Reset,
    biased_if,
    biased_lif,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """The parts of a neuron's equations, in NIR's words."""

    current_decay: str | None = None
    voltage_decay: str | None = None
    # Whether it fires above its threshold only; None if it never fires.
    strict: bool | None = None


_FIRES = [(strict, detach) for strict, detach in product((False, True), repeat=2)]
_MODELS: tuple[tuple[Equations, Model], ...] = (
    *((biased_if(Fire(Reset.HARD, *fire)), Model(strict=fire[0])) for fire in _FIRES),
    *(
        (biased_lif(Fire(Reset.HARD, *fire)), Model(voltage_decay="decay", strict=fire[0]))
        for fire in _FIRES
    ),
    (CUBA_LIF, Model("current_decay", "voltage_decay", True)),
    (DRIVEN_CUBA_LIF, Model("current_decay", "voltage_decay", True)),
    (INTEGRATOR, Model(voltage_decay="decay")),
    (CUBA_INTEGRATOR, Model("current_decay", "voltage_decay")),
)
_SOFT = tuple(make(Fire(Reset.SOFT, *fire)) for make in (biased_if, biased_lif) for fire in _FIRES)


@dataclass(frozen=True)
class Primitive:
    """A layer of NIR's neurons."""

    kind: str
    parameters: Mapping[str, Floats]
    # What the weighted sums of the layer need besides, one for each neuron; None if nothing.
    bias: Floats | None = None
    # Whether receivers that compute in floats round nothing that the program does not.
    exact: bool = True


def primitive_of(node: Neuron, shape: Shape, dt: float, gain: float | None) -> Primitive:
    """Return a layer of neurons as NIR has it; a gain is that of inputs without weights.

    Raises:
        DoesNotFitError: if it has no such neuron; names the layer.
    """
    return _Layer(node, shape, dt, _model_of(node), gain).primitive()


def _model_of(node: Neuron) -> Model:
    for equations, model in _MODELS:
        if node.equations.same_computation(equations):
            return model
    if any(node.equations.same_computation(equations) for equations in _SOFT):
        raise DoesNotFitError(
            f"{node.name}: a spike subtracts the threshold, and in NIR it resets the voltage",
            remedy="train with a hard reset (reset='hard'), or use --target onnx",
        )
    raise DoesNotFitError(
        f"{node.name}: NIR has no primitive for {node.equations.name}",
        remedy="use quant.IF, LIF or CubaLIF with a hard reset, or --target onnx",
    )


@dataclass(frozen=True)
class _Layer:
    node: Neuron
    shape: Shape
    dt: float
    model: Model
    # What one unit of the inputs means, if they are no sums of weights.
    gain: float | None

    def primitive(self) -> Primitive:
        """Return the layer's primitive; see the module for the rules."""
        current = self._decay(self.model.current_decay, otherwise=1.0)
        leak = self._decay(self.model.voltage_decay, otherwise=0.0)
        has_current, leaks = not (current == 1).all(), bool((leak != 0).any())
        if has_current and not (current.all() and leak.all()):
            raise self._refused("NIR has no voltage or current without a leak in a CUBA neuron")
        if leaks and not leak.all():
            raise self._refused("some of its voltages decay and some do not")
        bias = self._value("bias")
        # A current filters its sums, and a gain multiplies them: the bias is in neither.
        apart = bool(bias.any()) and (has_current or self.gain is not None)
        if apart and not leaks:
            raise self._refused("has a bias and no weights, and NIR's IF has none")
        parameters = self._leaking(leak, bias if apart else None) if leaks else self._integrating()
        if has_current:
            tau = parameters.pop("tau")
            scale = parameters["r"] * leak
            synaptic = {"tau_syn": self.dt / current, "w_in": scale / current}
            parameters |= synaptic | {"tau_mem": tau, "r": 1 / leak}
        if self.model.strict is not None:
            parameters |= self._threshold(self.model.strict)
        kind = ("Cuba" if has_current else "") + ("LI" if leaks else "I")
        return Primitive(
            kind + ("F" if self.model.strict is not None else ""),
            parameters,
            None if apart or not bias.any() else bias,
            exact=not has_current and bool(((leak == 0) | (leak == 1)).all()),
        )

    def _integrating(self) -> dict[str, Floats]:
        return {"r": self._scale() / self.dt}

    def _leaking(self, leak: Floats, bias: Floats | None) -> dict[str, Floats]:
        rest = self._full(0.0) if bias is None else bias / leak
        return {"tau": self.dt / leak, "r": self._scale() / leak, "v_leak": rest}

    def _threshold(self, strict: bool) -> dict[str, Floats]:
        half = np.ldexp(0.5, self.node.exponent - self.node.system.state("v").fraction)
        threshold = self._value("threshold") + (half if strict else -half)
        return {"v_threshold": threshold, "v_reset": self._value("rest")}

    def _scale(self) -> Floats:
        """Return what one unit of the neurons' input means: sums of weights say it themselves."""
        if "gain" in self.node.parameters:
            return np.ldexp(self._value("gain"), -self.node.system.input_fraction)
        return self._full(1.0 if self.gain is None else self.gain)

    def _decay(self, name: str | None, *, otherwise: float) -> Floats:
        """Return the shares that a step loses."""
        if name is None:
            return self._full(otherwise)
        share = np.ldexp(self._whole(name), -self.node.system.parameter_fraction(name))
        if (share < 0).any() or (share > 1).any():
            raise self._refused(f"{name} is not a share from 0 to 1")
        return share

    def _value(self, name: str) -> Floats:
        """Return a parameter in the units of training, or zeros if there is none."""
        if name not in self.node.parameters:
            return self._full(0.0)
        power = self.node.exponent - self.node.system.parameter_fraction(name)
        return np.ldexp(self._whole(name), power)

    def _whole(self, name: str) -> Floats:
        values: Floats = np.broadcast_to(self.node.parameters[name], self.shape).astype(np.float64)
        return values

    def _full(self, value: float) -> Floats:
        return np.full(self.shape, value)

    def _refused(self, message: str) -> DoesNotFitError:
        return DoesNotFitError(
            f"{self.node.name}: {message}", remedy="give every neuron a decay, or none"
        )
