"""Layers whose neurons fire once: the times of their first spikes, with exact gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from snncore.timing import compiled
from snncore.timing.kernels import Kernel, Leaky
from snncore.timing.walk import first_crossing, require_times, walk

# So many numbers of a backward pass are in memory at once.
_AT_ONCE = 1 << 23


def crossing_times(times: Tensor, weight: Tensor, kernel: Kernel, threshold: float) -> Tensor:
    """Return when each neuron's voltage first reaches the threshold (N, O), without a gradient."""
    if isinstance(kernel, Leaky) and compiled.takes(times, kernel):
        return compiled.crossing_times(times, weight, kernel.tau_mem, threshold)
    first = times.new_full((len(times), len(weight)), torch.inf)
    for stretch in walk(times, weight, kernel):
        begin, length = stretch.start[..., None], stretch.length[..., None]
        states = stretch.voltage, stretch.current
        crossing = first_crossing(kernel, begin, length, states, threshold)
        first = torch.minimum(first, crossing)
    return first


class _FirstSpike(torch.autograd.Function):
    """The first crossings, differentiated implicitly: v(T; w, t) = threshold.

    dT/dw = -response(T - t) / v'(T), dT/dt = w response'(T - t) / v'(T): the jumps of EventProp's
    adjoint, summed in closed form. What arrives with the spike or later has no part in it. The
    backward pass is differentiable in its turn.
    """

    @staticmethod
    def forward(
        ctx: Any, times: Tensor, weight: Tensor, kernel: Kernel, threshold: float
    ) -> Tensor:
        first = crossing_times(times, weight, kernel, threshold)
        ctx.save_for_backward(times, weight, first)
        ctx.kernel = kernel
        return first

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        times, weight, first = ctx.saved_tensors
        # A gradient of the gradient is torch's.
        if not torch.is_grad_enabled() and compiled.takes(times, ctx.kernel):
            tensors = times, weight, first, gradient
            return *compiled.gradients(*tensors, ctx.kernel.tau_mem), None, None
        to_times, to_weight = [torch.zeros_like(times[:0])], torch.zeros_like(weight)
        rows = max(1, _AT_ONCE // max(weight.numel(), 1))
        for start in range(0, len(times), rows):
            some = slice(start, start + rows)
            by_time, by_weight = _backward(
                ctx.kernel, times[some], weight, first[some], gradient[some]
            )
            to_times.append(by_time)
            to_weight = to_weight + by_weight
        return torch.cat(to_times), to_weight, None, None


def _backward(
    kernel: Kernel, times: Tensor, weight: Tensor, first: Tensor, gradient: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of times (n, I) and weights (O, I), given those of the spikes (n, O)."""
    fired = first.isfinite()
    # Nothing has come before a spike that never comes; a response starts at zero.
    until = torch.where(fired, first, -torch.inf)[..., None]
    since = (until - times[:, None, :]).clamp(min=0)
    response = kernel.response(since)
    slopes = kernel.slope(response, kernel.sink(since)) * (since > 0)
    steepness = torch.einsum("noi,oi->no", slopes, weight)
    # A spike that only grazes the threshold has no gradient.
    steep = fired & (steepness > 0)
    factor = torch.where(steep, gradient / torch.where(steep, steepness, 1), 0)
    to_weight = -torch.einsum("no,noi->oi", factor, response)
    to_times = torch.einsum("no,oi,noi->ni", factor, weight, slopes)
    return to_times, to_weight


class FirstSpike(nn.Module):
    """Times of first spikes (..., out) from times (..., in): LIF neurons that fire once.

    A silent neuron has the time inf. tau_mem v' = -v + i, tau_syn i' = -i, and a spike adds its
    weight to the current. Times are solved for in closed form if tau_mem is tau_syn or twice
    tau_syn; other time constants are solved for numerically. Gradients are exact. There is no
    state between calls.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        tau_mem: float = 1.0,
        tau_syn: float = 1.0,
        threshold: float = 1.0,
    ) -> None:
        super().__init__()
        if min(in_features, out_features) < 1 or not 0 < threshold < torch.inf:
            raise ValueError(
                f"FirstSpike: {in_features} inputs, {out_features} neurons, threshold {threshold} "
                "(take one or more, and a positive threshold)"
            )
        self.in_features, self.out_features = in_features, out_features
        self.kernel, self.threshold = Leaky(tau_mem, tau_syn), threshold
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.start_over()

    def start_over(self, drive: float = 2.0, spread: float = 1.0) -> None:
        """Draw weights of which all inputs together reach `drive` thresholds on average."""
        one = torch.ones((), dtype=torch.float64, device="cpu")
        largest = self.kernel.response(self.kernel.peak(0 * one, one))
        unit = self.threshold / float(largest)
        nn.init.normal_(
            self.weight, drive * unit / self.in_features, spread * unit / self.in_features**0.5
        )

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {
            "in_features": self.in_features,
            "out_features": self.out_features,
            "tau_mem": self.kernel.tau_mem,
            "tau_syn": self.kernel.tau_syn,
            "threshold": self.threshold,
        }

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        return ", ".join(f"{key}={value}" for key, value in self.config().items())

    def forward(self, times: Tensor) -> Tensor:
        """Return the times of the first spikes."""
        require_times("FirstSpike", times, self.in_features)
        flat = times.reshape(-1, self.in_features)
        weight = self.weight.to(times.dtype)
        first: Tensor = _FirstSpike.apply(flat, weight, self.kernel, self.threshold)
        return first.reshape(*times.shape[:-1], self.out_features)
