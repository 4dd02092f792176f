"""Spike response model: neurons that fire several times, with kernels of input and of history."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from snncore.timing.kernels import Kernel, Leaky, Ramp
from snncore.timing.walk import Stretch, first_crossing, require_times, walk

_KERNELS: dict[str, type[Leaky] | type[Ramp]] = {"leaky": Leaky, "ramp": Ramp}


class SRM(nn.Module):
    """Times (..., out, spikes) of the first `spikes` spikes of each neuron, inf for none.

    u(t) = sum of w * response(t - t_input) - drop * sum of fade(t - t_output); a neuron fires
    where u reaches the threshold. The kernel is "leaky", the membrane of a LIF neuron with its
    time constants, or "ramp", where response(s) = s and nothing fades; `drop` is by default the
    threshold. Spikes after `duration` do not count. Gradients of all times are exact.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        spikes: int = 1,
        kernel: str = "leaky",
        tau_mem: float = 1.0,
        tau_syn: float = 1.0,
        threshold: float = 1.0,
        drop: float | None = None,
        duration: float = torch.inf,
    ) -> None:
        super().__init__()
        if min(in_features, out_features, spikes) < 1 or not 0 < threshold < torch.inf:
            raise ValueError(
                f"SRM: {in_features} inputs, {out_features} neurons, {spikes} spikes, threshold "
                f"{threshold} (take one or more of each, and a positive threshold)"
            )
        if kernel not in _KERNELS:
            raise ValueError(f"SRM.kernel: {kernel!r} (take one of {', '.join(_KERNELS)})")
        self.in_features, self.out_features, self.spikes = in_features, out_features, spikes
        self.kernel: Kernel = Ramp() if kernel == "ramp" else Leaky(tau_mem, tau_syn)
        self.threshold, self.duration = threshold, duration
        self.drop = threshold if drop is None else drop
        self._times = {"kernel": kernel, "tau_mem": tau_mem, "tau_syn": tau_syn}
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.normal_(self.weight, 2 * threshold / in_features, threshold / in_features**0.5)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        names = ("in_features", "out_features", "spikes", "threshold", "drop", "duration")
        return {name: getattr(self, name) for name in names} | self._times

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        return ", ".join(f"{key}={value}" for key, value in self.config().items())

    def forward(self, times: Tensor) -> Tensor:
        """Return the times of the spikes."""
        require_times("SRM", times, self.in_features)
        flat = times.reshape(-1, self.in_features)
        weight = self.weight.to(times.dtype)
        fired: list[Tensor] = []
        with torch.no_grad():
            stretches = list(walk(flat, weight, self.kernel))
        for _ in range(self.spikes):
            with torch.no_grad():
                spike = self._next(stretches, fired)
                spike = torch.where(spike <= self.duration, spike, torch.inf)
            fired.append(self._corrected(spike, flat, weight, fired))
        return torch.stack(fired, -1).reshape(*times.shape[:-1], self.out_features, self.spikes)

    def _next(self, stretches: list[Stretch], fired: list[Tensor]) -> Tensor:
        """Return when each neuron (N, O) fires next after its last spike."""
        kernel, earliest = self.kernel, None
        for start, length, voltage, current in stretches:
            begin = start[..., None].expand_as(voltage)
            if fired:
                begin = torch.maximum(begin, fired[-1][:, None])
            alive = begin.isfinite()
            s = torch.where(alive, begin - start[..., None], 0)
            level = kernel.voltage(voltage, current, s)
            for past in fired:
                before = alive & (past[:, None] <= begin)
                since = torch.where(before, begin - past[:, None], 0)
                level = level - self.drop * torch.where(before, kernel.fade(since), 0)
            states = level, kernel.sink(s) * current
            left = length[..., None] - s
            first = first_crossing(kernel, begin, left, states, self.threshold)
            earliest = first if earliest is None else torch.minimum(earliest, first)
        if earliest is None:
            raise ValueError("SRM: there is no input (take one or more)")
        return earliest

    def _corrected(
        self, spike: Tensor, times: Tensor, weight: Tensor, fired: list[Tensor]
    ) -> Tensor:
        """Return the times with their gradient, that of one step of Newton from the crossing."""
        if not (torch.is_grad_enabled() and (times.requires_grad or weight.requires_grad)):
            return spike
        kernel, real = self.kernel, spike.isfinite()
        cause = times.detach()[:, None, :] < torch.where(real, spike, -torch.inf)[..., None]
        since = torch.where(cause, spike[..., None] - times[:, None, :], 0)
        response = torch.where(cause, kernel.response(since), 0)
        slopes = torch.where(cause, kernel.slope(response, kernel.sink(since)), 0).detach()
        level = torch.einsum("noi,oi->no", response, weight)
        steepness = torch.einsum("noi,oi->no", slopes, weight.detach())
        for past in fired:
            gone = real & past.detach().isfinite()
            faded = kernel.fade(torch.where(gone, spike - past, 0))
            level = level - self.drop * torch.where(gone, faded, 0)
            lost = kernel.slope(faded.detach(), torch.zeros_like(faded))
            steepness = steepness - self.drop * torch.where(gone, lost, 0)
        steep = real & (steepness > 0)
        change = (level - level.detach()) / torch.where(steep, steepness, 1)
        return spike - torch.where(steep, change, 0)
