"""The time loop of a chip's neurons in one call: the eager loop's bits, in C++, Triton or CUDA."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from quant.grid.scale import device_number
from quant.grid.straight_through import SpikeRule, Unit
from quant.neuron.integer_step import BoundedStep, enclosing, reached, training_equations
from snncore.dynamics import Equations, Op
from snncore.dynamics.expression import Recorder, Symbol
from snncore.dynamics.rewriting.rebuild import unused_name
from snncore.kernels import AUTO, BACKENDS, Work, backend, prepared, run_loop
from snncore.surrogate import ATan, Surrogate

_CPP, _EAGER = "cpp", "torch"
_KERNELS = tuple(name for name in BACKENDS if name != _EAGER)
# Below this number of values, a sequence ends sooner on the CPU than a kernel compiles; on a GPU
# every operation of every step costs as long as a kernel.
WORTH_A_KERNEL = {"cpu": 1 << 12}
# Where numbers change all the time, old kernels make room.
_MOST_KERNELS = 64


@dataclass(frozen=True)
class _Counted:
    """A surrogate whose distances are counted in units, which are a parameter of this name."""

    surrogate: Surrogate
    unit: str

    def gradient(self, distance: Any) -> Any:
        """Return the slope at a distance from the threshold."""
        recorder = distance.recorder
        unit = Symbol(recorder, recorder.add(Op.PARAMETER, attribute=self.unit))
        return self.surrogate.gradient(distance * unit) * unit


@dataclass(frozen=True)
class Ready:
    """A loop by its name, and what it takes as tensors: numbers that stay, or None for others."""

    loop: str
    kind: torch.dtype
    tensors: tuple[tuple[str, Tensor | None], ...]
    per_unit: str
    unit: str


class Kernels:
    """The kernels of one layer, each looked up once for one form of call."""

    def __init__(self) -> None:
        self._ready: dict[Hashable, Ready | None] = {}

    def ready(
        self,
        choice: str,
        step: BoundedStep,
        rule: SpikeRule,
        sequence: Tensor,
        unit: Unit,
        parameters: Mapping[str, int | Tensor],
    ) -> Ready | None:
        """Return the kernel that runs this, or None if none does or is worth compiling.

        Raises:
            ValueError: if a kernel was requested and cannot run.
        """
        device = sequence.device
        if choice == _EAGER:
            return None
        if choice == AUTO and sequence.numel() < WORTH_A_KERNEL.get(device.type, 0):
            return None
        units = [None if isinstance(each, Tensor) else each for each in (unit, rule.unit)]
        numbers = [None if isinstance(v, Tensor) else v for v in parameters.values()]
        double = sequence.dtype == torch.float64
        key = step.drive, step.bounds, choice, rule.surrogate, device, double, *units, *numbers
        if key not in self._ready:
            if len(self._ready) >= _MOST_KERNELS:
                self._ready.clear()
            name = chosen(choice, step, device)
            self._ready[key] = (
                None if name is None else _prepared(name, step, rule, sequence, unit, parameters)
            )
        return self._ready[key]

    def __getstate__(self) -> dict[str, Any]:
        # Loops are known by name in this process alone.
        return {"_ready": {}}


def chosen(choice: str, step: BoundedStep, device: torch.device) -> str | None:
    """Return the backend whose kernel runs a step, or None if none can.

    Raises:
        ValueError: if it was requested and cannot.
    """
    equations, reach = _equations(step), _reach(step)
    reasons = {}
    for name in _KERNELS if choice == AUTO else (choice,):
        reason = _refused(name, equations, device, reach)
        if reason is None:
            return name
        reasons[name] = reason
    if choice != AUTO:
        raise ValueError(f"{step.equations.name}: {choice}: {reasons[choice]}")
    return None


@lru_cache(maxsize=512)
def _refused(name: str, equations: Equations, device: torch.device, reach: int) -> str | None:
    work = Work(equations, ATan(), device, torch.float32, wide=True, reach=reach)
    return backend(name).refusal(work)


def _prepared(
    name: str,
    step: BoundedStep,
    rule: SpikeRule,
    sequence: Tensor,
    unit: Unit,
    parameters: Mapping[str, int | Tensor],
) -> Ready:
    device, equations = sequence.device, _equations(step)
    kind = torch.float64 if sequence.dtype == torch.float64 else torch.float32
    per_unit, of_distance = _names_of_units(equations)
    values = {**parameters, per_unit: 1 / unit, of_distance: rule.unit}
    numbers = {n: float(v) for n, v in values.items() if not isinstance(v, Tensor)}
    # C++ takes numbers by value, the others tensors alone.
    constants = tuple(numbers.items()) if name == _CPP else ()
    loop = _loop(name, equations, _reach(step), rule.surrogate, kind, constants)
    tensors = tuple(
        (key, device_number(numbers[key], device) if key in numbers else None)
        for key in values
        if name != _CPP or key not in numbers
    )
    return Ready(loop, kind, tensors, per_unit, of_distance)


def run_kernels(
    ready: Ready,
    sequences: Sequence[Tensor],
    rule: SpikeRule,
    unit: Unit,
    states: tuple[Tensor, ...],
    parameters: Mapping[str, int | Tensor],
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the spikes of sequences, counted in units on the way, and the last states."""
    values: dict[str, Any] = {**parameters, ready.unit: rule.unit}
    if isinstance(unit, Tensor):
        values[ready.per_unit] = 1 / unit
    tensors = [_single(values[key]) if fixed is None else fixed for key, fixed in ready.tensors]
    return run_loop(ready.loop, [each.to(ready.kind) for each in sequences], states, tensors)


