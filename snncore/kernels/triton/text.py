"""Operations as functions of Triton, one assignment an operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from snncore.dynamics.expression import LEAVES, Op, Operation
from snncore.dynamics.printing.render import Dialect
from snncore.kernels.loop import rounding
from snncore.kernels.loop.reciprocal import is_safe, reciprocal
from snncore.kernels.loop.work import EXACT_FLOAT32
from snncore.kernels.triton.division import constraints, division

TRITON = Dialect(
    "triton",
    {
        Op.ADD: "{0} + {1}",
        Op.SUBTRACT: "{0} - {1}",
        Op.MULTIPLY: "{0} * {1}",
        Op.DIVIDE: "tl.div_rn({0}, {1})",
        Op.NEGATE: "-{0}",
        Op.MINIMUM: "tl.where({0} < {1}, {0}, {1})",
        Op.MAXIMUM: "tl.where({0} > {1}, {0}, {1})",
        Op.ABSOLUTE: "tl.abs({0})",
        Op.EXP: "exp({0})",
        Op.LOG: "log({0})",
        Op.DETACH: "{0}",
        Op.GREATER: "{0} > {1}",
        Op.GREATER_EQUAL: "{0} >= {1}",
        Op.SELECT: "tl.where({0} != 0, {1}, {2})",
        Op.SPIKE: "tl.where({0} {comparison} 0.0, 1.0, 0.0)",
        # Integers that a float holds.
        Op.SHIFT_LEFT: "{0} * {up}",
        Op.SHIFT_FLOOR: "tl.floor({0} * {down})",
        Op.SHIFT_TO_ZERO: "truncated({0} * {down})",
        Op.SCALE_TO_ZERO: "truncated({0} * {ratio})",
        Op.WRAP: "{0} - tl.floor(({0} + {half}) * {per_range}) * {range}",
        Op.WRAP_ONCE: "wrapped_once({0}, {half})",
        Op.CLIP: "tl.where({0} < {low}, {lowest}, tl.where({0} > {high}, {highest}, {0}))",
    },
)
_BITS = frozenset({Op.SHIFT_LEFT, Op.SHIFT_FLOOR, Op.SHIFT_TO_ZERO, Op.WRAP, Op.WRAP_ONCE})
# Operations of gradients alone may round otherwise than the equations say.
GRADIENTS = Dialect("triton", {**TRITON.spelling, Op.DIVIDE: "quotient({0}, {1})"})

_COMPARISONS = frozenset({Op.GREATER, Op.GREATER_EQUAL})


@dataclass(frozen=True)
class Rounding:
    """How operations round: those of the `forward` step as the equations say, others nearly.

    A quotient's last bit is right however small it is if `pack` says how many neurons a thread has
    at least. `wide` steps are computed in float64, and their gradients in float32.
    """

    forward: Sequence[Operation]
    pack: int = 0
    wide: bool = False


def function(
    name: str,
    arguments: Sequence[str],
    operations: Sequence[Operation],
    results: Sequence[int | None],
    rounds: Rounding,
) -> str:
    """Write a function whose results all have the block's shape."""
    exact = rounding.shared(operations, rounds.forward)
    fused = rounding.fused(operations, results, exact)
    absorbed = {product for product, _ in fused.values()}
    needed = rounding.reached(operations, results) - absorbed
    varies = rounding.varies(operations)
    names = [_name(operation, number) for number, operation in enumerate(operations)]
    lines = []

    def read(arg: int) -> str:
        """Return a value as a gradient reads it."""
        leaf = operations[arg].op
        wide = rounds.wide and (arg in exact or leaf == Op.PARAMETER)
        return f"{names[arg]}.to(tl.float32)" if wide and leaf != Op.CONSTANT else names[arg]

    for number, operation in enumerate(operations):
        if operation.op in LEAVES or number not in needed:
            continue
        as_is = number in exact or operation.op in _COMPARISONS
        values = [names[arg] if as_is else read(arg) for arg in operation.args]
        if number in fused:
            product, other = fused[number]
            factors = [read(arg) for arg in operations[product].args]
            value = f"tl.fma({', '.join(factors)}, {read(other)})"
        else:
            value = _value(operations, operation, values, number in exact, varies, rounds.pack)
        lines.append(f"t{number} = {value}")
    # The last argument of a gradient is one, too.
    shaped = f"tl.zeros_like({arguments[-1 if rounds.wide else 0]})"
    lines.append(_returned(results, names, varies, shaped))
    return text(f"def {name}({', '.join(arguments)}):", lines)


