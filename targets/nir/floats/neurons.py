"""Neurons in floats as primitives of NIR.

With dt the seconds of a step and a the share that a step loses, in float32:
1. tau = dt / a, so that a receiver's dt / tau is a: where no float32 divides so, the nearest one.
2. An input beside the leak has r = 1 / a, which undoes what the leak does to it.
3. Neurons that fire at their threshold have the next smaller float32 as theirs, since NIR's fire
   above it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.graph import Neuron
from snncore.dynamics import Equations
from snncore.dynamics.equations import trace
from snncore.dynamics.zoo.spiking import CUBA_LIF, Fire, Reset, leaky
from targets.nir.floats.described import described, dividing, numbers_of
from targets.nir.foreign.order import NEURONS

Single = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Form:
    """Equations in NIR's words: the primitive, where the input is, and how it fires."""

    kind: str
    inside: bool = False
    strict: bool | None = None
    reset: Reset = Reset.HARD


def _integrating(rule: Fire) -> Callable[..., Any]:
    def step(v: Any, x: Any, *, threshold: Any) -> Any:
        return rule(v + x, threshold)

    return step


def _leaking(rule: Fire, *, inside: bool) -> Callable[..., Any]:
    def step(v: Any, x: Any, *, tau: Any, threshold: Any) -> Any:
        return rule(leaky(v, x, lambda value: value / tau, inside), threshold)

    return step


def _reading(*, inside: bool) -> Callable[..., Any]:
    def step(v: Any, x: Any, *, tau: Any) -> Any:
        h = leaky(v, x, lambda value: value / tau, inside)
        return h, h

    return step


def _forms() -> list[tuple[Equations, Form]]:
    """Return the equations that NIR has a primitive for, and those of a soft reset."""

    def traced(step: Callable[..., Any], *parameters: str) -> Equations:
        return trace(step, states=("v",), parameters=parameters, name="neurons")

    forms: list[tuple[Equations, Form]] = [(CUBA_LIF, Form("CubaLIF", False, True))]
    for inside in (False, True):
        forms.append((traced(_reading(inside=inside), "tau"), Form("LI", inside)))
    for reset in Reset:
        for strict in (False, True):
            for detached in (False, True):
                rule = Fire(reset, strict, detached)
                equations = traced(_integrating(rule), "threshold")
                forms.append((equations, Form("IF", False, strict, reset)))
                for inside in (False, True):
                    step = _leaking(rule, inside=inside)
                    equations = traced(step, "tau", "threshold")
                    forms.append((equations, Form("LIF", inside, strict, reset)))
    return forms


_FORMS = _forms()


def is_specified(node: Neuron) -> bool:
    """Return whether a layer of neurons is the specification's, or our zoo's in its words."""
    return described(node) is not None or _form(node) is not None


def _form(node: Neuron) -> Form | None:
    return next((f for e, f in _FORMS if e.same_computation(node.equations)), None)


def form_of(node: Neuron) -> Form:
    """Return a layer of neurons in NIR's words.

    Raises:
        DoesNotFitError: if NIR has none like it; names it.
    """
    form, name = _form(node), node.equations.name
    if form is None and name in NEURONS:
        raise DoesNotFitError(
            f"{node.name}: no reading of NIR has a {name} with these equations",
            remedy="convert it without another reset, or use --target onnx",
        )
    if form is None:
        raise DoesNotFitError(
            f"{node.name}: NIR has no primitive for {name}",
            remedy="use neuron.IF, LIF, CubaLIF or LeakyIntegrator, or --target onnx",
        )
    if form.reset == Reset.SOFT:
        raise DoesNotFitError(
            f"{node.name}: a spike subtracts the threshold, and in NIR it resets the voltage",
            remedy="train with a hard reset (reset='hard'), or use --target onnx",
        )
    if form.reset == Reset.NONE:
        raise DoesNotFitError(
            f"{node.name}: a spike does not reset the voltage, and in NIR it does",
            remedy="train with a hard reset (reset='hard'), or use --target onnx",
        )
    return form


def primitive_of(node: Neuron, shape: Shape, dt: float) -> tuple[str, Mapping[str, Single]]:
    """Return the primitive of a layer of neurons, and its numbers.

    Raises:
        DoesNotFitError: if NIR has none like it; names it.
    """
    kind = described(node)
    if kind is not None:
        return kind, numbers_of(node, shape, dt)
    form, step = form_of(node), np.float32(dt)

    def full(name: str) -> Single:
        return np.broadcast_to(node.parameters[name], shape).astype(np.float32)

    zeros, ones = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    numbers: dict[str, Single] = {"v_leak": zeros}
    if form.kind == "IF":
        numbers = {"r": dividing(ones, np.broadcast_to(1 / step, shape), step, products=True)}
    elif form.kind == "CubaLIF":
        leak, loss = full("voltage_decay"), full("current_decay")
        if not (leak > 0).all() or not (loss > 0).all():
            raise DoesNotFitError(
                f"{node.name}: a voltage or a current does not leak, and in a CubaLIF of NIR both "
                "do",
                remedy="give both a decay, or use --target onnx",
            )
        numbers["v_leak"] = full("bias") / leak
        numbers |= {"tau_mem": dividing(leak, step / leak, step), "r": 1 / leak}
        numbers |= {"tau_syn": dividing(loss, step / loss, step), "w_in": 1 / loss}
    else:
        tau = full("tau")
        numbers |= {"tau": dividing(1 / tau, step * tau, step)}
        numbers["r"] = ones if form.inside else tau
    if form.strict is not None:
        threshold = full("threshold")
        below = np.nextafter(threshold, np.float32(-np.inf))
        numbers |= {"v_threshold": threshold if form.strict else below, "v_reset": zeros}
    return form.kind, {key: np.asarray(value, np.float32) for key, value in numbers.items()}
