"""The parts of equations: operations in single assignment, and symbols that record them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite

Number = float | int
Attribute = float | int | str | bool | tuple[int, int] | None


class Op(StrEnum):
    """The words a neuron is written in; from SHIFT_LEFT on they exist only between integers."""

    STATE = "state"
    INPUT = "input"
    PARAMETER = "parameter"
    CONSTANT = "constant"
    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    DIVIDE = "divide"
    NEGATE = "negate"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    ABSOLUTE = "absolute"
    EXP = "exp"
    LOG = "log"
    # The value without the way it came about: nothing flows back through it.
    DETACH = "detach"
    GREATER = "greater"
    GREATER_EQUAL = "greater_equal"
    SELECT = "select"
    SPIKE = "spike"
    SHIFT_LEFT = "shift_left"
    SHIFT_TO_ZERO = "shift_to_zero"
    SHIFT_FLOOR = "shift_floor"
    WRAP = "wrap"
    WRAP_ONCE = "wrap_once"
    CLIP = "clip"
    # A product with numerator / 2**bits, rounded toward zero.
    SCALE_TO_ZERO = "scale_to_zero"


LEAVES = frozenset({Op.STATE, Op.INPUT, Op.PARAMETER, Op.CONSTANT})


@dataclass(frozen=True)
class Operation:
    """One assignment: an operation, the numbers of the operations it reads, and its constant."""

    op: Op
    args: tuple[int, ...] = ()
    attribute: Attribute = None


@dataclass
class Recorder:
    """Collects operations, each different one once."""

    operations: list[Operation] = field(default_factory=list)
    _numbers: dict[tuple[Op, tuple[int, ...], str], int] = field(default_factory=dict)

    def add(self, op: Op, *args: int, attribute: Attribute = None) -> int:
        """Record the operation unless it already is, and return its number."""
        # 0, 0.0 and False are equal keys and different constants.
        key = op, args, f"{type(attribute).__name__}:{attribute!r}"
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.operations)
            self.operations.append(Operation(op, args, attribute))
        return number


class Symbol:
    """A placeholder for a value: arithmetic on it is recorded instead of performed."""

    __slots__ = ("index", "recorder")
    # NumPy must leave the arithmetic to us.
    __array_ufunc__ = None

    def __init__(self, recorder: Recorder, index: int) -> None:
        self.recorder = recorder
        self.index = index

    def record(self, op: Op, *args: Symbol | Number, attribute: Attribute = None) -> Symbol:
        """Apply an operation to symbols or numbers, and return its symbol."""
        numbers = [self._number(arg) for arg in args]
        return Symbol(self.recorder, self.recorder.add(op, *numbers, attribute=attribute))

    def _number(self, value: Symbol | Number) -> int:
        if isinstance(value, Symbol):
            if value.recorder is not self.recorder:
                raise ValueError("a symbol of one neuron is used in the equations of another")
            return value.index
        if not isinstance(value, int | float):
            raise TypeError(
                f"equations are made of numbers and symbols, not {type(value).__name__}"
            )
        if not isfinite(value):
            raise ValueError("a constant in the equations is NaN or infinite")
        return self.recorder.add(Op.CONSTANT, attribute=float(value))

    def __bool__(self) -> bool:
        raise TypeError(
            "a symbol has no truth value yet: write select(condition, a, b) instead of a Python if"
        )

    __hash__ = object.__hash__


def _binary(op: Op, *, swapped: bool = False) -> Callable[[Symbol, Symbol | Number], Symbol]:
    def method(self: Symbol, other: Symbol | Number) -> Symbol:
        return self.record(op, other, self) if swapped else self.record(op, self, other)

    return method


def _divide_number(self: Symbol, number: Number) -> Symbol:
    """Divide a number by a symbol in the same two steps as torch."""
    inverse = self.record(Op.DIVIDE, 1.0, self)
    return inverse if number == 1 else self.record(Op.MULTIPLY, inverse, number)


def _refuse(self: Symbol, other: object) -> Symbol:
    raise TypeError("equations compare with > >= < <=; == on real numbers is left out on purpose")


_METHODS: dict[str, Callable[..., Symbol]] = {
    "__add__": _binary(Op.ADD),
    "__radd__": _binary(Op.ADD, swapped=True),
    "__sub__": _binary(Op.SUBTRACT),
    "__rsub__": _binary(Op.SUBTRACT, swapped=True),
    "__mul__": _binary(Op.MULTIPLY),
    "__rmul__": _binary(Op.MULTIPLY, swapped=True),
    "__truediv__": _binary(Op.DIVIDE),
    "__rtruediv__": _divide_number,
    "__gt__": _binary(Op.GREATER),
    "__lt__": _binary(Op.GREATER, swapped=True),
    "__ge__": _binary(Op.GREATER_EQUAL),
    "__le__": _binary(Op.GREATER_EQUAL, swapped=True),
    "__neg__": lambda self: self.record(Op.NEGATE, self),
    "__eq__": _refuse,
    "__ne__": _refuse,
}
for _name, _method in _METHODS.items():
    setattr(Symbol, _name, _method)
