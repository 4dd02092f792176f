"""The shape of a Triton kernel: neurons per program, warps, and unrolled steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from snncore.dynamics.expression import LEAVES, Op
from snncore.kernels.loop import rounding
from snncore.kernels.loop.plan import KernelPlan

_INSTRUCTIONS = {Op.EXP: 18, Op.LOG: 28, Op.DIVIDE: 2}
# The instructions of a backward step from which segments are shorter.
_MIDDLING, _LARGE, _HUGE = 25, 45, 60


@dataclass(frozen=True)
class TritonConfig:
    """Neurons a program, warps a program, and steps whose loads are issued together.

    Steps are unrolled by segment, between which the backward kernel notes the states.
    """

    block: int
    warps: int
    chunk: int
    segment: int = 16
    # The backward kernel reads a segment while it computes another; a segment is one chunk then.
    ahead: bool = False

    @property
    def pack(self) -> int:
        """Neurons whose quotients are computed together."""
        return max(1, min(4, self.block // (32 * self.warps)))


@dataclass(frozen=True)
class Shape:
    """The form of a kernel's text, besides the plan; `spread` parameters vary by neuron."""

    # Whole segments (one stands for any number), and the steps of a shorter last one, if any.
    segments: int
    segment: int
    rest: int
    chunk: int
    masked: bool
    initial: bool
    final: bool
    # Neurons whose quotients are computed together: no more than a thread has.
    pack: int = 1
    spread: tuple[str, ...] = ()
    # The forward kernel writes eight neurons a byte.
    bits: bool = False
    # The type that a step computes in, and whether states lie in memory as float64.
    real: str = "float32"
    cast: bool = False
    # The backward kernel: whether it reads ahead, and which gradients it writes.
    ahead: bool = False
    inputs: tuple[str, ...] = ()
    states: bool = False
    parameters: tuple[str, ...] = ()


def parted(steps: int, part: int) -> tuple[int, int]:
    """Return the number of whole parts before the last one, and the last one's steps."""
    parts = (steps - 1) // part
    return parts, steps - parts * part


def segmented(steps: int, segment: int) -> tuple[int, int]:
    """Return the number of whole segments, and the rest's steps; a single segment is the rest."""
    return (0, steps) if steps <= segment else divmod(steps, segment)


def forward_config(steps: int, neurons: int, itemsize: int) -> TritonConfig:
    """Choose the forward kernel's measures: many pending loads, and a loop that fits its cache."""
    warps = 4 if itemsize == 4 and steps > 16 else 2
    return _narrowed(TritonConfig(256, warps, 16), neurons)


def backward_config(
    plan: KernelPlan, steps: int, neurons: int, itemsize: int, learned: int = 0
) -> TritonConfig:
    """Choose the backward kernel's measures (tuned by `benchmarks/gpu/triton_kernels.py`)."""
    if steps <= 4:
        config = TritonConfig(512, 4, 4)
    elif steps <= 16 and _size(plan) <= _HUGE:
        config = TritonConfig(64, 2, 8) if itemsize == 4 else TritonConfig(128, 2, 4)
    elif _size(plan) > _LARGE:
        config = TritonConfig(128, 2, 4, segment=4, ahead=True)
    elif _size(plan) > _MIDDLING or (itemsize == 2 and (learned or _work(plan) > 25)):
        config = TritonConfig(128, 2, 8, segment=8, ahead=True)
    else:
        config = TritonConfig(128, 2, 16, ahead=True)
    return _narrowed(config, neurons)


@lru_cache(maxsize=512)
def _size(plan: KernelPlan) -> int:
    """Count the instructions of a neuron's backward step, of which exponentials have many.

    Triton's time to compile grows faster than the square of a segment's: 16 steps of a neuron with
    four exponentials take it three minutes, and 4 steps two seconds, for a kernel as fast.
    """
    operations = plan.adjoint.operations
    own = rounding.varies(operations)
    each = (op.op for number, op in enumerate(operations) if own[number])
    return sum(_INSTRUCTIONS.get(op, 1) for op in each if op not in LEAVES)


@lru_cache(maxsize=512)
def _work(plan: KernelPlan) -> int:
    """Count the operations of a neuron's backward step; an exact quotient counts as one more."""
    operations = plan.adjoint.operations
    own = rounding.varies(operations)
    exact = rounding.shared(operations, plan.step.operations)
    each = [number for number, op in enumerate(operations) if own[number] and op.op not in LEAVES]
    divided = [number for number in each if operations[number].op == Op.DIVIDE]
    return len(each) + len(exact.intersection(divided))


def _narrowed(config: TritonConfig, neurons: int) -> TritonConfig:
    """Reduce the neurons per thread if there are too few programs to keep a GPU busy."""
    block = config.block
    while block > 32 * config.warps and neurons < block * 512:
        block //= 2
    return replace(config, block=block)
