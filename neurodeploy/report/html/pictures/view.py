"""One layer in one sample, as its pictures need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.report.html.excerpt import DrawingPlan, Excerpt, even_rows, flat
from neurodeploy.report.html.pictures.axis import Axis, margin
from neurodeploy.report.links import Divergence
from neurodeploy.report.words import visible
from neurodeploy.trace import LayerTrace


@dataclass(frozen=True)
class View:
    """Values (steps, neurons) within the excerpt's window."""

    name: str
    sample: int
    shape: tuple[int, ...]
    values: Mapping[str, NDArray[Any]]
    axis: Axis
    plan: DrawingPlan
    # The step and the neuron of the difference, if it is in this layer and sample.
    difference: tuple[int, int] | None

    @property
    def said(self) -> str:
        """The layer and the sample in words."""
        return f"{visible(self.name)}, sample {self.sample}"

    @property
    def states(self) -> list[str]:
        """The states that are shown."""
        return [key for key in self.values if key != "s"]

    @property
    def neurons(self) -> int:
        """The number of neurons in the layer."""
        return int(next(iter(self.values.values())).shape[1])

    def rows(self) -> list[int]:
        """Return the raster's neurons, evenly spaced; the differing one replaces the nearest."""
        even = even_rows(self.neurons, self.plan.rows)
        if self.difference is not None:
            neuron = self.difference[1]
            even[min(range(len(even)), key=lambda i: abs(even[i] - neuron))] = neuron
        return even

    def active(self) -> list[int]:
        """Return a few neurons: the differing one, then by spikes, then by movement of states."""
        none = np.zeros(self.neurons)
        spikes = np.count_nonzero(self.values["s"], axis=0) if "s" in self.values else none
        moves = sum((np.ptp(self.values[state], axis=0) for state in self.states), none)
        order = [int(i) for i in np.lexsort((np.arange(self.neurons), -moves, -spikes))]
        if self.difference is not None:
            order = [self.difference[1], *(i for i in order if i != self.difference[1])]
        return order[: self.plan.curves]

    def neuron_name(self, neuron: int) -> str:
        """Return a neuron's name: its index within the layer's shape."""
        index = np.unravel_index(neuron, self.shape) if self.shape else ()
        return "neuron (" + ", ".join(str(int(i)) for i in index) + ")"


def view(
    name: str, layer: LayerTrace, excerpt: Excerpt, sample: int, divergence: Divergence | None
) -> View:
    """Return the layer in that sample; `divergence` is the report's first one, in any layer."""
    values = {key: flat(layer, key, excerpt, sample) for key in layer.values}
    shape = next(iter(layer.values.values())).shape[2:]
    axis = Axis(excerpt.steps, margin(key for key in values if key != "s"))
    neuron = None
    if (
        divergence
        and (divergence.layer, divergence.sample) == (name, sample)
        and divergence.step in excerpt.steps
    ):
        neuron = _number(divergence.neuron, shape)
    difference = (divergence.step, neuron) if divergence and neuron is not None else None
    return View(name, sample, shape, values, axis, excerpt.plan, difference)


def _number(index: tuple[int, ...], shape: tuple[int, ...]) -> int | None:
    """Return the neuron's position in the flattened layer, or None if the layer lacks it."""
    inside = len(shape) == len(index) and all(0 <= i < n for i, n in zip(index, shape, strict=True))
    return int(np.ravel_multi_index(index, shape)) if inside else None
