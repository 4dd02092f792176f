"""snnTorch's classes beside ours."""

from __future__ import annotations

from typing import Any

import snntorch
from snntorch import surrogate as theirs

from snncore import neuron, surrogate
from tests.conformance.frameworks.pairs import Pair, stepwise

RESETS = {"subtract": "soft", "zero": "hard", "none": "none"}


class Stateful:
    """A neuron of theirs, which is handed its states."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.states: tuple[Any, ...] = ()

    def double(self) -> Stateful:
        self.module.double()
        return self

    def __call__(self, x: Any) -> Any:
        spikes, *self.states = self.module(x, *self.states)
        return spikes


def pair(kind: str, reset: str, form: dict[str, Any], own: dict[str, Any]) -> Pair:
    """Return a neuron of theirs and ours with a reset, and an arctangent as surrogate."""
    return Pair(
        lambda: Stateful(
            getattr(snntorch, kind)(reset_mechanism=reset, spike_grad=theirs.atan(2.0), **form)
        ),
        lambda: getattr(neuron, kind)(
            reset=RESETS[reset], surrogate=surrogate.ATan(2.0), backend="torch", **own
        ),
        {},
        run=stepwise,
    )


_BOTH: dict[str, Any] = {"alpha": 0.875, "beta": 0.75}
NEURONS = {
    f"{name} {reset}": pair(name.split()[0], reset, form, own)
    for reset in RESETS
    for name, form, own in (
        ("Leaky", {"beta": 0.875}, {"beta": 0.875}),
        ("Leaky at once", {"beta": 0.875, "reset_delay": False}, {"beta": 0.875, "delayed": False}),
        (
            "Leaky graded",
            {"beta": 0.875, "graded_spikes_factor": 1.5},
            {"beta": 0.875, "gain": 1.5},
        ),
        ("Synaptic", _BOTH, _BOTH),
        ("Alpha", _BOTH, _BOTH),
        (
            "Lapicque",
            {"R": 2.0, "C": 2.5, "time_step": 1.0},
            {"resistance": 2.0, "capacitance": 2.5},
        ),
    )
}
SURROGATES = {
    # Inputs beyond -3.5 make their sigmoid's gradient nan.
    f"surrogate {name}": Pair(
        lambda make=make: make(), lambda rule=rule: _strict(rule), {}, scale=0.5
    )
    for name, make, rule in (
        (
            "straight_through_estimator",
            theirs.straight_through_estimator,
            surrogate.StraightThrough(),
        ),
        ("triangular", theirs.triangular, surrogate.Triangular()),
        ("fast_sigmoid", theirs.fast_sigmoid, surrogate.FastSigmoid()),
        ("atan", theirs.atan, surrogate.ATan()),
        ("sigmoid", theirs.sigmoid, surrogate.Sigmoid(25.0)),
        ("spike_rate_escape", theirs.spike_rate_escape, surrogate.SpikeRateEscape()),
        ("SFS", theirs.SFS, surrogate.SparseFastSigmoid()),
    )
}


def _strict(rule: surrogate.Surrogate) -> Any:
    return lambda x: rule(x, strict=True)


PAIRS = NEURONS | SURROGATES
