"""Operations as functions of Triton, one assignment an operation."""

from __future__ import annotations

from collections.abc import Sequence

from snncore.dynamics.expression import LEAVES, Op, Operation
from snncore.dynamics.printing.render import Dialect
from snncore.kernels.loop import rounding
from snncore.kernels.loop.reciprocal import is_safe, reciprocal
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
    },
)
# Operations of gradients alone may round otherwise than the equations say.
GRADIENTS = Dialect("triton", {**TRITON.spelling, Op.DIVIDE: "quotient({0}, {1})"})


def function(
    name: str,
    arguments: Sequence[str],
    operations: Sequence[Operation],
    results: Sequence[int | None],
    forward: Sequence[Operation],
    pack: int = 0,
) -> str:
    """Write a function whose results all have the block's shape.

    A quotient's last bit is right however small it is if `pack` says how many neurons a thread has
    at least.
    """
    exact = rounding.shared(operations, forward)
    fused = rounding.fused(operations, results, exact)
    absorbed = {product for product, _ in fused.values()}
    needed = rounding.reached(operations, results) - absorbed
    varies = rounding.varies(operations)
    names: list[str] = []
    lines = []
    for number, operation in enumerate(operations):
        values = [names[arg] for arg in operation.args]
        if operation.op in (Op.STATE, Op.INPUT, Op.PARAMETER):
            names.append(str(operation.attribute))
            continue
        if operation.op == Op.CONSTANT:
            names.append(repr(operation.attribute))
            continue
        names.append(f"t{number}")
        if number in fused:
            product, other = fused[number]
            factors = [names[arg] for arg in operations[product].args]
            lines.append(f"t{number} = tl.fma({', '.join(factors)}, {names[other]})")
        elif number in needed:
            value = _value(operations, operation, values, number in exact, varies, pack)
            lines.append(f"t{number} = {value}")
    shaped = f"tl.zeros_like({arguments[0]})"
    returned = []
    for result in results:
        if result is None:
            returned.append(shaped)
        else:
            returned.append(names[result] if varies[result] else f"{shaped} + {names[result]}")
    lines.append(f"return {', '.join(returned)}{',' if len(returned) == 1 else ''}")
    return text(f"def {name}({', '.join(arguments)}):", lines)


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
    comparison = ">" if operation.attribute else ">="
    return template.format(*values, comparison=comparison)


def text(head: str, lines: Sequence[str]) -> str:
    """Write a Triton function with this head."""
    return "\n".join(["@triton.jit", head, *indent(lines)]) + "\n"


def indent(lines: Sequence[str]) -> list[str]:
    """Indent the lines by one block."""
    return [f"    {line}" for line in lines]
