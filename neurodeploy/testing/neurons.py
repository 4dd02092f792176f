"""Neurons of no particular chip: the kit's networks for targets that accept any neurons."""

from __future__ import annotations

from typing import Any

from neurodeploy.target import ExampleNeuron
from snncore.dynamics import Format, NumberSystem, Overflow, select, spike, trace


def _integrate(v: Any, x: Any, *, threshold: Any, bias: Any) -> Any:
    h = v + x + bias
    s = spike(h - threshold)
    return select(s, 0.0, h), s


def _integrate_and_subtract(v: Any, x: Any, *, threshold: Any) -> Any:
    h = v + x
    s = spike(h - threshold)
    return select(s, h - threshold, h), s


def _leak(v: Any, x: Any, *, leak: Any, threshold: Any) -> Any:
    h = v * leak + x
    s = spike(h - threshold, strict=True)
    return select(s, 0.0, h), s


def _gate(v: Any, x: Any, gate: Any, *, leak: Any, threshold: Any) -> Any:
    h = v * leak + select(gate, x, 0)
    s = spike(h - threshold)
    return h - s * threshold, s


def _sum(v: Any, x: Any) -> Any:
    return v + x, v + x


_SATURATING = NumberSystem("saturating16", (("v", Format(16, 0)),), (("threshold", 0), ("bias", 0)))
_WRAPPING = NumberSystem("wrapping10", (("v", Format(10, 0, Overflow.WRAP)),), (("threshold", 0),))
_FRACTIONS = NumberSystem("fractions20", (("v", Format(20, 4)),), (("leak", 6), ("threshold", 0)))
_WIDE = NumberSystem("wide24", (("v", Format(24, 0)),), ())

# The first is built into every structure, the others into one of dense layers.
NEURONS = {
    "hard reset": ExampleNeuron(
        trace(_integrate, states=("v",), parameters=("threshold", "bias"), name="HardReset"),
        _SATURATING,
        {"threshold": 90, "bias": 0},
    ),
    "soft reset": ExampleNeuron(
        trace(_integrate_and_subtract, states=("v",), parameters=("threshold",), name="SoftReset"),
        _WRAPPING,
        {"threshold": 90},
    ),
    "leak": ExampleNeuron(
        trace(_leak, states=("v",), parameters=("leak", "threshold"), name="Leak"),
        _FRACTIONS,
        {"leak": 48, "threshold": 90},
    ),
    "two inputs": ExampleNeuron(
        trace(_gate, states=("v",), parameters=("leak", "threshold"), name="Gate"),
        _FRACTIONS,
        {"leak": 48, "threshold": 60},
    ),
    "sum": ExampleNeuron(trace(_sum, states=("v",), parameters=(), name="Sum"), _WIDE, {}),
}
