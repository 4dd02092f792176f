"""A plan of how a network trains within a budget of memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from snncore import functional
from snncore.training.compression import compressed_spikes
from snncore.training.memory.peak import peak_bytes
from snncore.training.memory.recompute import in_parts, recomputed

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True)
class FittedNetwork:
    """A network whose training steps fit a budget; called like the network, which stays as it is.

    `plain` and `peak` are the most bytes of a forward and a backward pass beside weights and input:
    without the plan, and with it.
    """

    network: nn.Module
    budget: int
    packed: bool = False
    recomputed: bool = False
    chunks: int = 1
    plain: int = 0
    peak: int = 0

    def __call__(self, x: Tensor) -> Tensor:
        """Return the network's output for a sequence."""
        if self.chunks == 1:
            return self._forward(x)
        parts = x.tensor_split(self.chunks)
        return torch.cat([recomputed(self._forward, self.network, part) for part in parts])

    def _forward(self, x: Tensor) -> Tensor:
        with ExitStack() as stack:
            if self.packed and not self.recomputed:
                stack.enter_context(compressed_spikes(self.network))
            if self.recomputed:
                stack.enter_context(in_parts(self.network))
            output: Tensor = self.network(x)
        return output

    def text(self) -> str:
        """Return the plan in words."""
        done = []
        if self.packed:
            done.append("spikes wait for the backward pass as bits")
        if self.recomputed:
            done.append("layers are computed again up to the next neurons")
        if self.chunks > 1:
            done.append(f"time goes in {self.chunks} chunks, each computed again")
        words = "; ".join(done) or "nothing needs to change"
        return f"{_size(self.peak)} of {_size(self.budget)} (plain {_size(self.plain)}): {words}"


def fit_memory(network: nn.Module, x: Tensor, budget: int) -> FittedNetwork:
    """Return the network as it trains on inputs like this within so many bytes.

    Tries, from the cheapest on, to pack spikes as bits, to compute layers again in the backward
    pass, and to do so by chunks of time if that changes no output. Outputs stay the same to the
    bit; gradients too, except that chunks of time add them in another order. Weights and input do
    not count; the gradients of weights do.

    Raises:
        ValueError: if nothing fits; says how much the smallest plan takes.
    """
    plain = _peak(FittedNetwork(network, budget), x)
    smallest = None
    for plan in _plans(FittedNetwork(network, budget, plain=plain), x):
        fitted = replace(plan, peak=_peak(plan, x) if plan.packed else plain)
        if fitted.peak <= budget:
            return fitted
        if smallest is None or fitted.peak < smallest.peak:
            smallest = fitted
    assert smallest is not None
    raise ValueError(
        f"fit_memory: a budget of {_size(budget)} is too small; the smallest plan takes "
        f"{smallest.text()} (use a smaller batch)"
    )


def _plans(first: FittedNetwork, x: Tensor) -> Iterator[FittedNetwork]:
    """Yield plans from the cheapest on."""
    yield first
    yield replace(first, packed=True)
    plan = replace(first, packed=True, recomputed=True)
    yield plan
    chunks = 2
    while chunks <= len(x) and _goes_in_chunks(replace(plan, chunks=chunks), x):
        yield replace(plan, chunks=chunks)
        chunks *= 2


def _goes_in_chunks(plan: FittedNetwork, x: Tensor) -> bool:
    """Return whether chunks of time give the output that the whole sequence gives.

    Norms that learn from the whole sequence do not, and neither do decoders over time.
    """
    with _untouched(plan.network), torch.no_grad():
        random = torch.get_rng_state()
        expected = plan.network(x)
        functional.reset(plan.network)
        torch.set_rng_state(random)
        parts = [plan.network(part) for part in x.tensor_split(plan.chunks)]
    return all(part.ndim for part in parts) and _equal(torch.cat(parts), expected)


def _equal(first: Tensor, second: Tensor) -> bool:
    return first.shape == second.shape and bool((first == second).all())


def _peak(plan: FittedNetwork, x: Tensor) -> int:
    """Return the most bytes of a forward and a backward pass; nothing of them remains."""
    learned = [each for each in plan.network.parameters() if each.requires_grad]

    def step() -> None:
        output = plan(x)
        if output.requires_grad:
            torch.autograd.grad(output.sum(), learned, allow_unused=True)
        functional.reset(plan.network)

    with _untouched(plan.network), torch.enable_grad():
        present = (x, *plan.network.parameters(), *plan.network.buffers())
        return peak_bytes(step, present, x.device)


@contextmanager
def _untouched(network: nn.Module) -> Iterator[None]:
    """Leave states, buffers and random numbers as they were before this block."""
    states, random = functional.states(network), torch.get_rng_state()
    buffers = [(each, each.clone()) for each in network.buffers()]
    functional.reset(network)
    try:
        yield
    finally:
        functional.restore(network, states)
        for buffer, value in buffers:
            buffer.copy_(value)
        torch.set_rng_state(random)


def _size(number: float) -> str:
    for unit in _UNITS:
        if number < 1024 or unit == _UNITS[-1]:
            break
        number /= 1024
    return f"{number:.4g} {unit}"