def _single(value: Tensor) -> Tensor:
    """Return a kernel's parameter; a single value as a number, whatever its shape."""
    return value.reshape(()) if value.numel() == 1 else value


def _equations(step: BoundedStep) -> Equations:
    """Return the integer equations with parameters, so that different numbers share a kernel."""
    return training_equations(step.equations, step.system, enclosing(step.drive), _bounds(step))


def _reach(step: BoundedStep) -> int:
    return reached(step.equations, step.system, enclosing(step.drive), _bounds(step))


def _bounds(step: BoundedStep) -> tuple[tuple[str, int, int], ...]:
    return tuple(
        (name, *_wide(low, high, step.system.parameter_fraction(name)))
        for name, low, high in step.bounds
    )


def _wide(low: int, high: int, fraction: int) -> tuple[int, int]:
    """Return powers of two as bounds; zero stays zero, and a full decay keeps its exact value."""
    if low == high and low in (0, 1 << fraction if fraction else 0):
        return low, high
    return (0 if low >= 0 else -enclosing(-low)), enclosing(max(high, 0))


@lru_cache(maxsize=512)
def _loop(
    name: str,
    equations: Equations,
    reach: int,
    surrogate: Surrogate,
    kind: torch.dtype,
    numbers: tuple[tuple[str, float], ...],
) -> str:
    counted = _Counted(surrogate, _names_of_units(equations)[1])
    # What a device's loop computes is the same on each of them.
    device = torch.device("cuda" if torch.cuda.is_available() and name != _CPP else "cpu")
    work = Work(_counting(equations), counted, device, kind, numbers, wide=True, reach=reach)
    return prepared(name, work)


@lru_cache(maxsize=512)
def _names_of_units(equations: Equations) -> tuple[str, str]:
    """Return parameters' names for the inverse of the input's unit, and for the distance's."""
    first = unused_name("per_unit", equations)
    return first, unused_name("unit", equations, (first,))


def _counting(equations: Equations) -> Equations:
    """Return the equations for an input not yet counted in units, with `exact.counted` in them."""
    names = _names_of_units(equations)
    recorder = Recorder()
    new: list[int] = []
    for operation in equations.operations:
        args = [new[arg] for arg in operation.args]
        number = recorder.add(operation.op, *args, attribute=operation.attribute)
        if operation.op == Op.INPUT:
            per_unit = recorder.add(Op.PARAMETER, attribute=names[0])
            half = recorder.add(Op.CONSTANT, attribute=0.5)
            scaled = recorder.add(Op.MULTIPLY, number, per_unit)
            number = recorder.add(Op.SHIFT_FLOOR, recorder.add(Op.ADD, scaled, half), attribute=0)
        new.append(number)
    return replace(
        equations,
        parameters=(*equations.parameters, *names),
        operations=tuple(recorder.operations),
        next_states=tuple(new[result] for result in equations.next_states),
        output=new[equations.output],
    )
