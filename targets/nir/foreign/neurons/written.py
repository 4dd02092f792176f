"""The way back from a profile's neurons to NIR: numbers of which the profile makes these again.

What a framework ignores is written as the specification means it, where it can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snncore.dynamics import Equations
from targets.nir.foreign.neurons.cell import traced

Single = NDArray[np.floating[Any]]
Numbers = dict[str, Any]
# Of a neuron's own numbers by name, and of the seconds of a step.
Write = Callable[[Mapping[str, Single], float], Numbers]
# A longer time constant loses no bit in a step.
_LONGEST = 1 << 26


@dataclass(frozen=True)
class Form:
    """Equations of a profile, their primitive, and how its numbers are written."""

    kind: str
    equations: Equations
    write: Write


def form(kind: str, step: Callable[..., Any], names: str, write: Write) -> Form:
    """Return the form of a step function, whose numbers have these names."""
    return Form(kind, traced(step, tuple(names.split()), kind), write)


def of_inverse(share: Single, dt: float) -> Single:
    """Return the time constants whose inverse, times dt, is the share that a step loses."""
    return _nearest(_steps(share) * dt, lambda tau: dt * (np.float32(1) / tau), share)


def of_share(share: Single, dt: float) -> Single:
    """Return the time constants by which dt divides to the share that a step loses."""
    return _nearest(_steps(share) * dt, lambda tau: dt / tau, share)


def of_kept(kept: Single, dt: float) -> Single:
    """Return the time constants of the share that a step keeps."""
    return _nearest(_steps(1 - np.float64(kept)) * dt, lambda tau: 1 - dt / tau, kept)


def of_kept_in_double(kept: Single, dt: float) -> Single:
    """Return the same for who computes it in double precision."""
    near = _steps(1 - np.float64(kept)) * dt
    return _nearest(near, lambda tau: np.float32(1 - dt / np.float64(tau)), kept)


def of_power(kept: Single) -> Single:
    """Return the time constants, in steps, whose exponential is the share that a step keeps."""
    near = _steps(-np.log(np.maximum(np.float64(kept), 1e-38)))
    return _nearest(near, lambda tau: np.exp(np.float64(-(np.float32(1) / tau))), kept)


def of_steps(steps: Single, dt: float) -> Single:
    """Return the time constants of so many steps."""
    return _nearest(np.float64(steps) * dt, lambda tau: np.float32(np.float64(tau) / dt), steps)


def _steps(share: Any) -> Any:
    """Return the steps of a time constant that loses a share in each."""
    return 1 / np.maximum(np.float64(share), 1 / _LONGEST)


def _nearest(near: Any, reach: Callable[[Single], Any], aim: Single) -> Single:
    """Return the float32 near some of which a computation comes nearest to the aims."""
    best = np.asarray(near, np.float32)
    error = np.abs(np.float64(reach(best)) - aim)
    for direction in (-np.inf, np.inf):
        other = np.asarray(near, np.float32)
        for _ in range(3):
            other = np.nextafter(other, np.float32(direction))
            misses = np.abs(np.float64(reach(other)) - aim)
            best = np.where(misses < error, other, best)
            error = np.minimum(misses, error)
    return best


def firing(own: Mapping[str, Single], **others: Any) -> Numbers:
    """Return the numbers of neurons that fire at their threshold and return to zero."""
    return {"v_threshold": own["threshold"], "v_reset": 0.0, **others}


def integrating(own: Mapping[str, Single], dt: float) -> Numbers:
    """Return the numbers of an IF that adds its inputs up as they are."""
    return firing(own, r=1 / dt)


def unscaled(own: Mapping[str, Single], dt: float, tau_mem: Single, tau_syn: Single) -> Numbers:
    """Return the numbers of a CubaLIF that undoes what its leaks do to its inputs."""
    gains = {"r": tau_mem / dt, "w_in": tau_syn / dt}
    return firing(own, tau_mem=tau_mem, tau_syn=tau_syn, v_leak=0.0, **gains)
