"""The choice of how much of a program is compiled."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from importlib.util import find_spec

import numpy as np
import torch
from numpy.typing import NDArray

from neurodeploy.program import Program, neurons_in
from neurodeploy.program.remembered import remembered
from snncore.kernels.cpp.products import products_work, spikes_are_summed

# Below so many neuron steps, compiling a layer costs more than it brings.
WORTH_COMPILING = 1 << 21


class Compiled(Enum):
    """How much is compiled: nothing, all in C++ or what it compiled before, or all in Triton."""

    NONE = 0
    ALL = 1
    BEFORE = 2
    TRITON = 3


def first_choice(compiled: bool | None, device: torch.device) -> Compiled:
    """Return how much is compiled at first; None leaves the choice to the engine."""
    if compiled is False:
        return Compiled.NONE
    if device.type == "cpu":
        return Compiled.BEFORE
    return Compiled.TRITON if find_spec("triton") is not None else Compiled.NONE


def is_worth_compiling(program: Program, samples: NDArray[np.int64]) -> bool:
    """Return whether a program's samples, these and earlier ones, are enough work."""
    work = _work(program)
    work["steps"] += samples.shape[0] * samples.shape[1]
    return work["steps"] * neurons_in(program) >= WORTH_COMPILING


@remembered
def _work(program: Program) -> Counter[str]:
    """Return a counter of the steps that a program ran."""
    return Counter()


def products_run(compiled: Compiled) -> bool:
    """Return whether weights go through the processor's integers; compile that if all is to be."""
    if compiled == Compiled.ALL:
        return products_work() and spikes_are_summed()
    return compiled == Compiled.BEFORE and products_work(build=False)
