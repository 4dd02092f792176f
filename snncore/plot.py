"""Plots of spikes, membranes and rates, each a matplotlib figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def raster(spikes: Tensor, *, sample: int = 0, title: str = "") -> Figure:
    """Draw a mark for every spike of one sample of (T, N, ...): time to the right, neurons up."""
    figure, axes = _figure(title, "step", "neuron")
    flat = spikes[:, sample].detach().cpu().flatten(1)
    times, neurons = flat.nonzero(as_tuple=True)
    axes.scatter(times.numpy(), neurons.numpy(), marker="|", s=12, linewidths=0.8, color="#1f3b57")
    axes.set_xlim(-0.5, len(flat) - 0.5)
    axes.set_ylim(-0.5, flat.shape[1] - 0.5)
    return figure


def traces(
    values: Tensor,
    *,
    sample: int = 0,
    neurons: int = 5,
    threshold: float | None = None,
    title: str = "",
) -> Figure:
    """Draw the first neurons' states (T, N, ...) over time, and the threshold."""
    figure, axes = _figure(title, "step", "state")
    flat = values[:, sample].detach().cpu().flatten(1)[:, :neurons]
    for index, line in enumerate(flat.T):
        axes.plot(line.numpy(), linewidth=1.2, label=f"{index}")
    if threshold is not None:
        axes.axhline(threshold, color="0.4", linestyle="--", linewidth=1, label="threshold")
    axes.legend(frameon=False, fontsize="small")
    return figure


def rates(layers: Mapping[str, float], *, title: str = "") -> Figure:
    """Draw a bar for every layer's firing rate, as `monitor.profile(...).rates` gives it."""
    figure, axes = _figure(title, "spikes a step", "")
    axes.barh(list(layers), list(layers.values()), color="#1f3b57")
    axes.invert_yaxis()
    return figure


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    horizontal: str = "",
    vertical: str = "",
    title: str = "",
) -> Figure:
    """Draw a line for each name, of points to the right and up."""
    figure, axes = _figure(title, horizontal, vertical)
    for name, (right, up) in lines.items():
        axes.plot(right, up, marker="o", markersize=4, linewidth=1.2, label=name)
    axes.legend(frameon=False, fontsize="small")
    return figure


def _figure(title: str, horizontal: str, vertical: str) -> tuple[Figure, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots need matplotlib: python -m pip install matplotlib") from error
    # A figure of its own, which no global state keeps alive.
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=horizontal, ylabel=vertical)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
