"""Equations of a few kilobytes that would cost everything to look at."""

from typing import Any

from snncore.dynamics import Equations, Format, NumberSystem, Op
from snncore.dynamics.expression import Operation

SYSTEM = NumberSystem("hostile", (("v", Format(24, 0)),), (("p", 0), ("q", 0)))
_LEAVES = (
    Operation(Op.STATE, (), "v"),
    Operation(Op.INPUT, (), "x"),
    Operation(Op.PARAMETER, (), "p"),
    Operation(Op.PARAMETER, (), "q"),
)
_STATE, _INPUT, _PARAMETER = 0, 1, 2


def _chain(count: int, op: Op, start: int, *, attribute: Any = None, more: int = -1) -> Equations:
    """Return equations in which each operation reads the last one, twice or with another."""
    operations = list(_LEAVES)
    last = start
    for _ in range(count):
        args = {Op.SELECT: (_INPUT, last, last), Op.CLIP: (last,)}.get(op)
        operations.append(Operation(op, args or (last, last if more < 0 else more), attribute))
        last = len(operations) - 1
    # The chain is read by the spikes too, so that nothing can leave it out.
    operations.append(Operation(Op.ADD, (last, _INPUT)))
    operations.append(Operation(Op.SPIKE, (last + 1,), False))
    name = f"{op.value}{count}"
    next_states = (last if op == Op.SELECT else last + 1,)
    return Equations(name, ("v",), ("x",), ("p", "q"), tuple(operations), next_states, last + 2)


def squares(count: int = 30) -> Equations:
    """Return a chain of multiplications, each the square of the last."""
    return _chain(count, Op.MULTIPLY, _INPUT)


def choices(count: int = 40) -> Equations:
    """Return choices between twice the same choice, down to an input."""
    return _chain(count, Op.SELECT, _INPUT)


def doubled(count: int = 40) -> Equations:
    """Return a parameter that is added to itself again and again."""
    return _chain(count, Op.ADD, _PARAMETER)


def deep(count: int = 900) -> Equations:
    """Return a sum of very many terms, one after another."""
    return _chain(count, Op.ADD, _INPUT, more=_INPUT)


def registers(count: int = 900) -> Equations:
    """Return a value in a register in a register."""
    return _chain(count, Op.CLIP, _INPUT, attribute=(-(1 << 20), 1 << 20))


def endless(count: int = 5000) -> dict[str, Any]:
    """Return the document of more operations than any neuron has."""
    document = deep(1).to_json()
    document["operations"] += [["add", [0, 1], None]] * count
    return document


ALL = {each.__name__: each() for each in (squares, choices, doubled, deep, registers)}
