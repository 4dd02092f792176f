"""The shape of a CUDA kernel: threads, neurons per thread, and steps that are read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from snncore.dynamics import Equations
from snncore.dynamics.expression import Op

# Threads that keep a chip busy: no fewer share out the neurons.
BUSY = 1 << 18
# Steps of the input that a span has in shared memory.
SPAN = 64


@dataclass(frozen=True)
class CudaConfig:
    """Threads a block, neurons a thread at most, steps together, and steps in shared memory."""

    threads: int
    lanes: int
    chunk: int
    span: int = 0


class Layout(Protocol):
    """The parts of a step, by name."""

    @property
    def name(self) -> str:
        """The name of the step."""

    @property
    def states(self) -> tuple[str, ...]:
        """Its states."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Its inputs."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Its parameters."""


def forward_config(steps: int, neurons: int, itemsize: int) -> CudaConfig:
    """Choose the forward kernel's measures for a number of steps and the bytes of an element."""
    if few(neurons):
        return CudaConfig(32, 1, min(steps, 32))
    return CudaConfig(128, 8 // itemsize, steps if steps <= 16 else 8)


def backward_config(
    step: Layout, learned: int, steps: int, neurons: int, itemsize: int
) -> CudaConfig:
    """Choose the backward kernel's measures for a number of steps and the bytes of an element."""
    kept = len(step.states) + learned
    if few(neurons) and steps <= (32 if kept <= 2 else 16):
        return CudaConfig(32, 1, steps)
    if steps <= 4:
        return CudaConfig(128, 8 // itemsize, steps)
    # As found on an H200: in 32 bits loads under way count, in 16 bits how many threads there are,
    # and the more a step computes the fewer it takes together.
    divides = isinstance(step, Equations) and any(op.op == Op.DIVIDE for op in step.operations)
    brief = kept == 1 and not divides
    if itemsize == 4 and steps <= (16 if kept <= 2 and not divides else 8):
        return CudaConfig(128, 1, steps)
    if itemsize < 4 and steps <= (16 if brief else 8):
        return CudaConfig(128, 4, steps)
    chunk = 16 if itemsize == 4 and brief else 8
    # The steps of a span are whole chunks.
    span = min(SPAN // len(step.inputs), steps - 1) // chunk * chunk
    lanes = 4 if itemsize < 4 and steps <= 16 else 4 // itemsize
    threads, lanes = (32, 1) if few(neurons) else (128, lanes)
    return CudaConfig(threads, lanes, chunk, max(chunk, span))


def few(neurons: int) -> bool:
    """Return whether the work is too small to fill a GPU, so that latency dominates."""
    return neurons < BUSY // 2


def lanes_for(most: int, neurons: int, tensors: Sequence[Tensor]) -> int:
    """Choose the neurons per thread: accesses are aligned, and there are enough threads."""
    lanes = most
    while lanes > 1 and (
        neurons % lanes
        or neurons < lanes * BUSY
        or any(t.data_ptr() % min(16, lanes * t.element_size()) for t in tensors)
    ):
        lanes //= 2
    return lanes
