"""The plan of a kernel: the equations, the surrogate's slope and the parameters' values."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from snncore.dynamics.adjoint import Adjoint, Slope, adjoint
from snncore.dynamics.equations import Equations, prune
from snncore.dynamics.expression import Op, Operation, Recorder


@dataclass(frozen=True)
class KernelPlan:
    """A step to loop over time; parameters that are `constants` are printed into it.

    States that are not given begin with `initial`, or with zero.
    """

    equations: Equations
    slope: Slope
    constants: tuple[tuple[str, float], ...] = ()
    initial: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        name = self.equations.name
        for parameter, value in self.constants:
            if parameter not in self.equations.parameters:
                raise ValueError(f"{name}: has no parameter {parameter}")
            if value != value:
                raise ValueError(f"{name}.{parameter}: the value is NaN")

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that are given as tensors."""
        constant = dict(self.constants)
        return tuple(name for name in self.equations.parameters if name not in constant)

    @cached_property
    def step(self) -> Equations:
        """The equations with their constants in them."""
        return specialised(self.equations, dict(self.constants))

    @cached_property
    def adjoint(self) -> Adjoint:
        """The step backwards."""
        return adjoint(self.step, self.slope)


def specialised(equations: Equations, constants: Mapping[str, float]) -> Equations:
    """Fill in these parameters' numbers without changing a bit of the results.

    1. What is made of numbers alone is a number, computed as float32, which the numbers are too.
    2. A division by a power of two is the product with its reciprocal, which is exact.
    """
    recorder = Recorder()
    new: list[int] = []
    for operation in equations.operations:
        args = tuple(new[arg] for arg in operation.args)
        values: list[Any] = [recorder.operations[arg].attribute for arg in args]
        if operation.op == Op.PARAMETER and operation.attribute in constants:
            value = _float32(float(constants[str(operation.attribute)]))
            new.append(recorder.add(Op.CONSTANT, attribute=value))
        elif operation.op in _FOLD and all(recorder.operations[a].op == Op.CONSTANT for a in args):
            value = _float32(_FOLD[operation.op](*(_float32(float(v)) for v in values)))
            new.append(recorder.add(Op.CONSTANT, attribute=value))
        else:
            operation = _exact(Operation(operation.op, args, operation.attribute), recorder)
            new.append(recorder.add(operation.op, *operation.args, attribute=operation.attribute))
    return prune(
        Equations(
            equations.name,
            equations.states,
            equations.inputs,
            tuple(name for name in equations.parameters if name not in constants),
            tuple(recorder.operations),
            tuple(new[result] for result in equations.next_states),
            new[equations.output],
        )
    )


def _exact(operation: Operation, recorder: Recorder) -> Operation:
    if operation.op != Op.DIVIDE:
        return operation
    divisor = recorder.operations[operation.args[1]].attribute
    if not isinstance(divisor, float) or not is_power_of_two(divisor):
        return operation
    reciprocal = recorder.add(Op.CONSTANT, attribute=1.0 / divisor)
    return Operation(Op.MULTIPLY, (operation.args[0], reciprocal))


def is_power_of_two(value: float) -> bool:
    """Return whether the value and its reciprocal are normal float32 powers of two."""
    return abs(math.frexp(value)[0]) == 0.5 and 2.0**-126 <= abs(value) <= 2.0**126


def _float32(value: float) -> float:
    return ctypes.c_float(value).value


# In float64 and then rounded, which between two float32 is the same as in float32.
_FOLD: Mapping[Op, Callable[..., float]] = {
    Op.ADD: lambda a, b: a + b,
    Op.SUBTRACT: lambda a, b: a - b,
    Op.MULTIPLY: lambda a, b: a * b,
    Op.NEGATE: lambda a: -a,
}
