"""The time loop of a chip's neurons in one call on the CPU: the eager loop's bits, in C++."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from quant.grid.straight_through import SpikeRule
from quant.neuron.integer_step import BoundedStep, enclosing, training_equations
from snncore.dynamics import Equations, Op
from snncore.dynamics.expression import Recorder
from snncore.kernels import AUTO, Work, backend, prepared, run_loop
from snncore.surrogate import ATan, Surrogate

_CPP = "cpp"
# Below this number of values, a sequence ends sooner than a kernel compiles.
_WORTH_A_KERNEL = 1 << 12


@dataclass(frozen=True)
class _Counted:
    """A surrogate whose distances are counted in units."""

    surrogate: Surrogate
    unit: float

    def gradient(self, distance: Any) -> Any:
        """Return the slope at a distance from the threshold."""
        return self.surrogate.gradient(distance * self.unit) * self.unit


def runs_in_kernels(choice: str, step: BoundedStep, rule: SpikeRule, sequence: Tensor) -> bool:
    """Return whether a kernel exists and is worth compiling.

    Raises:
        ValueError: if a kernel was requested and cannot run.
    """
    if choice not in (AUTO, _CPP) or (choice == AUTO and sequence.numel() < _WORTH_A_KERNEL):
        return False
    if sequence.device.type != "cpu" and choice == AUTO:
        return False
    reason = "its unit differs by channel"
    if not isinstance(rule.unit, Tensor) or rule.unit.ndim == 0:
        refused = _refused(_equations(step), sequence.device)
        if refused is None:
            return True
        reason = refused
    if choice == _CPP:
        raise ValueError(f"{step.equations.name}: cpp: {reason}")
    return False


@lru_cache(maxsize=512)
def _refused(equations: Equations, device: torch.device) -> str | None:
    work = Work(equations, _Counted(ATan(), 1.0), device, torch.float64)
    return backend(_CPP).refusal(work)


def run_kernels(
    step: BoundedStep,
    rule: SpikeRule,
    sequence: Tensor,
    unit: float,
    states: tuple[Tensor, ...],
    parameters: Mapping[str, int | Tensor],
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the spikes of a sequence, counted in units on the way, and the last states."""
    named_tensors = {name: value for name, value in parameters.items() if isinstance(value, Tensor)}
    numbers = tuple(
        (name, float(value)) for name, value in parameters.items() if not isinstance(value, Tensor)
    )
    kind = torch.float64 if sequence.dtype == torch.float64 else torch.float32
    loop = _loop(_equations(step), rule.surrogate, float(rule.unit), unit, numbers, kind)
    # A kernel takes a single value as a number, whatever its shape.
    tensors = [
        value.reshape(()) if value.numel() == 1 else value for value in named_tensors.values()
    ]
    return run_loop(loop, (sequence.to(kind),), states, tensors)


def _equations(step: BoundedStep) -> Equations:
    """Return the integer equations with parameters, so that different numbers share a kernel."""
    bounds = tuple(
        (name, *_wide(low, high, step.system.parameter_fraction(name)))
        for name, low, high in step.bounds
    )
    return training_equations(step.equations, step.system, enclosing(step.drive), bounds)


def _wide(low: int, high: int, fraction: int) -> tuple[int, int]:
    """Return powers of two as bounds; zero stays zero, and a full decay keeps its exact value."""
    if low == high and low in (0, 1 << fraction if fraction else 0):
        return low, high
    return (0 if low >= 0 else -enclosing(-low)), enclosing(max(high, 0))


@lru_cache(maxsize=512)
def _loop(
    equations: Equations,
    surrogate: Surrogate,
    distance_unit: float,
    unit: float,
    numbers: tuple[tuple[str, float], ...],
    kind: torch.dtype,
) -> str:
    counted, device = _Counted(surrogate, distance_unit), torch.device("cpu")
    work = Work(_counting(equations, unit), counted, device, kind, numbers, wide=True)
    return prepared(_CPP, work)


def _counting(equations: Equations, unit: float) -> Equations:
    """Return the equations for an input not yet counted in units, with `exact.counted` in them."""
    recorder = Recorder()
    new: list[int] = []
    for operation in equations.operations:
        args = [new[arg] for arg in operation.args]
        number = recorder.add(operation.op, *args, attribute=operation.attribute)
        if operation.op == Op.INPUT:
            per_unit = recorder.add(Op.CONSTANT, attribute=1 / unit)
            half = recorder.add(Op.CONSTANT, attribute=0.5)
            scaled = recorder.add(Op.MULTIPLY, number, per_unit)
            number = recorder.add(Op.SHIFT_FLOOR, recorder.add(Op.ADD, scaled, half), attribute=0)
        new.append(number)
    return replace(
        equations,
        operations=tuple(recorder.operations),
        next_states=tuple(new[result] for result in equations.next_states),
        output=new[equations.output],
    )
