"""Integer equations as C99: one function a kind of neuron, one assignment an operation.

The text keeps to a small part of C, so that a proof can read it:

    static int32_t NAME(int16_t *next_v, int32_t input_x, int32_t parameter_decay)
    {
        const int32_t state_v = *next_v;
        const int64_t t4 = (int64_t)state_v * (int64_t)parameter_decay;
        const int32_t t5 = (int32_t)(t4 / INT64_C(64));
        ...
        *next_v = (int16_t)t9;
        return t8;
    }

1. The arguments are a pointer for each state, then the inputs, then the parameters that are read.
   The body is one `const` line for each state, one for each operation, one store for each state,
   and the returned output.
2. Every name has one type, int32_t or int64_t, which holds its whole interval; the right side of an
   assignment is computed in one of them, which holds whatever is computed on the way. A value of
   the other type is cast where it is read. No operation overflows, and none is left to a compiler.
3. Operators: + - * / (of a positive power of two) and unary -, comparisons, c ? a : b, and for
   shifts and wraps of two's complement >> (of values that are not negative), ~ and & (of a mask).
4. A comparison is 0 or 1. Numbers are decimal; those of 64 bits stand in INT64_C().
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from snncore.dynamics.arithmetic.interval import Interval, step_intervals
from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import LEAVES, Attribute, Op, Operation
from snncore.dynamics.printing.step_ranges import StepRanges
from snncore.dynamics.rewriting.simplify import simplified

# The words for an operation: {0} {1} {2} are arguments, the names are constants.
SPELLING: Mapping[Op, str] = {
    Op.ADD: "{0} + {1}",
    Op.SUBTRACT: "{0} - {1}",
    Op.MULTIPLY: "{0} * {1}",
    Op.NEGATE: "-{0}",
    Op.DETACH: "{0}",
    Op.MINIMUM: "{0} < {1} ? {0} : {1}",
    Op.MAXIMUM: "{0} > {1} ? {0} : {1}",
    Op.ABSOLUTE: "{0} < {zero} ? -{0} : {0}",
    Op.GREATER: "{0} > {1}",
    Op.GREATER_EQUAL: "{0} >= {1}",
    Op.SELECT: "{0} > {zero} ? {1} : {2}",
    Op.SPIKE: "{0} {comparison} {zero}",
    Op.SHIFT_LEFT: "{0} * {power}",
    Op.SHIFT_TO_ZERO: "{0} / {power}",
    Op.SHIFT_FLOOR: "{0} >= {zero} ? {0} >> {bits} : ~(~{0} >> {bits})",
    Op.WRAP: "(({0} + {half}) & {mask}) - {half}",
    Op.WRAP_ONCE: "{0} > {half} ? {0} - {turn} : ({0} <= {lowest} ? {0} + {turn} : {0})",
    Op.CLIP: "{0} < {low} ? {low} : ({0} > {high} ? {high} : {0})",
}
_WIDTHS = (32, 64)


@dataclass(frozen=True)
class CStep:
    """A kind of neuron as a function: its text, and the equations that it prints."""

    name: str
    text: str
    # Simplified for the ranges: an operation that they prove idle is left out.
    equations: Equations
    ranges: StepRanges
    # The width of every state in memory, and of the returned output.
    stored: Mapping[str, int]
    returned: int
    # The parameters that the function takes, in order.
    parameters: tuple[str, ...]


def width_of(interval: Interval, widths: Sequence[int] = (8, 16, 32, 64)) -> int:
    """Return the narrowest of some widths that holds an interval.

    Raises:
        ValueError: if none does.
    """
    for bits in widths:
        if interval.within(Interval(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)):
            return bits
    raise ValueError(f"{interval.low}..{interval.high} is wider than {widths[-1]} bits")


def number(value: int, bits: int) -> str:
    """Return a number as a constant of this width; the lowest of all has no word of its own."""
    lowest = -(1 << (bits - 1))
    if value == lowest:
        return f"({number(value + 1, bits)} - 1)"
    return str(value) if bits < 64 else f"INT64_C({value})"


def c_name(prefix: str, name: str, position: int) -> str:
    """Return the C name of a value: no word of C, and the position where it is not in ASCII."""
    return f"{prefix}_{name if name.isascii() else position}"


def c_step(
    name: str, equations: Equations, ranges: StepRanges, bounds: Sequence[Interval]
) -> CStep:
    """Return integer equations as a function for values within these ranges.

    `bounds` are the intervals of the operations for the same ranges.

    Raises:
        ValueError: if an operation needs more than 64 bits, or has no word; names it.
    """
    return _Printer(name, equations, ranges, bounds).step()


class _Printer:
    """The lines of one function, and the name and width of every operation so far."""

    def __init__(
        self, name: str, equations: Equations, ranges: StepRanges, bounds: Sequence[Interval]
    ) -> None:
        self.name, self.ranges = name, ranges
        self.equations = simplified(equations, bounds)
        _, self.bounds = step_intervals(
            self.equations, ranges.states, ranges.inputs, ranges.parameters
        )
        self.names: list[str] = []
        self.widths: list[int] = []
        self.lines: list[str] = []

    def step(self) -> CStep:
        """Return the function."""
        equations = self.equations
        read = {o.attribute for o in equations.operations if o.op == Op.PARAMETER}
        parameters = tuple(key for key in equations.parameters if key in read)
        stored = {
            state: width_of(self.bounds[position].hull(self.ranges.states[state]))
            for state, position in zip(equations.states, equations.next_states, strict=True)
        }
        for position, operation in enumerate(equations.operations):
            self._add(position, operation)
        returned = width_of(self.bounds[equations.output], _WIDTHS)
        return CStep(
            self.name,
            self._text(stored, parameters, returned),
            equations,
            self.ranges,
            stored,
            returned,
            parameters,
        )

    def _text(self, stored: Mapping[str, int], parameters: Sequence[str], returned: int) -> str:
        equations = self.equations
        arguments = [f"int{stored[s]}_t *{self._leaf(Op.STATE, s, 'next')}" for s in stored]
        for op, keys, ranges in (
            (Op.INPUT, equations.inputs, self.ranges.inputs),
            (Op.PARAMETER, parameters, self.ranges.parameters),
        ):
            arguments += [
                f"int{width_of(ranges[key], _WIDTHS)}_t {self._leaf(op, key)}" for key in keys
            ]
        loads = [
            f"const int{width_of(self.ranges.states[s], _WIDTHS)}_t {self._leaf(Op.STATE, s)} = "
            f"*{self._leaf(Op.STATE, s, 'next')};"
            for s in stored
        ]
        stores = [
            f"*{self._leaf(Op.STATE, state, 'next')} = "
            f"{_cast(self.names[position], self.widths[position], stored[state])};"
            for state, position in zip(equations.states, equations.next_states, strict=True)
        ]
        output = _cast(self.names[equations.output], self.widths[equations.output], returned)
        # An input that nothing reads would be a warning.
        read = {str(o.attribute) for o in equations.operations if o.op == Op.INPUT}
        unread = [f"(void){self._leaf(Op.INPUT, x)};" for x in equations.inputs if x not in read]
        states = {str(o.attribute) for o in equations.operations if o.op == Op.STATE}
        loads = [load for load, s in zip(loads, stored, strict=True) if s in states]
        body = [*loads, *unread, *self.lines, *stores, f"return {output};"]
        head = f"static int{returned}_t {self.name}({', '.join(arguments)})"
        return "\n".join([head, "{", *(f"    {line}" for line in body), "}", ""])

    def _leaf(self, op: Op, key: str, prefix: str | None = None) -> str:
        equations = self.equations
        names = {
            Op.STATE: equations.states,
            Op.INPUT: equations.inputs,
            Op.PARAMETER: equations.parameters,
        }[op]
        return c_name(prefix or op.value, key, names.index(key))

    def _add(self, position: int, operation: Operation) -> None:
        op, bound = operation.op, self.bounds[position]
        if op in LEAVES:
            width = width_of(bound, _WIDTHS)
            if op == Op.CONSTANT:
                self.names.append(number(bound.low, width))
            else:
                self.names.append(self._leaf(op, str(operation.attribute)))
            self.widths.append(width)
            return
        name, args = f"t{position}", list(operation.args)
        if op == Op.SCALE_TO_ZERO and isinstance(operation.attribute, tuple):
            # Two operations: a product, and its shift.
            numerator, bits = operation.attribute
            factor = Interval(numerator, numerator)
            product = self.bounds[args[0]] * factor
            width = self._width(Op.MULTIPLY, [self.bounds[args[0]], factor], None, product)
            value = SPELLING[Op.MULTIPLY].format(
                self._read(args[0], width), number(numerator, width)
            )
            self.lines.append(f"const int{width}_t {name}_product = {value};")
            shifted = self._width(Op.SHIFT_TO_ZERO, [product], bits, bound)
            value = _spelled(
                Op.SHIFT_TO_ZERO, [_cast(f"{name}_product", width, shifted)], bits, shifted
            )
            self._assign(name, value, shifted, bound)
            return
        if op not in SPELLING:
            raise ValueError(f"{self.equations.name}: C has no word for {op.value} of integers")
        width = self._width(op, [self.bounds[arg] for arg in args], operation.attribute, bound)
        values = [self._read(arg, width) for arg in args]
        self._assign(name, _spelled(op, values, operation.attribute, width), width, bound)

    def _assign(self, name: str, value: str, width: int, bound: Interval) -> None:
        """Write one assignment, in the narrower type where the value has room."""
        kept = width_of(bound, _WIDTHS)
        value = f"(int{kept}_t)({value})" if kept < width else value
        self.lines.append(f"const int{kept}_t {name} = {value};")
        self.names.append(name)
        self.widths.append(kept)

    def _read(self, position: int, width: int) -> str:
        operation = self.equations.operations[position]
        if operation.op == Op.CONSTANT:
            return number(self.bounds[position].low, width)
        return _cast(self.names[position], self.widths[position], width)

    def _width(
        self, op: Op, args: Sequence[Interval], attribute: Attribute, bound: Interval
    ) -> int:
        """Return the width in which an operation is computed."""
        reach = reduce(Interval.hull, args, bound)
        constants = _constants(op, attribute)
        for value in constants.values():
            reach = reach.hull(Interval(value, value))
        if op == Op.WRAP:
            reach = reach.hull(args[0] + Interval(0, constants["half"]))
        if op == Op.WRAP_ONCE:
            # Each side takes or adds the turn only beyond its limit.
            reach = reach.hull(Interval(0, max(args[0].high - constants["turn"], 0)))
        if op in (Op.ABSOLUTE, Op.NEGATE):
            reach = reach.hull(-args[0])
        try:
            width = width_of(reach, _WIDTHS)
        except ValueError as error:
            raise ValueError(f"{self.equations.name}: {op.value} may reach {error}") from error
        # A shift by the width of its type has no meaning in C.
        shift = attribute if op == Op.SHIFT_FLOOR and isinstance(attribute, int) else 0
        return width if shift < width - 1 else 64


def _spelled(op: Op, values: Sequence[str], attribute: Attribute, width: int) -> str:
    constants = {key: number(value, width) for key, value in _constants(op, attribute).items()}
    comparison = ">" if attribute else ">="
    return SPELLING[op].format(
        *values, zero=number(0, width), comparison=comparison, bits=attribute, **constants
    )


def _constants(op: Op, attribute: Attribute) -> dict[str, int]:
    """Return the numbers in an operation's words."""
    if op == Op.CLIP and isinstance(attribute, tuple):
        low, high = attribute
        return {"low": int(low), "high": int(high)}
    if not isinstance(attribute, int) or isinstance(attribute, bool):
        return {}
    if op in (Op.SHIFT_LEFT, Op.SHIFT_TO_ZERO):
        return {"power": 1 << attribute}
    if op == Op.WRAP:
        return {"half": 1 << (attribute - 1), "mask": (1 << attribute) - 1}
    if op == Op.WRAP_ONCE:
        half = 1 << (attribute - 1)
        return {"half": half, "turn": 2 * half, "lowest": -half}
    return {}


def _cast(name: str, have: int, want: int) -> str:
    return name if have == want else f"(int{want}_t){name}"
