"""The Tempotron (Guetig and Sompolinsky 2006), with events in continuous time."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from snncore.timing.kernels import Leaky
from snncore.timing.walk import Stretch, require_times, walk


class Peaks(NamedTuple):
    """Each neuron's largest voltage (..., out), when it is reached, and when the neuron fired."""

    voltage: Tensor
    time: Tensor
    spike: Tensor


class _Highest(NamedTuple):
    """The peak so far, and the last input that counts, as an index into the ordered inputs."""

    voltage: Tensor
    time: Tensor
    spike: Tensor
    # The input at whose time the peak is, or -1 for a peak between inputs.
    at_input: Tensor
    last: Tensor


class Tempotron(nn.Module):
    """Peaks of the voltages of neurons whose response to a spike has a peak of one.

    V(t) = sum of w * K(t - t_i), K(s) = (exp(-s / tau) - exp(-s / tau_s)) / norm. What arrives
    with a neuron's spike or later is shunted, so the peak after it is that of the spikes before.
    All is within 0..duration. The peak's gradient is K(t_max - t_i): `tempotron_loss` makes the
    paper's rule of it. There is no state between calls.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        duration: float,
        tau: float = 15.0,
        tau_s: float = 3.75,
        threshold: float = 1.0,
    ) -> None:
        super().__init__()
        if min(in_features, out_features) < 1 or not duration > 0 or not threshold > 0:
            raise ValueError(
                f"Tempotron: {in_features} inputs, {out_features} neurons, duration {duration}, "
                f"threshold {threshold} (take one or more, and positive times and thresholds)"
            )
        self.in_features, self.out_features = in_features, out_features
        self.duration, self.threshold = duration, threshold
        self.kernel = Leaky(tau, tau_s)
        one = torch.ones((), dtype=torch.float64, device="cpu")
        self._norm = float(self.kernel.response(self.kernel.peak(0 * one, one)))
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.normal_(self.weight, 0.0, 0.001)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {
            "in_features": self.in_features,
            "out_features": self.out_features,
            "duration": self.duration,
            "tau": self.kernel.tau_mem,
            "tau_s": self.kernel.tau_syn,
            "threshold": self.threshold,
        }

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        return ", ".join(f"{key}={value}" for key, value in self.config().items())

    def forward(self, times: Tensor) -> Peaks:
        """Return the peaks for input spikes at times (..., in)."""
        require_times("Tempotron", times, self.in_features)
        flat = times.reshape(-1, self.in_features)
        inside = (flat >= 0) & (flat <= self.duration)
        flat = torch.where(inside, flat, torch.inf)
        weight = self.weight.to(flat.dtype) / self._norm
        ordered, order = flat.sort(-1)
        with torch.no_grad():
            highest = self._highest(flat, weight)
        # Row i of `rank` is where input i stands in the order.
        rank = torch.empty_like(order).scatter_(-1, order, _count(order))
        counts = inside[:, None, :] & (rank[:, None, :] <= highest.last[..., None])
        peak = highest.time
        if ordered.requires_grad:
            at = highest.at_input.clamp(min=0)
            moving = torch.gather(ordered, -1, at)
            peak = torch.where(highest.at_input >= 0, moving, peak)
        voltage = self._voltage(peak, flat, weight, counts)
        spike = self._spike(highest.spike, flat, weight, counts)
        shape = (*times.shape[:-1], self.out_features)
        return Peaks(voltage.reshape(shape), highest.time.reshape(shape), spike.reshape(shape))

    def _voltage(self, at: Tensor, times: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        cause = counts & (times.detach()[:, None, :] < at.detach()[..., None])
        since = torch.where(cause, at[..., None] - times[:, None, :], 0)
        response = torch.where(cause, self.kernel.response(since), 0)
        return torch.einsum("noi,oi->no", response, weight)

    def _spike(self, spike: Tensor, times: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        """Return the times of the spikes with their gradient, that of one step of Newton."""
        if not (torch.is_grad_enabled() and (times.requires_grad or weight.requires_grad)):
            return spike
        fired = spike.isfinite()
        at = torch.where(fired, spike, 0)
        level = self._voltage(at, times, weight, counts)
        with torch.no_grad():
            cause = counts & (times[:, None, :] < at[..., None])
            since = torch.where(cause, at[..., None] - times[:, None, :], 0)
            current = torch.where(cause, self.kernel.sink(since), 0)
            steepness = self.kernel.slope(level, torch.einsum("noi,oi->no", current, weight))
            steep = fired & (steepness > 0)
        change = (level - level.detach()) / torch.where(steep, steepness, 1)
        return spike - torch.where(steep, change, 0)

    def _highest(self, times: Tensor, weight: Tensor) -> _Highest:
        shape = (len(times), self.out_features)
        nothing = times.new_zeros(shape)
        none = torch.full(shape, -1, dtype=torch.long, device=times.device)
        silent = torch.full_like(nothing, torch.inf)
        everything = torch.full_like(none, self.in_features)
        highest = _Highest(nothing, nothing, silent, none, everything)
        first = 0
        for stretch in walk(times, weight, self.kernel):
            highest = self._higher(highest, stretch, first)
            first += stretch.start.shape[1]
        return highest

    def _higher(self, highest: _Highest, stretch: Stretch, first: int) -> _Highest:
        """Return the peak with more stretches, of which the first one follows input `first`."""
        kernel, start = self.kernel, stretch.start[..., None]
        voltage, current = stretch.voltage, stretch.current
        live = start.isfinite() & highest.spike.isinf()[:, None]
        begin = torch.where(start.isfinite(), start, self.duration)
        end = self.duration - begin
        length = torch.minimum(stretch.length[..., None], end)
        peak = kernel.peak(voltage, current)
        top = torch.minimum(peak, length)
        value = kernel.voltage(voltage, current, top)
        above = live & (value > self.threshold)
        column = above.to(torch.uint8).argmax(1, keepdim=True)
        index = torch.arange(above.shape[1], device=above.device)[:, None].expand_as(above)
        fires = above & (index == column)
        # A spike shunts what follows: the membrane goes on alone.
        alone = torch.minimum(peak, end)
        cut = ~fires & (top == length) & (length < end) & (peak > length)
        top = torch.where(fires, alone, top)
        value = torch.where(fires, kernel.voltage(voltage, current, alone), value)
        counts = live & (~above.any(1, keepdim=True) | (index <= column))
        best, at = torch.where(counts, value, -torch.inf).max(1, keepdim=True)
        higher = best.squeeze(1) > highest.voltage
        kind = torch.where(cut, first + index + 1, torch.where(top > 0, -1, first + index))

        def chosen(values: Tensor, columns: Tensor) -> Tensor:
            return values.expand_as(above).gather(1, columns).squeeze(1)

        states = chosen(voltage, column), chosen(current, column)
        cross = chosen(begin, column) + kernel.crossing(*states, self.threshold)
        fired = above.any(1)
        return _Highest(
            torch.where(higher, best.squeeze(1), highest.voltage),
            torch.where(higher, chosen(begin + top, at), highest.time),
            torch.where(fired, cross, highest.spike),
            torch.where(higher, chosen(kind, at), highest.at_input),
            torch.where(fired, first + column.squeeze(1), highest.last),
        )


def _count(order: Tensor) -> Tensor:
    return torch.arange(order.shape[-1], device=order.device).expand_as(order).contiguous()
