"""How a Triton kernel is cut: neurons a program, warps, and the steps that are unrolled."""

from __future__ import annotations

from dataclasses import dataclass, replace

from snncore.kernels.plan import Plan


@dataclass(frozen=True)
class Config:
    """Neurons a program, warps a program, and steps whose loads are issued together.

    Steps are unrolled by segment, between which the backward kernel notes the states.
    """

    block: int
    warps: int
    chunk: int
    segment: int = 16

    @property
    def pack(self) -> int:
        """Neurons whose quotients are computed together."""
        return max(1, min(4, self.block // (32 * self.warps)))


@dataclass(frozen=True)
class Shape:
    """What a kernel's text depends on beside the plan; `spread` parameters vary by neuron."""

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
    # The backward kernel: which gradients it writes.
    inputs: tuple[str, ...] = ()
    states: bool = False
    parameters: tuple[str, ...] = ()


def parted(steps: int, part: int) -> tuple[int, int]:
    """How many whole parts come before the last one, and the steps of that, which are some."""
    parts = (steps - 1) // part
    return parts, steps - parts * part


def segmented(steps: int, segment: int) -> tuple[int, int]:
    """How many whole segments there are, and the steps of the rest; a single one is the rest."""
    return (0, steps) if steps <= segment else divmod(steps, segment)


def forward_config(neurons: int) -> Config:
    """The forward kernel's measures: four neurons a thread and many loads under way."""
    return _narrowed(Config(256, 2, 16), neurons)


def backward_config(plan: Plan, steps: int, neurons: int, itemsize: int) -> Config:
    """The backward kernel's measures, as found on an H200 (`benchmarks/gpu/triton_kernels.py`)."""
    if steps <= 4:
        config = Config(512, 4, 4)
    elif itemsize == 4:
        config = Config(64, 2, 8)
    elif steps <= 16:
        config = Config(128, 2, 4)
    else:
        config = Config(256 if len(plan.step.states) == 1 else 128, 2, 8)
    return _narrowed(config, neurons)


def _narrowed(config: Config, neurons: int) -> Config:
    """Fewer neurons a thread where there would be too few programs to keep a chip busy."""
    block = config.block
    while block > 32 * config.warps and neurons < block * 512:
        block //= 2
    return replace(config, block=block)
