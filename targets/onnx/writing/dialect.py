"""ONNX as a language for integer equations: a table from operation to nodes.

A term is a node's type and what it reads: the operation's arguments by number, constants of the
operation by name, or a term. A shift down by k bits is written as a subtraction of the bits below
and a division, which is exact in every runtime; a shift of negative integers is in no standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snncore.dynamics.arithmetic.interval import ZERO, Interval, shift_to_zero
from snncore.dynamics.expression import Attribute, Op
from targets.onnx.writing.types import WORD, Type, Value, arithmetic_type
from targets.onnx.writing.writer import Writer

Spelling = Any

TABLE: Mapping[Op, Spelling] = {
    Op.ADD: ("Add", 0, 1),
    Op.SUBTRACT: ("Sub", 0, 1),
    Op.MULTIPLY: ("Mul", 0, 1),
    Op.NEGATE: ("Neg", 0),
    Op.MINIMUM: ("Min", 0, 1),
    Op.MAXIMUM: ("Max", 0, 1),
    Op.ABSOLUTE: ("Abs", 0),
    Op.GREATER: ("Greater", 0, 1),
    Op.GREATER_EQUAL: ("GreaterOrEqual", 0, 1),
    Op.SELECT: ("Where", 0, 1, 2),
    Op.SHIFT_LEFT: ("Mul", 0, "power"),
    Op.SHIFT_FLOOR: ("Div", ("Sub", 0, ("BitwiseAnd", 0, "mask")), "power"),
    Op.SHIFT_TO_ZERO: ("Div", 0, "power"),
    Op.SCALE_TO_ZERO: ("Div", ("Mul", 0, "numerator"), "power"),
    Op.WRAP: ("Sub", ("BitwiseAnd", ("Add", 0, "half"), "mask"), "half"),
    Op.WRAP_ONCE: (
        "Where",
        ("Greater", 0, "half"),
        ("Sub", 0, "turn"),
        ("Where", ("LessOrEqual", 0, "lowest"), ("Add", 0, "turn"), 0),
    ),
    Op.CLIP: ("Clip", 0, "low", "high"),
}
STRICT: Spelling = ("Greater", 0, "zero")
REACHED: Spelling = ("GreaterOrEqual", 0, "zero")
_CONDITIONS = {"Greater", "GreaterOrEqual", "LessOrEqual"}


def operation(
    writer: Writer,
    op: Op,
    arguments: list[Value],
    attribute: Attribute,
    interval: Interval,
) -> Value:
    """Return the result of one operation on integers, within an interval.

    Raises:
        ValueError: if the language has no word for it.
    """
    term = TABLE.get(op)
    if op == Op.SPIKE:
        term = STRICT if attribute else REACHED
    if term is None:
        raise ValueError(f"ONNX has no words for {op.value}")
    constants = _constants(op, attribute)
    reach = interval
    for each in arguments:
        reach = reach.hull(each.interval)
    for value in constants.values():
        reach = reach.hull(Interval(value, value))
    if op == Op.WRAP:
        reach = reach.hull(arguments[0].interval + Interval(0, constants["half"]))
    if op == Op.WRAP_ONCE:
        turn = Interval(-constants["turn"], constants["turn"])
        reach = reach.hull(arguments[0].interval + turn)
    if op == Op.SCALE_TO_ZERO:
        factor = Interval(constants["numerator"], constants["numerator"])
        reach = reach.hull(arguments[0].interval * factor)
    kind = arithmetic_type(reach)
    used = [
        each if op == Op.SELECT and position == 0 else writer.cast(each, kind)
        for position, each in enumerate(arguments)
    ]
    values: dict[int | str, Value] = dict(enumerate(used))
    values |= {name: writer.constant(value, kind) for name, value in constants.items()}
    result = spelled(writer, term, values, kind)
    return Value(result.name, result.type, interval)


def shifted_product(
    writer: Writer, op: Op, factor: Value, other: Value, bits: int, interval: Interval
) -> Value | None:
    """Return a product shifted down in 32-bit parts, if they fit: not all runtimes have 64.

    With `other = high * 2^bits + low`, both of one sign, the product's whole part is
    `factor * high` and what `factor * low` leaves of the shift.
    """
    high = other.interval.map(lambda value: _shift(op, value, bits))
    rest = (1 << bits) - 1
    low = Interval(0 if op == Op.SHIFT_FLOOR else -rest, rest)
    parts = [factor.interval * high, factor.interval * low, other.interval]
    if not all(each.within(WORD) for each in [*parts, factor.interval, interval]):
        return None
    upper = operation(writer, op, [other], bits, high)
    back = operation(writer, Op.SHIFT_LEFT, [upper], bits, other.interval.hull(ZERO))
    lower = operation(writer, Op.SUBTRACT, [other, back], None, low)
    large = operation(writer, Op.MULTIPLY, [factor, upper], None, parts[0])
    small = operation(writer, Op.MULTIPLY, [factor, lower], None, parts[1])
    small = operation(writer, op, [small], bits, parts[1].map(lambda v: _shift(op, v, bits)))
    return operation(writer, Op.ADD, [large, small], None, interval)


def _shift(op: Op, value: int, bits: int) -> int:
    return value >> bits if op == Op.SHIFT_FLOOR else shift_to_zero(value, bits)


def spelled(writer: Writer, term: Spelling, values: Mapping[Any, Value], kind: Type) -> Value:
    """Return the value of a term, whose inputs are given by number and by name."""
    if not isinstance(term, tuple):
        return values[term]
    op, *parts = term
    inputs = [spelled(writer, part, values, kind) for part in parts]
    return writer.node(op, inputs, Type.BOOL if op in _CONDITIONS else kind)


def _constants(op: Op, attribute: Attribute) -> dict[str, int]:
    """Return the integers that the operation's term names."""
    if op == Op.SPIKE:
        return {"zero": 0}
    if op == Op.CLIP and isinstance(attribute, tuple):
        return {"low": attribute[0], "high": attribute[1]}
    if op == Op.SCALE_TO_ZERO and isinstance(attribute, tuple):
        return {"numerator": attribute[0], "power": 1 << attribute[1]}
    if not isinstance(attribute, int):
        return {}
    if op in (Op.WRAP, Op.WRAP_ONCE):
        half = 1 << (attribute - 1)
        constants = {"half": half, "turn": 2 * half, "lowest": -half}
        return constants if op == Op.WRAP_ONCE else {"half": half, "mask": 2 * half - 1}
    if op == Op.SHIFT_FLOOR:
        return {"power": 1 << attribute, "mask": (1 << attribute) - 1}
    return {"power": 1 << attribute}
