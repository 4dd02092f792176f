"""The kernels of a few neurons, as a compiler is given them."""

import torch

from snncore import neuron
from snncore.dynamics import to_integers
from snncore.kernels.cpp.integer import integer_step
from snncore.kernels.loop.plan import KernelPlan
from snncore.kernels.triton.shape import Shape
from snncore.kernels.triton.source import backward_source, forward_source
from targets.loihi.chip.format import LOIHI

NEURONS = {"LIF": neuron.LIF(), "CubaLIF": neuron.CubaLIF(current_decay=torch.full((3,), 0.25))}


def cpp() -> dict[str, str]:
    """Return the time loop in C++, and that of the fast engine's integers."""
    integers = to_integers(neuron.CUBA_LIF, LOIHI)
    step = integer_step(integers, 1 << 24, ("threshold",))
    assert step is not None
    kernels = {name: module.source("cpp") for name, module in NEURONS.items()}
    return kernels | {"CubaLIF in Loihi's integers": step.source}


def cuda() -> dict[str, str]:
    """Return both kernels in CUDA C."""
    return {name: module.source("cupy") for name, module in NEURONS.items()}


def triton() -> dict[str, str]:
    """Return both kernels in Triton, and those of a shape that is parted and masked."""
    return {name: module.source("triton") for name, module in NEURONS.items()} | {
        "LIF, parted and masked": _parted()
    }


def _parted() -> str:
    module = neuron.LIF()
    plan = KernelPlan(
        module.equations, module.surrogate.gradient, (("tau", 2.0), ("threshold", 1.0))
    )
    shape = Shape(segments=1, segment=4, rest=2, chunk=2, masked=True, initial=False, final=True)
    back = Shape(
        segments=1,
        segment=4,
        rest=2,
        chunk=2,
        masked=True,
        initial=False,
        final=False,
        inputs=("x",),
    )
    return forward_source(plan, shape) + "\n\n" + backward_source(plan, back)
