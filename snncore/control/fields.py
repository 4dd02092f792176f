"""Learnable Gaussian receptive fields, whose responses neurons turn into spikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from snncore import neuron
from snncore.dynamics import detach, exp, spike
from snncore.neuron.define import define
from snncore.surrogate import LeakyKReLU


@define(
    states={"v": 0.0},
    params={"centre": 0.0, "width": 1.0, "threshold": 0.999},
    learnable=("centre", "width"),
)
def ReceptiveField(v: Any, x: Any, *, centre: Any, width: Any, threshold: Any) -> Any:
    """Integrate the response exp(-((x - centre) / width)**2 / 2), and fire with a soft reset."""
    distance = (x - centre) / width
    h = v + exp(-0.5 * distance * distance)
    s = spike(h - threshold)
    return h - detach(s) * threshold, s


def receptive_fields(
    low: Sequence[float],
    high: Sequence[float],
    population: int = 10,
    *,
    spread: float = 0.58,
) -> neuron.Neuron:
    """Return neurons, `population` for each value, that fire the more, the nearer their field is.

    The centres stand evenly from low to high; `spread` is the width of a field in units of the
    distance of two centres. Both are learned; a spike's gradient is one, whatever the distance.

    Raises:
        ValueError: if the ends make no range.
    """
    ends = torch.tensor([tuple(low), tuple(high)], dtype=torch.float64)
    if population < 2 or not bool((ends[0] < ends[1]).all() and ends.isfinite().all()):
        raise ValueError(
            f"receptive_fields: {population} fields from {list(low)} to {list(high)} "
            "(take two or more, and finite ends, low below high)"
        )
    share = torch.linspace(0, 1, population, dtype=torch.float64)
    centres = ends[0, :, None] + (ends[1] - ends[0])[:, None] * share
    width = spread * (ends[1] - ends[0]) / (population - 1)
    return ReceptiveField(
        centre=centres.flatten().float(),
        width=width.repeat_interleave(population).float(),
        surrogate=LeakyKReLU(1.0, 1.0),
    )


def responses(fields: neuron.Neuron, values: Tensor) -> Tensor:
    """Return the fields' responses (N, values * population) in 0..1 to values (N, values)."""
    centre, width = fields.get_parameter("centre"), fields.get_parameter("width")
    spread = values.repeat_interleave(len(centre) // values.shape[-1], -1)
    return torch.exp(-0.5 * ((spread - centre) / width).square())
