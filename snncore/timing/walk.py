"""A layer's membranes from input spike to input spike, exactly, some spikes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from snncore.timing.kernels import Kernel

_BLOCK = 64


class Stretch(NamedTuple):
    """Times without input: their starts (N, B) and lengths, and the states (N, B, O) there."""

    start: Tensor
    length: Tensor
    voltage: Tensor
    current: Tensor


def require_times(name: str, times: Tensor, features: int) -> None:
    """Check the times (..., features) of a layer's input.

    Raises:
        ValueError: if they have another shape or dtype, or one is nan or -inf.
    """
    if times.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"{name}: times of {times.dtype} (take float32 or float64)")
    if times.ndim < 1 or times.shape[-1] != features:
        shape = tuple(times.shape)
        raise ValueError(f"{name}: takes times (..., {features}), not {shape}")
    if bool((times.isnan() | (times == -torch.inf)).any()):
        raise ValueError(
            f"{name}: a time is nan or -inf (an input that is silent has the time inf)"
        )


def walk(times: Tensor, weight: Tensor, kernel: Kernel) -> Iterator[Stretch]:
    """Yield the stretches after the input spikes (N, I), in their order, without resets.

    The states are relative to the last spike, so late times are as exact as early ones.
    """
    ordered, order = times.sort(-1)
    following = F.pad(ordered[:, 1:], (0, 1), value=torch.inf)
    weights = weight.t()
    carried: tuple[Tensor, Tensor, Tensor] | None = None
    for first in range(0, times.shape[-1], _BLOCK):
        here = slice(first, first + _BLOCK)
        start, fires = ordered[:, here], ordered[:, here].isfinite()
        clock = torch.where(fires, start, 0)
        since = (clock[:, :, None] - clock[:, None, :]).clamp(min=0)
        # Numbers are multiplied faster than they are chosen.
        mask = (fires[:, :, None] & fires[:, None, :]).tril().to(times.dtype)
        arriving = weights[order[:, here]]
        voltage = (kernel.response(since) * mask) @ arriving
        current = (kernel.sink(since) * mask) @ arriving
        if carried is not None:
            past = torch.where(fires, clock - carried[2], 0).clamp(min=0)[..., None]
            last_voltage, last_current = carried[0][:, None], carried[1][:, None]
            live = fires[..., None].to(voltage)
            voltage = voltage + live * kernel.voltage(last_voltage, last_current, past)
            current = current + live * kernel.sink(past) * last_current
        length = torch.where(fires, following[:, here] - clock, 0)
        yield Stretch(start, length, voltage, current)
        carried = voltage[:, -1], current[:, -1], clock[:, -1:]


def first_crossing(
    kernel: Kernel, begin: Tensor, length: Tensor, states: tuple[Tensor, Tensor], threshold: float
) -> Tensor:
    """Return when each neuron (N, O) first crosses in stretches (N, B, O), or inf.

    `begin` and `length` are the times in which a stretch counts, and the states those at `begin`.
    """
    voltage, current = states
    crosses = kernel.crosses(voltage, current, length, threshold)
    crosses = crosses & ((length >= 0) & begin.isfinite())
    # Only the first one is solved for. A largest value is sooner known than its index.
    last = crosses.shape[1] - 1
    countdown = torch.arange(last + 1, 0, -1, device=begin.device, dtype=voltage.dtype)
    most = (crosses.to(voltage.dtype) * countdown[:, None]).amax(1, keepdim=True)
    index = (last + 1 - most).clamp(max=last).long()

    def chosen(values: Tensor) -> Tensor:
        return values.expand_as(crosses).gather(1, index).squeeze(1)

    states = chosen(voltage), chosen(current)
    # Where the peak just touches the threshold, rounding decides.
    top = torch.minimum(kernel.peak(*states), chosen(length))
    s = torch.minimum(kernel.crossing(*states, threshold), top)
    return torch.where(most.squeeze(1) > 0, chosen(begin) + s, torch.inf)
