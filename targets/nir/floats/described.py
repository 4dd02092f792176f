"""Neurons that were read in a NIR file by the specification, back as the primitives they came from.

Their equations are the specification's own, so the file that is written is read bit for bit alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.graph import Neuron
from snncore.dynamics import Equations
from snncore.dynamics.zoo.spiking import Reset
from targets.nir.foreign.neurons.cell import traced
from targets.nir.foreign.neurons.spec import DRIVES, stepped

Single = NDArray[np.floating[Any]]
# By what a voltage loses: the kinds of neurons, without a current and with one.
_KINDS = {(True, True): "LIF", (True, False): "LI", (False, True): "IF", (False, False): "I"}


@dataclass(frozen=True)
class Described:
    """A primitive of NIR, and its equations by the specification."""

    kind: str
    equations: Equations


@cache
def _all() -> tuple[Described, ...]:
    return tuple(_each())


def _each() -> Iterator[Described]:
    """Yield every form of the specification's neurons."""
    for drive, own in DRIVES.items():
        leaks = bool({"share", "tau"} & {*own})
        for fires in (False, True):
            for current in (False, True) if leaks else (False,):
                for resting in (False, True) if fires else (False,):
                    reset = Reset.HARD if fires else None
                    names = (*own, *(("loss", "w_in") if current else ()))
                    names += ("threshold",) if fires else ()
                    names += ("v_reset",) if resting else ()
                    step = stepped(drive, own, reset, resting, current)
                    kind = ("Cuba" if current else "") + _KINDS[leaks, fires]
                    yield Described(kind, traced(step, names, kind))


def described(node: Neuron) -> str | None:
    """Return the primitive of neurons with the specification's equations, or None."""
    equations = node.equations
    return next((d.kind for d in _all() if d.equations.same_computation(equations)), None)


def numbers_of(node: Neuron, shape: Shape, dt: float) -> Mapping[str, Single]:
    """Return the numbers of the primitive, of which the specification makes the node's again."""
    step = np.float32(dt)
    own = {
        name: np.broadcast_to(value, shape).astype(np.float32)
        for name, value in node.parameters.items()
    }
    zeros, ones = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    current = "loss" in own
    numbers: dict[str, Single] = {}
    if "tau" in own or "share" in own:
        share = own["share"] if "share" in own else 1 / own["tau"]
        tau = "tau_mem" if current else "tau"
        numbers = {tau: dividing(share, step / share, step), "r": own.get("r", ones)}
        numbers["v_leak"] = own.get("rest", zeros)
    else:
        gain = own.get("gain", ones)
        numbers = {"r": dividing(gain, gain / step, step, products=True)}
    if current:
        numbers["tau_syn"] = dividing(own["loss"], step / own["loss"], step)
        numbers["w_in"] = own["w_in"]
    if "threshold" in own:
        numbers |= {"v_threshold": own["threshold"], "v_reset": own.get("v_reset", zeros)}
    return {key: np.asarray(value, np.float32) for key, value in numbers.items()}


def dividing(shares: Single, near: Any, step: np.float32, *, products: bool = False) -> Single:
    """Return numbers near some by which a step divides to these shares, or multiplies."""
    best = np.array(near, dtype=np.float32)
    for direction in (-np.inf, np.inf):
        other = np.array(near, dtype=np.float32)
        for _ in range(2):
            other = np.nextafter(other, np.float32(direction))
            reached = step * other if products else step / other
            have = step * best if products else step / best
            closer = np.abs(reached - shares) < np.abs(have - shares)
            best = np.where(closer, other, best)
    return best
