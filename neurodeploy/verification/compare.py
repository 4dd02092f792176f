"""The comparison of traces: equal, or the first value that differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.report import EVERY_SPIKE, Divergence, Link, Status
from neurodeploy.trace import LayerTrace, Trace

# The number of steps before and after a divergence that are shown.
_AROUND = 3


# Whether values differ, given their layer, their name and both sides.
Differs = Callable[[LayerTrace, str, NDArray[Any], NDArray[Any]], NDArray[np.bool_]]


def compare(name: str, expected: Trace, got: Trace, seconds: float) -> Link:
    """Return the link between two traces; states that only one of them shows are ignored."""
    return _compared(
        name, expected, got, seconds, lambda _layer, _state, left, right: left != right
    )


def compare_spikes(name: str, expected: Trace, got: Trace, seconds: float, near: float) -> Link:
    """Return the link between two traces in floats: spikes bit for bit, other values nearly.

    A difference of spikes is reported before one of voltages, which may be in another unit.
    """

    def sent(layer: LayerTrace, state: str, left: NDArray[Any], right: NDArray[Any]) -> Any:
        return (left != right) & (state == "s" and layer.spiking)

    def far(layer: LayerTrace, state: str, left: NDArray[Any], right: NDArray[Any]) -> Any:
        if state == "s" and layer.spiking:
            return left != right
        return ~(np.abs(left - right) <= near * np.maximum(1, np.abs(left)))

    link = _compared(name, expected, got, seconds, sent)
    if link.same:
        link = _compared(name, expected, got, seconds, far)
    words = f"spikes bit for bit, other values within {near:g}"
    if link.divergence is not None and link.divergence.state != "s":
        reason = f"{EVERY_SPIKE}; values are farther apart than {near:g}"
        return replace(link, reason=reason, tolerance=words)
    return replace(link, tolerance=words)


def _compared(name: str, expected: Trace, got: Trace, seconds: float, differs: Differs) -> Link:
    reason = _unlike(expected, got)
    if reason is not None:
        return Link(name, Status.DIFFERS, seconds=seconds, reason=reason)
    compared = 0
    first: tuple[tuple[int, ...], Divergence] | None = None
    for depth, layer in enumerate(expected):
        left, right = expected[layer].values, got[layer].values
        for state in _shared(left, right):
            compared += left[state].size
            where = differs(expected[layer], state, left[state], right[state])
            difference = _first_difference((layer, depth, state), where, expected[layer], right)
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
    named: tuple[str, int, str],
    differs: NDArray[np.bool_],
    expected: LayerTrace,
    right: Mapping[str, Any],
) -> tuple[tuple[int, ...], Divergence] | None:
    """Return the earliest difference: by step, then by layer, then by neuron and sample."""
    if not differs.any():
        return None
    (layer, depth, state), left = named, expected.values
    step = int(differs.reshape(differs.shape[0], -1).any(axis=1).argmax())
    sample, *neuron = (int(i) for i in np.argwhere(differs[step])[0])
    where: tuple[Any, ...] = (slice(None), sample, *neuron)
    shown = tuple(range(max(0, step - _AROUND), min(differs.shape[0], step + _AROUND + 1)))
    context = {
        side: {
            expected.called(key): tuple(_number(v) for v in values[where][shown[0] : shown[-1] + 1])
            for key, values in arrays.items()
        }
        for side, arrays in (("expected", left), ("got", right))
    }
    divergence = Divergence(
        layer,
        expected.called(state),
        tuple(neuron),
        step,
        sample,
        _number(left[state][(step, sample, *neuron)]),
        _number(right[state][(step, sample, *neuron)]),
        context,
        shown,
        int(differs.sum()),
    )
    return (step, depth, state == "s"), divergence


def _number(value: Any) -> float:
    # Integers beyond a float's precision stay integers; of a fraction, nine digits tell float32s.
    return int(value) if float(value).is_integer() else float(f"{value:.9g}")


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
    compared, far, worst, other_spikes = 0, 0, (0.0, ""), 0
    for layer in expected:
        left, right = expected[layer].values, got[layer].values
        for state in _shared(left, right):
            distance = np.abs(left[state] - right[state])
            count = int((~(distance <= tolerance.near * np.maximum(1, np.abs(left[state])))).sum())
            compared, far = compared + distance.size, far + count
            named = f"{layer}.{expected[layer].called(state)}"
            worst = max(worst, (count / distance.size, named))
            if state == "s" and expected[layer].spiking:
                other_spikes += int((left[state] != right[state]).sum())
    spikes = expected.spikes()
    status = Status.SILENT if expected.silent else Status.EQUAL
    if worst[0] > tolerance.share:
        status = Status.DIFFERS
    reason = f"{far:,} of {compared:,} values are farther apart than {tolerance.near:g}"
    if spikes and not other_spikes:
        reason = f"{EVERY_SPIKE}; {reason}"
    if status == Status.DIFFERS:
        reason += f"; of {worst[1]} {worst[0]:.1%}, where {tolerance.share:.1%} is allowed"
    words = tolerance.words()
    return Link(name, status, compared, spikes, seconds, reason=reason, tolerance=words)