def _returned(
    results: Sequence[int | None], names: Sequence[str], varies: Sequence[bool], shaped: str
) -> str:
    """Write the last line, which gives every result the block's shape."""
    values = []
    for result in results:
        if result is None:
            values.append(shaped)
        else:
            values.append(names[result] if varies[result] else f"{shaped} + {names[result]}")
    return f"return {', '.join(values)}{',' if len(values) == 1 else ''}"


def _value(
    operations: Sequence[Operation],
    operation: Operation,
    values: Sequence[str],
    exact: bool,
    varies: Sequence[bool],
    pack: int,
) -> str:
    """Spell an operation, given the operations that it reads."""
    read = [operations[arg] for arg in operation.args]
    if operation.op == Op.DIVIDE and read[1].op == Op.CONSTANT:
        divisor = float(str(read[1].attribute))
        if not exact and divisor:
            return f"{values[0]} * {1.0 / divisor!r}"
        if varies[operation.args[0]] and is_safe(divisor):
            if not pack:
                by = reciprocal(divisor)
                numbers = (by.divisor, by.nearest, by.high, by.low, by.corrected)
                return f"nearly_divided({values[0]}, {', '.join(map(repr, numbers))})"
            assembly = f"{division(divisor, pack)!r}, {constraints(pack)!r}, {pack}"
            return f"divided({values[0]}, {divisor!r}, {assembly})"
    if operation.op == Op.SELECT:
        condition = read[0]
        while condition.op == Op.DETACH:
            condition = operations[condition.args[0]]
        # Compare the distance of a spike itself, once for the spike and the selection.
        if condition.op == Op.SPIKE:
            distance = _name(operations[condition.args[0]], condition.args[0])
            comparison = ">" if condition.attribute else ">="
            return f"tl.where({distance} {comparison} 0.0, {values[1]}, {values[2]})"
    return _spelled(TRITON if exact else GRADIENTS, operation, values)


def _name(operation: Operation, number: int) -> str:
    if operation.op == Op.CONSTANT:
        return repr(operation.attribute)
    return str(operation.attribute) if operation.op in LEAVES else f"t{number}"


def _spelled(dialect: Dialect, operation: Operation, values: Sequence[str]) -> str:
    template = dialect.spelling.get(operation.op)
    if template is None:
        raise ValueError(f"the dialect {dialect.name} has no word for {operation.op.value}")
    return template.format(*values, **_numbers(operation, values))


def _numbers(operation: Operation, values: Sequence[str]) -> dict[str, Any]:
    """Return the numbers in an operation's spelling, which are powers of two or limits."""
    attribute = operation.attribute
    numbers: dict[str, Any] = {"comparison": ">" if attribute else ">="}
    if operation.op == Op.CLIP and isinstance(attribute, tuple):
        numbers |= {"low": float(attribute[0]), "high": float(attribute[1])}
        numbers |= {"lowest": _limit(attribute[0], values), "highest": _limit(attribute[1], values)}
    elif operation.op == Op.SCALE_TO_ZERO and isinstance(attribute, tuple):
        numbers["ratio"] = repr(attribute[0] * 2.0 ** -attribute[1])
    elif operation.op in _BITS and isinstance(attribute, int):
        numbers |= {"up": 2.0**attribute, "down": 2.0**-attribute}
        numbers |= {"half": 2.0 ** (attribute - 1), "range": 2.0**attribute}
        numbers["per_range"] = 2.0**-attribute
    return numbers


def _limit(value: int, values: Sequence[str]) -> str:
    """Spell a limit: as a number alone, Triton would round one of more than 24 bits."""
    number = repr(float(value))
    return number if abs(value) <= EXACT_FLOAT32 else f"{values[0]} * 0.0 + {number}"


def text(head: str, lines: Sequence[str]) -> str:
    """Write a Triton function with this head."""
    return "\n".join(["@triton.jit", head, *indent(lines)]) + "\n"


def indent(lines: Sequence[str]) -> list[str]:
    """Indent the lines by one block."""
    return [f"    {line}" for line in lines]
