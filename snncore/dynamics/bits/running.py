"""The values of a circuit's wires, for numbers or arrays in its variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from snncore.dynamics.bits.circuit import Gate, Wire, in_order
from snncore.dynamics.words import select


def run(results: Sequence[Wire], variables: Mapping[str, Any]) -> list[Any]:
    """Return the results' values; a variable's value is an integer, or an array of integers.

    Raises:
        KeyError: if a variable has no value.
    """
    values: dict[int, Any] = {}
    for wire in in_order(list(results)):
        if wire.gate == Gate.VARIABLE:
            values[id(wire)] = variables[str(wire.value)]
        elif wire.gate == Gate.CONSTANT:
            values[id(wire)] = wire.value if wire.bits else bool(wire.value)
        else:
            values[id(wire)] = _RULES[wire.gate](wire, *(values[id(arg)] for arg in wire.args))
    return [values[id(wire)] for wire in results]


def widest(results: Sequence[Wire]) -> int:
    """Return the bits of the widest wire that the results need."""
    return max(wire.bits for wire in in_order(list(results)))


def _low(wire: Wire, a: Any) -> Any:
    half = 1 << (wire.bits - 1)
    return ((a + half) & (2 * half - 1)) - half


def _divide(wire: Wire, a: Any, by: int) -> Any:
    return select(a >= 0, abs(a) // by, -(abs(a) // by))


def _choose(wire: Wire, condition: Any, chosen: Any, other: Any) -> Any:
    return select(condition, chosen, other)


def _every(wire: Wire, *values: Any) -> Any:
    total = values[0]
    for value in values[1:]:
        total = total & value
    return total


_RULES: dict[Gate, Callable[..., Any]] = {
    Gate.ADD: lambda wire, a, b: a + b,
    Gate.SUBTRACT: lambda wire, a, b: a - b,
    Gate.MULTIPLY: lambda wire, a, b: a * b,
    Gate.DIVIDE: _divide,
    Gate.SHIFT_LEFT: lambda wire, a: a << wire.value,
    Gate.SHIFT_FLOOR: lambda wire, a: a >> wire.value,
    Gate.BITWISE_AND: lambda wire, a, b: a & b,
    Gate.BITWISE_OR: lambda wire, a, b: a | b,
    Gate.BITWISE_XOR: lambda wire, a, b: a ^ b,
    Gate.LOW: _low,
    Gate.CHOOSE: _choose,
    Gate.LESS: lambda wire, a, b: a < b,
    Gate.LESS_EQUAL: lambda wire, a, b: a <= b,
    Gate.EQUAL: lambda wire, a, b: a == b,
    Gate.NOT: lambda wire, a: a ^ True,
    Gate.AND: _every,
}
