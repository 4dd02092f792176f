"""The excerpt that is drawn: a few samples, a window of steps, evenly spaced neurons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.report.links import Divergence
from neurodeploy.trace import LayerTrace, Trace

# The limit of marks (a spike, a point of a curve) in all pictures; a mark is some seven bytes.
BUDGET = 80_000
# The fixed cost of a picture, in marks.
_OVERHEAD = 300


@dataclass(frozen=True)
class DrawingPlan:
    """The upper limits of what is drawn."""

    samples: int
    steps: int
    rows: int
    curves: int


# From generous to frugal; a large trace gets the first plan that fits the budget.
PLANS = (
    DrawingPlan(samples=4, steps=256, rows=64, curves=3),
    DrawingPlan(samples=4, steps=256, rows=48, curves=2),
    DrawingPlan(samples=2, steps=256, rows=48, curves=2),
    DrawingPlan(samples=2, steps=128, rows=48, curves=2),
    DrawingPlan(samples=1, steps=128, rows=48, curves=1),
    DrawingPlan(samples=1, steps=64, rows=24, curves=1),
)


@dataclass(frozen=True)
class Excerpt:
    """The samples and steps that every picture shows, and the number of neurons."""

    samples: tuple[int, ...]
    of_samples: int
    steps: range
    of_steps: int
    plan: DrawingPlan


def select(trace: Trace, divergence: Divergence | None) -> Excerpt | None:
    """Return what to draw, always with the divergence in it, or None if there is nothing."""
    extents = {next(iter(trace[name].values.values())).shape[:2] for name in drawn_layers(trace)}
    if not extents or 0 in min(extents):
        return None
    of_steps, of_samples = min(extents)
    excerpts = [_planned(plan, of_steps, of_samples, divergence) for plan in PLANS]
    return next((each for each in excerpts if _cost(trace, each) <= BUDGET), excerpts[-1])


def drawn_layers(trace: Trace) -> list[str]:
    """Return the layers that have something to show."""
    return [name for name in trace if any(array.size for array in trace[name].values.values())]


def flat(layer: LayerTrace, key: str, excerpt: Excerpt, sample: int) -> NDArray[Any]:
    """Return one sample's values within the window, (steps, neurons)."""
    array = np.asarray(layer.values[key])
    steps = slice(excerpt.steps.start, excerpt.steps.stop)
    return array[steps, sample].reshape(len(excerpt.steps), -1)


def even_rows(neurons: int, rows: int) -> list[int]:
    """Return `rows` evenly spaced neurons, or all of them if there are no more."""
    rows = min(neurons, rows)
    return [i * neurons // rows for i in range(rows)]


def _planned(
    plan: DrawingPlan, of_steps: int, of_samples: int, divergence: Divergence | None
) -> Excerpt:
    samples = _samples(plan.samples, of_samples, divergence)
    steps = _window(plan.steps, of_steps, divergence.step if divergence else 0)
    return Excerpt(samples, of_samples, steps, of_steps, plan)


def _samples(most: int, count: int, divergence: Divergence | None) -> tuple[int, ...]:
    first = list(range(min(most, count)))
    if divergence and divergence.sample not in first and 0 <= divergence.sample < count:
        first = [divergence.sample, *first[: most - 1]]
    return tuple(sorted(first))


def _window(most: int, count: int, step: int) -> range:
    if count <= most:
        return range(count)
    # The step is a third into the window, which shows what led to it and what followed.
    start = 0 if step < most else min(max(step - most // 3, 0), count - most)
    return range(start, start + most)


def _cost(trace: Trace, excerpt: Excerpt) -> int:
    return sum(_layer_cost(trace[name], excerpt) for name in drawn_layers(trace))


def _layer_cost(layer: LayerTrace, excerpt: Excerpt) -> int:
    plan, steps = excerpt.plan, len(excerpt.steps)
    states = sum(key != "s" for key in layer.values)
    each = _OVERHEAD + steps * (1 + states * plan.curves)
    return each * len(excerpt.samples) + sum(_spikes(layer, excerpt))


def _spikes(layer: LayerTrace, excerpt: Excerpt) -> Iterable[int]:
    if "s" not in layer.values:
        return
    for sample in excerpt.samples:
        spikes = flat(layer, "s", excerpt, sample)
        rows = even_rows(spikes.shape[1], excerpt.plan.rows)
        yield int(np.count_nonzero(spikes[:, rows]))
