"""Spike-timing-dependent plasticity, with and without a reward."""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

# From weights to the sizes of a potentiation and of a depression.
Bounds = Callable[[Tensor], tuple[Tensor | float, Tensor | float]]


def soft_bounds(low: float = 0.0, high: float = 1.0) -> Bounds:
    """Return changes that vanish as weights approach a bound."""
    return lambda weight: ((high - weight).clamp(min=0), (weight - low).clamp(min=0))


def hard_bounds(low: float = 0.0, high: float = 1.0) -> Bounds:
    """Return changes that stop at a bound."""
    return lambda weight: ((weight < high).to(weight.dtype), (weight > low).to(weight.dtype))


class STDP:
    """Learns the weights between a layer's input and the neurons behind it, by pairs of spikes.

    A pair `dt` steps apart (post minus pre) changes a weight by potentiation * exp(-dt / tau_pre)
    if dt >= 0, else by -depression * exp(dt / tau_post); all pairs count, and batches are averaged.
    It watches until it is closed. `step` adds the negative change to `weight.grad`, so that an
    optimizer's step is a step of learning.
    """

    def __init__(
        self,
        synapse: nn.Module,
        neurons: nn.Module,
        *,
        tau_pre: float = 20.0,
        tau_post: float = 20.0,
        potentiation: float = 0.01,
        depression: float = 0.012,
        bounds: Bounds | None = None,
    ) -> None:
        for name, tau in (("tau_pre", tau_pre), ("tau_post", tau_post)):
            if not tau > 0:
                raise ValueError(f"STDP.{name}: {tau} is not positive")
        self.synapse: Any = synapse
        self.neurons = neurons
        self.bounds = bounds
        self.sizes = potentiation, depression
        self._decays: tuple[float, ...] = exp(-1 / tau_pre), exp(-1 / tau_post)
        self._seen: tuple[list[Tensor], list[Tensor]] = ([], [])
        self._handles = [
            synapse.register_forward_hook(lambda m, inputs, output: self._see(0, inputs[0])),
            neurons.register_forward_hook(lambda m, inputs, output: self._see(1, output)),
        ]
        self.reset()

    def reset(self) -> None:
        """Forget all spikes, as between samples."""
        self._traces: list[Tensor | None] = [None] * len(self._decays)
        for seen in self._seen:
            seen.clear()

    def close(self) -> None:
        """Watch no longer."""
        for handle in self._handles:
            handle.remove()
        self.reset()

    def __enter__(self) -> STDP:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def step(self, reward: float | Tensor = 1.0, *, tau_eligibility: float | None = None) -> Tensor:
        """Learn from the spikes since the last step; returns the change of the weights.

        A reward (one number, or one a sample) multiplies the change; with `tau_eligibility` what
        happened longer ago counts less.

        Raises:
            ValueError: if there were no spikes, or the layers were not called alike.
        """
        before, behind = self._sequences()
        factors = torch.as_tensor(reward, dtype=behind.dtype, device=behind.device)
        factors = factors.reshape(1, -1) / behind.shape[1]
        if tau_eligibility is not None:
            ago = torch.arange(len(behind) - 1, -1, -1, device=behind.device, dtype=behind.dtype)
            factors = factors * torch.exp(-ago / tau_eligibility).unsqueeze(1)
        weigh = factors.reshape(*factors.shape, *[1] * (behind.ndim - 2))
        up, down = self.bounds(self.synapse.weight.detach()) if self.bounds else (1.0, 1.0)
        grown, shrunk = self._changes(before, behind, weigh)
        change = up * grown - down * shrunk
        weight = self.synapse.weight
        weight.grad = -change if weight.grad is None else weight.grad - change
        return change

    def _changes(self, before: Tensor, behind: Tensor, weigh: Tensor) -> tuple[Tensor, Tensor]:
        """Return the potentiation and the depression of spikes before and behind the weights."""
        pre, post = self._trace(0, before), self._trace(1, behind)
        # A pair in one step is potentiated alone: the trace behind is that of the step before.
        past = post[:-1] * self._decays[1]
        grown = self.sizes[0] * self._pairs(pre[1:], behind * weigh)
        return grown, self.sizes[1] * self._pairs(before, past * weigh)

    def _see(self, side: int, value: Tensor) -> None:
        single = str(getattr(self.neurons, "step_mode", "m")) == "s"
        self._seen[side].append(value.detach().unsqueeze(0) if single else value.detach())

    def _sequences(self) -> tuple[Tensor, Tensor]:
        before, behind = (torch.cat(seen) if seen else None for seen in self._seen)
        for seen in self._seen:
            seen.clear()
        if before is None or behind is None or before.shape[:2] != behind.shape[:2]:
            raise ValueError(
                "STDP: the layer and the neurons were not called with the same steps since the "
                "last step (call the network first, with sequences)"
            )
        return before, behind

    def _trace(self, side: int, spikes: Tensor) -> Tensor:
        """Return one of the decaying sums of spikes, from the sum before the first step on."""
        last = self._traces[side]
        trace = torch.zeros_like(spikes[0]) if last is None else last
        traces = [trace]
        for step in spikes:
            trace = self._decays[side] * trace + step
            traces.append(trace)
        self._traces[side] = trace
        return torch.stack(traces)

    @torch.enable_grad()
    def _pairs(self, before: Tensor, behind: Tensor) -> Tensor:
        """Sum the products of each weight's input and output over all its positions."""
        weight = self.synapse.weight
        currents = self.synapse.forward(before)
        change: Tensor = torch.autograd.grad(currents, weight, behind.to(currents.dtype))[0]
        return change
