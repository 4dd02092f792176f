"""Neurons whose threshold rises with every spike, and which are tired behind it; nothing is reset.

`raised` is by how much the threshold is above its own, `tired` what refractoriness adds to it; both
decay. A spike raises by `threshold_step`, and tires by twice the threshold that was reached.
"""

from __future__ import annotations

from typing import Any

from snncore.dynamics.equations import Equations, trace
from snncore.dynamics.words import detach, select, spike

ADAPTING = ("threshold", "threshold_step", "threshold_decay", "refractory_decay")
RAISED = ("raised", "tired")


def adapting_lif_step(
    u: Any,
    v: Any,
    raised: Any,
    tired: Any,
    x: Any,
    *,
    current_decay: Any,
    voltage_decay: Any,
    threshold: Any,
    threshold_step: Any,
    threshold_decay: Any,
    refractory_decay: Any,
) -> tuple[Any, ...]:
    """Fire at the raised threshold; the voltage follows a current."""
    u = (1.0 - current_decay) * u + x
    v = (1.0 - voltage_decay) * v + u
    raised, tired = (1.0 - threshold_decay) * raised, (1.0 - refractory_decay) * tired
    s = spike(v - (raised + threshold) - tired)
    return u, v, *raised_after(s, raised, tired, threshold, threshold_step), s


def raised_after(s: Any, raised: Any, tired: Any, threshold: Any, step: Any) -> tuple[Any, Any]:
    """Return both states after a spike, or without one."""
    cause, reached = detach(s), raised + threshold
    return select(cause, raised + step, raised), select(cause, tired + (reached + reached), tired)


ADAPTING_LIF: Equations = trace(
    adapting_lif_step,
    states=("u", "v", *RAISED),
    parameters=("current_decay", "voltage_decay", *ADAPTING),
    name="AdaptingLIF",
)
