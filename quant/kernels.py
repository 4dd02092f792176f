"""The time loop of a chip's neurons in one call on the CPU: the eager loop's bits, in C++."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from quant.integer_step import Step, enclosing, training_equations
from quant.straight_through import SpikeRule
from snncore.dynamics import Equations
from snncore.kernels import AUTO, Work, backend, prepared, run_loop
from snncore.surrogate import ATan, Surrogate

_CPP = "cpp"
# Below so many values a sequence is through before a kernel is compiled.
_WORTH_A_KERNEL = 1 << 12


@dataclass(frozen=True)
class _Counted:
    """A surrogate whose distances are counted in units."""

    surrogate: Surrogate
    unit: float

    def gradient(self, distance: Any) -> Any:
        """The slope at a distance from the threshold."""
        return self.surrogate.gradient(distance * self.unit) * self.unit


def runs_in_kernels(asked: str, step: Step, rule: SpikeRule, sequence: Tensor) -> bool:
    """Whether kernels are worth their compilation, and there are any.

    Raises:
        ValueError: if they were asked for and cannot run.
    """
    if asked not in (AUTO, _CPP) or (asked == AUTO and sequence.numel() < _WORTH_A_KERNEL):
        return False
    if sequence.device.type != "cpu" and asked == AUTO:
        return False
    reason = "its unit differs by channel"
    if not isinstance(rule.unit, Tensor) or rule.unit.ndim == 0:
        refused = _refused(_equations(step), sequence.device)
        if refused is None:
            return True
        reason = refused
    if asked == _CPP:
        raise ValueError(f"{step.equations.name}: cpp: {reason}")
    return False


@lru_cache(maxsize=512)
def _refused(equations: Equations, device: torch.device) -> str | None:
    work = Work(equations, _Counted(ATan(), 1.0), device, torch.float64)
    return backend(_CPP).refusal(work)


def run_kernels(
    step: Step,
    rule: SpikeRule,
    sequence: Tensor,
    states: tuple[Tensor, ...],
    parameters: Mapping[str, int | Tensor],
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The spikes of a sequence and the last states."""
    given = {name: value for name, value in parameters.items() if isinstance(value, Tensor)}
    numbers = tuple(
        (name, float(value)) for name, value in parameters.items() if not isinstance(value, Tensor)
    )
    loop = _loop(_equations(step), rule.surrogate, float(rule.unit), numbers)
    # One value is a number to a kernel, whatever its shape.
    tensors = [value.reshape(()) if value.numel() == 1 else value for value in given.values()]
    return run_loop(loop, (sequence,), states, tensors)


def _equations(step: Step) -> Equations:
    """The integer equations with parameters in place, so that unlike numbers share a kernel."""
    bounds = tuple((name, *_wide(low, high)) for name, low, high in step.bounds)
    return training_equations(step.equations, step.system, enclosing(step.drive), bounds)


def _wide(low: int, high: int) -> tuple[int, int]:
    """A power of two above; what is zero stays so, and is left out."""
    if low == high == 0:
        return 0, 0
    return (0 if low >= 0 else -enclosing(-low)), enclosing(max(high, 0))


@lru_cache(maxsize=512)
def _loop(
    equations: Equations,
    surrogate: Surrogate,
    unit: float,
    numbers: tuple[tuple[str, float], ...],
) -> str:
    counted, device = _Counted(surrogate, unit), torch.device("cpu")
    return prepared(_CPP, Work(equations, counted, device, torch.float64, numbers))
