"""The comparison of traces: equal, or the first value that differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.report import Divergence, Link, Status
from neurodeploy.trace import Trace

# The number of steps before and after a divergence that are shown.
_AROUND = 3


def compare(name: str, expected: Trace, got: Trace, seconds: float) -> Link:
    """Return the link between two traces; states that only one of them shows are ignored."""
    reason = _unlike(expected, got)
    if reason is not None:
        return Link(name, Status.DIFFERS, seconds=seconds, reason=reason)
    compared = 0
    first: tuple[tuple[int, ...], Divergence] | None = None
    for depth, layer in enumerate(expected):
        left, right = expected[layer].values, got[layer].values
        for state in _shared(left, right):
            compared += left[state].size
            difference = _first_difference(layer, depth, state, left, right, expected[layer].called)
            if difference is not None and (first is None or difference[0] < first[0]):
                first = difference
    if first is not None:
        return Link(name, Status.DIFFERS, compared, expected.spikes(), seconds, divergence=first[1])
    spikes = expected.spikes()
    status = Status.SILENT if expected.silent else Status.EQUAL
    return Link(name, status, compared, spikes, seconds)


def _unlike(expected: Trace, got: Trace) -> str | None:
    """Return why the values of two traces cannot be compared one by one, if they cannot."""
    for layer in expected:
        if layer not in got.layers:
            return f"{layer} is not there"
        left, right = expected[layer].values, got[layer].values
        for state in _shared(left, right):
            if state not in left or state not in right:
                return f"{layer}.{state} is shown on one side only"
            if left[state].shape != right[state].shape:
                shapes = f"{left[state].shape} and {right[state].shape}"
                return f"{layer}.{state} has different shapes: {shapes}"
    return None


def _shared(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    # States come before the spike that follows from them.
    shown = [key for key in left if key != "s" and key in right]
    # A layer that was run only for its sums shows no spikes on either side.
    return shown + (["s"] if "s" in left or "s" in right or not shown else [])


def _first_difference(
    layer: str,
    depth: int,
    state: str,
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    called: Callable[[str], str],
) -> tuple[tuple[int, ...], Divergence] | None:
    """Return the earliest difference: by step, then by layer, then by neuron and sample."""
    differs = left[state] != right[state]
    if not differs.any():
        return None
    step = int(differs.reshape(differs.shape[0], -1).any(axis=1).argmax())
    sample, *neuron = (int(i) for i in np.argwhere(differs[step])[0])
    where = (slice(None), sample, *neuron)
    shown = tuple(range(max(0, step - _AROUND), min(differs.shape[0], step + _AROUND + 1)))
    context = {
        side: {
            called(key): tuple(int(v) for v in values[where][shown[0] : shown[-1] + 1])
            for key, values in arrays.items()
        }
        for side, arrays in (("expected", left), ("got", right))
    }
    divergence = Divergence(
        layer,
        called(state),
        tuple(neuron),
        step,
        sample,
        _at(left[state], step, sample, neuron),
        _at(right[state], step, sample, neuron),
        context,
        shown,
        int(differs.sum()),
    )
    return (step, depth, state == "s"), divergence


def _at(values: NDArray[Any], step: int, sample: int, neuron: list[int]) -> float:
    value = float(values[(step, sample, *neuron)])
    # Integers beyond a float's precision stay integers; a fraction is reported as a float.
    return int(values[(step, sample, *neuron)]) if value.is_integer() else value


@dataclass(frozen=True)
class Tolerance:
    """The permitted distance between floats: most values near, spikes at a threshold excepted."""

    # Relative to a value's size, and absolute below 1.
    near: float = 1e-4
    # The share of a layer's values that may differ: a spike at its threshold may go either way.
    share: float = 1e-3

    def words(self) -> str:
        """Return the tolerance as a report states it."""
        return f"{self.near:g} a value, for all but {self.share:.1%} of each layer's values"


def compare_within(
    name: str, expected: Trace, got: Trace, seconds: float, tolerance: Tolerance
) -> Link:
    """Return the link between two float traces; a difference is reported of the worst layer."""
    unlike = _unlike(expected, got)
    if unlike is not None:
        return Link(name, Status.DIFFERS, seconds=seconds, reason=unlike)
    compared, far, worst = 0, 0, (0.0, "")
    for layer in expected:
        left, right = expected[layer].values, got[layer].values
        for state in _shared(left, right):
            distance = np.abs(left[state] - right[state])
            count = int((~(distance <= tolerance.near * np.maximum(1, np.abs(left[state])))).sum())
            compared, far = compared + distance.size, far + count
            named = f"{layer}.{expected[layer].called(state)}"
            worst = max(worst, (count / distance.size, named))
    spikes = expected.spikes()
    status = Status.SILENT if expected.silent else Status.EQUAL
    if worst[0] > tolerance.share:
        status = Status.DIFFERS
    reason = f"{far:,} of {compared:,} values are farther apart than {tolerance.near:g}"
    if status == Status.DIFFERS:
        reason += f"; of {worst[1]} {worst[0]:.1%}, where {tolerance.share:.1%} is allowed"
    words = tolerance.words()
    return Link(name, status, compared, spikes, seconds, reason=reason, tolerance=words)
