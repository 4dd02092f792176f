"""The picture of a surrogate: the spike, the curve that stands for it, and its gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from snncore.dynamics import numbers_like
from snncore.surrogate.rule import Surrogate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 1001


def plot(*rules: Surrogate, reach: float = 2.0, title: str = "") -> Figure:
    """Draw surrogates from -reach to reach: values on the left, gradients on the right.

    The value is the integral of the gradient, which is 1/2 at the threshold.
    """
    if not rules:
        raise ValueError("surrogate.plot: takes a surrogate or several")
    if not reach > 0:
        raise ValueError(f"surrogate.plot: reach is {reach}, not positive")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots need matplotlib: python -m pip install matplotlib") from error
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    values, gradients = figure.subplots(1, 2)
    x = torch.linspace(-reach, reach, _POINTS, dtype=torch.float64)
    values.plot(x.numpy(), (x >= 0).double().numpy(), color="0.5", linestyle="--", label="spike")
    for rule in rules:
        with numbers_like(x):
            slope = torch.as_tensor(rule.gradient(x)) + 0 * x
        value = torch.cat([torch.zeros(1).to(x), torch.cumulative_trapezoid(slope, x)])
        value = value - value[_POINTS // 2] + 0.5
        values.plot(x.numpy(), value.numpy(), label=_label(rule))
        gradients.plot(x.numpy(), slope.numpy(), label=_label(rule))
    values.set(title=title, xlabel="distance from the threshold", ylabel="value")
    gradients.set(xlabel="distance from the threshold", ylabel="gradient")
    for axes in (values, gradients):
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="small")
    return figure


def _label(rule: Surrogate) -> str:
    numbers = ", ".join(f"{name}={value:g}" for name, value in rule.values().items())
    return f"{type(rule).__name__}({numbers})"
