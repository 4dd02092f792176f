"""Equations as CUDA C: one assignment per operation; values without neurons are computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isinf
from typing import Any

from snncore.dynamics.expression import LEAVES, Op, Operation
from snncore.dynamics.printing.render import Dialect, constants_of
from snncore.kernels.cuda.words import CUDA, GRADIENTS
from snncore.kernels.loop import rounding
from snncore.kernels.loop.reciprocal import Reciprocal, is_safe, reciprocal


class Fixed:
    """The values that are the same for all steps, computed once and stored after the parameters."""

    def __init__(self, parameters: int) -> None:
        self.lines: list[str] = []
        self._parameters = parameters
        self._names: dict[str, str] = {}
        self._places: dict[str, str] = {}

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(self._places)

    def name(self, key: str, value: str) -> str:
        """Assign the value unless it already is, and return its name."""
        if key not in self._names:
            self._names[key] = f"p{len(self._names)}"
            self.lines.append(f"const auto {self._names[key]} = {value};")
        return self._names[key]

    def variable(self, key: str) -> str:
        """Return the variable from which a step reads the value."""
        if key not in self._places:
            self._places[key] = f"parameter[{self._parameters + len(self._places)}][lane]"
            self.lines.append(f"{self._places[key]} = float({self._names[key]});")
        return self._places[key]


def statements(
    operations: Sequence[Operation],
    leaves: Mapping[tuple[Op, str], str],
    results: Sequence[int | None],
    fixed: Fixed,
    forward: Sequence[Operation] | None = None,
) -> tuple[list[str], dict[int, str]]:
    """Write an assignment for each operation that the results need; return the results' names too.

    With `forward`, the operations are a gradient's: what is not the step's may be fused.
    """
    exact = set(range(len(operations)))
    fused: dict[int, tuple[int, int]] = {}
    if forward is not None:
        exact = rounding.shared(operations, forward)
        fused = rounding.fused(operations, results, exact)
    needed = rounding.reached(operations, results) - {product for product, _ in fused.values()}
    own, keys = rounding.varies(operations), list(rounding.spelled_out(operations))

    def read(number: int) -> str:
        if operations[number].op in LEAVES:
            return _leaf(operations[number], leaves)
        return f"t{number}" if own[number] else fixed.variable(keys[number])

    def computed(number: int) -> str:
        if operations[number].op in LEAVES:
            return _leaf(operations[number], leaves)
        return fixed.name(keys[number], _value(operations, number, computed))

    lines = []
    for number, operation in enumerate(operations):
        if operation.op in LEAVES or number not in needed:
            continue
        if not own[number]:
            computed(number)
        elif number in fused:
            product, other = fused[number]
            first, second = (read(arg) for arg in operations[product].args)
            lines.append(f"const auto t{number} = __fmaf_rn({first}, {second}, {read(other)});")
        elif number in exact:
            lines.append(f"const auto t{number} = {_value(operations, number, read)};")
        else:
            value = _by_what_is_fixed(operations, number, own, read, computed, fixed, keys)
            value = value or _value(operations, number, read, GRADIENTS)
            lines.append(f"const auto t{number} = {value};")
    return lines, {number: read(number) for number in results if number is not None}


def _value(
    operations: Sequence[Operation],
    number: int,
    read: Callable[[int], str],
    dialect: Dialect = CUDA,
) -> str:
    """Spell an operation with its arguments' names; a quotient by a number needs no division."""
    operation = operations[number]
    values = [read(arg) for arg in operation.args]
    by = operations[operation.args[-1]].attribute
    if operation.op == Op.DIVIDE and isinstance(by, float) and is_safe(by):
        parts = reciprocal(by)
        if dialect is GRADIENTS:
            return f"__fmul_rn({values[0]}, {number_text(parts.nearest)})"
        return f"divided({values[0]}, {divided_by(parts)})"
    return _spelled(dialect, operation, values)


def _by_what_is_fixed(
    operations: Sequence[Operation],
    number: int,
    own: Sequence[bool],
    read: Callable[[int], str],
    computed: Callable[[int], str],
    fixed: Fixed,
    keys: Sequence[str],
) -> str | None:
    """Replace a gradient's quotient by a constant of all steps with a product by its reciprocal."""
    operation = operations[number]
    if operation.op != Op.DIVIDE or own[operation.args[1]]:
        return None
    dividend, divisor = operation.args
    if operations[divisor].op == Op.CONSTANT:
        return None
    key = f"1/{keys[divisor]}"
    fixed.name(key, f"__fdiv_rn(1.0f, {computed(divisor)})")
    return f"__fmul_rn({read(dividend)}, {fixed.variable(key)})"


def divided_by(parts: Reciprocal) -> str:
    """Return the arguments of `divided` besides the numerator."""
    numbers = (parts.divisor, parts.nearest, parts.high, parts.low)
    return ", ".join([*map(number_text, numbers), str(parts.corrected).lower()])


def _leaf(operation: Operation, leaves: Mapping[tuple[Op, str], str]) -> str:
    if operation.op == Op.CONSTANT:
        return number_text(operation.attribute)
    return leaves[operation.op, str(operation.attribute)]


def number_text(value: Any) -> str:
    """Spell a number as a float."""
    value = float(value)
    if isinf(value):
        return f"__int_as_float({'0x7f800000' if value > 0 else '0xff800000'})"
    return f"float({value!r})"


def _spelled(dialect: Dialect, operation: Operation, values: Sequence[str]) -> str:
    template = dialect.spelling.get(operation.op)
    if template is None:
        raise ValueError(f"the dialect {dialect.name} has no word for {operation.op.value}")
    return template.format(*values, **constants_of(operation))
