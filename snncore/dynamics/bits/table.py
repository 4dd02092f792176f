"""The words of integer equations as gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from snncore.dynamics.bits.circuit import Circuit, Wire
from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Op, Operation

Leaves = Mapping[str, Wire]


def step(
    circuit: Circuit, equations: Equations, states: Leaves, inputs: Leaves, parameters: Leaves
) -> tuple[dict[str, Wire], Wire]:
    """Return the next states by name, and the output, of integer equations.

    Raises:
        ValueError: if an operation is not one of integers; names it.
    """
    leaves = {Op.STATE: states, Op.INPUT: inputs, Op.PARAMETER: parameters}
    gates = _Gates(circuit)
    wires: list[Wire] = []
    for operation in equations.operations:
        if operation.op in leaves:
            wires.append(leaves[operation.op][str(operation.attribute)])
        elif operation.op == Op.CONSTANT:
            wires.append(circuit.constant(_whole(operation)))
        else:
            wires.append(gates.apply(operation, [wires[arg] for arg in operation.args]))
    names = zip(equations.states, equations.next_states, strict=True)
    following = {state: gates.number(wires[number]) for state, number in names}
    return following, gates.number(wires[equations.output])


def _whole(operation: Operation) -> int:
    value = operation.attribute
    if not isinstance(value, int | float) or int(value) != value:
        raise ValueError(f"the constant {value!r} is not a whole number")
    return int(value)


class _Gates:
    """A table from each operation to its gates."""

    def __init__(self, circuit: Circuit) -> None:
        c = self.circuit = circuit
        self.table: dict[Op, Callable[..., Wire]] = {
            Op.ADD: c.add,
            Op.SUBTRACT: c.subtract,
            Op.MULTIPLY: c.multiply,
            Op.NEGATE: c.negate,
            Op.MINIMUM: lambda a, b: c.choose(c.less(a, b), a, b),
            Op.MAXIMUM: lambda a, b: c.choose(c.less(b, a), a, b),
            Op.ABSOLUTE: lambda a: c.choose(c.less(a, c.constant(0)), c.negate(a), a),
            Op.DETACH: lambda a: a,
            Op.GREATER: lambda a, b: c.number(c.less(b, a)),
            Op.GREATER_EQUAL: lambda a, b: c.number(c.less_equal(b, a)),
            Op.SELECT: lambda condition, a, b: c.choose(c.is_positive(condition), a, b),
            Op.SPIKE: self._spike,
            Op.SHIFT_LEFT: c.shift_left,
            Op.SHIFT_TO_ZERO: c.shift_to_zero,
            Op.SHIFT_FLOOR: c.shift_floor,
            Op.WRAP: c.low,
            Op.WRAP_ONCE: self._wrap_once,
            Op.CLIP: self._clip,
            Op.SCALE_TO_ZERO: self._scale,
        }

    def apply(self, operation: Operation, args: list[Wire]) -> Wire:
        """Return the wire of one operation."""
        if operation.op not in self.table:
            raise ValueError(f"the operation {operation.op} has no form in bits")
        more: list[Any] = [] if operation.attribute is None else [operation.attribute]
        return self.table[operation.op](*args, *more)

    def number(self, wire: Wire) -> Wire:
        """Return a result as a number."""
        return wire if wire.bits else self.circuit.number(wire)

    def _spike(self, distance: Wire, strict: bool) -> Wire:
        c = self.circuit
        zero = c.constant(0)
        return c.number(c.less(zero, distance) if strict else c.less_equal(zero, distance))

    def _wrap_once(self, a: Wire, bits: int) -> Wire:
        c, half = self.circuit, 1 << (bits - 1)
        turn = c.constant(2 * half)
        above = c.less(c.constant(half), a)
        below = c.less_equal(a, c.constant(-half))
        return c.choose(above, c.subtract(a, turn), c.choose(below, c.add(a, turn), a))

    def _clip(self, a: Wire, limits: tuple[int, int]) -> Wire:
        c = self.circuit
        low, high = map(c.constant, limits)
        clipped = c.choose(c.less(a, low), low, c.choose(c.less(high, a), high, a))
        return c.low(clipped, max(low.bits, high.bits))

    def _scale(self, a: Wire, scale: tuple[int, int]) -> Wire:
        c, (numerator, bits) = self.circuit, scale
        return c.shift_to_zero(c.multiply(a, c.constant(numerator)), bits)
