"""Neurons that fire several times a step, as sinabs and Rockpool have them; every spike subtracts.

Equations have no whole part of a ratio, so its binary digits are compared one after another.
"""

from __future__ import annotations

from typing import Any

from snncore.dynamics import spike

_BITS = 16
LIMIT = f"fires up to {(1 << _BITS) - 1:,} times a step"


def counted(h: Any, threshold: Any) -> tuple[Any, Any]:
    """Return the voltage after its spikes, and their number."""
    ratio, count = h / threshold, 0.0
    for bit in reversed(range(_BITS)):
        more = float(1 << bit)
        count = count + more * spike(ratio - (count + more))
    return h - count * threshold, count
