"""A neuron as a user may define it: two states, one of them a voltage and one a number."""

from typing import Any

from snncore import neuron
from snncore.dynamics import select, spike


@neuron.define(
    states={"v": 0.0, "a": 0.0},
    params={"decay": 0.5, "threshold": 1.0, "jump": 0.5, "forget": 0.75},
)
def Tiring(  # noqa: N802
    v: Any, a: Any, x: Any, *, decay: Any, threshold: Any, jump: Any, forget: Any
) -> Any:
    """Every spike raises the threshold, and that is forgotten slowly."""
    h = decay * v + x
    s = spike(h - threshold - jump * a)
    return select(s, 0.0, h), forget * a + s, s
