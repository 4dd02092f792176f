"""Integer equations as Verilog-2001: one module of wires a kind of neuron, one wire an operation.

    module NAME(
        input signed [15:0] state_v,
        input signed [9:0] input_x,
        input signed [7:0] parameter_decay,
        output signed [15:0] next_v,
        output signed [1:0] sent
    );
        wire signed [23:0] t4 = state_v * parameter_decay;
        ...
        assign next_v = t9;
        assign sent = t8;
    endmodule

1. The ports are the states, the inputs, the parameters that are read, the next states and what is
   sent. Every port and wire is signed, and as wide as the interval that was proved for it.
2. Sums, differences, products and shifts to the left are right modulo two to the width of their
   wire, which holds the result. Comparisons and shifts to the right read whole wires.
3. A comparison is 0 or 1. A number has its own width, one bit more than its value needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    Op.MINIMUM: "({0} < {1}) ? {0} : {1}",
    Op.MAXIMUM: "({0} > {1}) ? {0} : {1}",
    Op.ABSOLUTE: "({0} < 1'sd0) ? -{0} : {0}",
    Op.GREATER: "({0} > {1}) ? 2'sd1 : 2'sd0",
    Op.GREATER_EQUAL: "({0} >= {1}) ? 2'sd1 : 2'sd0",
    Op.SELECT: "({0} > 1'sd0) ? {1} : {2}",
    Op.SPIKE: "({0} {comparison} 1'sd0) ? 2'sd1 : 2'sd0",
    Op.SHIFT_LEFT: "{0} <<< {bits}",
    Op.SHIFT_FLOOR: "{0} >>> {bits}",
    Op.WRAP_ONCE: "({0} > {half}) ? {0} - {turn} : ({0} <= {lowest}) ? {0} + {turn} : {0}",
    Op.CLIP: "({0} < {low}) ? {low} : ({0} > {high}) ? {high} : {0}",
}


@dataclass(frozen=True)
class VerilogStep:
    """A kind of neuron as a module: its text, and the widths of its ports."""

    name: str
    text: str
    # Simplified for the ranges: an operation that they prove idle is left out.
    equations: Equations
    # Names of ports by state, input and parameter; widths by port.
    states: Mapping[str, str]
    following: Mapping[str, str]
    inputs: Mapping[str, str]
    parameters: Mapping[str, str]
    widths: Mapping[str, int]


def bits_of(interval: Interval) -> int:
    """Return the width of the narrowest signed wire that holds an interval."""
    return max(interval.high, -interval.low - 1, 0).bit_length() + 1


def number(value: int) -> str:
    """Return a number as a signed constant of its own width."""
    bits = abs(value).bit_length() + 1
    return f"-{bits}'sd{-value}" if value < 0 else f"{bits}'sd{value}"


def leaf_name(prefix: str, key: str, position: int) -> str:
    """Return the port of a state, an input or a parameter; other alphabets are counted."""
    return f"{prefix}_{key if key.isascii() else position}"


def verilog_step(
    name: str, equations: Equations, ranges: StepRanges, bounds: Sequence[Interval]
) -> VerilogStep:
    """Return integer equations as a module for values within these ranges.

    `bounds` are the intervals of the operations for the same ranges.

    Raises:
        ValueError: if an operation has no word; names it.
    """
    return _Printer(name, equations, ranges, bounds).step()


class _Printer:
    """The wires of one module, and the name of every operation so far."""

    def __init__(
        self, name: str, equations: Equations, ranges: StepRanges, bounds: Sequence[Interval]
    ) -> None:
        self.name, self.ranges = name, ranges
        self.equations = simplified(equations, bounds)
        _, self.bounds = step_intervals(
            self.equations, ranges.states, ranges.inputs, ranges.parameters
        )
        self.names: list[str] = []
        self.lines: list[str] = []

    def step(self) -> VerilogStep:
        """Return the module."""
        equations, ranges = self.equations, self.ranges
        for position, operation in enumerate(equations.operations):
            self._add(position, operation)
        read = {o.attribute for o in equations.operations if o.op == Op.PARAMETER}
        states = {key: self._leaf(Op.STATE, key) for key in equations.states}
        inputs = {key: self._leaf(Op.INPUT, key) for key in equations.inputs}
        parameters = {k: self._leaf(Op.PARAMETER, k) for k in equations.parameters if k in read}
        following = {key: self._leaf(Op.STATE, key, "next") for key in equations.states}
        widths = {states[key]: bits_of(ranges.states[key]) for key in states}
        widths |= {inputs[key]: bits_of(ranges.inputs[key]) for key in inputs}
        widths |= {parameters[key]: bits_of(ranges.parameters[key]) for key in parameters}
        ports = [f"input signed [{bits - 1}:0] {port}" for port, bits in widths.items()]
        results = dict(zip(following.values(), equations.next_states, strict=True))
        results["sent"] = equations.output
        # A state that leaves has the width of the register that it goes to.
        widths |= {following[key]: widths[states[key]] for key in states}
        widths["sent"] = bits_of(self.bounds[equations.output])
        for port, position in results.items():
            ports.append(f"output signed [{widths[port] - 1}:0] {port}")
            self.lines.append(f"assign {port} = {self.names[position]};")
        head = [f"module {self.name}(", ",\n".join(f"    {port}" for port in ports), ");"]
        body = [f"    {line}" for line in self.lines]
        text = "\n".join([*head, *body, "endmodule", ""])
        return VerilogStep(
            self.name, text, equations, states, following, inputs, parameters, widths
        )

    def _leaf(self, op: Op, key: str, prefix: str | None = None) -> str:
        equations = self.equations
        names = {
            Op.STATE: equations.states,
            Op.INPUT: equations.inputs,
            Op.PARAMETER: equations.parameters,
        }[op]
        return leaf_name(prefix or op.value, key, names.index(key))

    def _add(self, position: int, operation: Operation) -> None:
        op, bound = operation.op, self.bounds[position]
        if op in LEAVES:
            constant = op == Op.CONSTANT
            leaf = number(bound.low) if constant else self._leaf(op, str(operation.attribute))
            self.names.append(leaf)
            return
        name, values = f"t{position}", [self.names[arg] for arg in operation.args]
        source = [self.bounds[arg] for arg in operation.args]
        if op == Op.SCALE_TO_ZERO and isinstance(operation.attribute, tuple):
            # Two operations: a product, and its shift.
            numerator, bits = operation.attribute
            product = source[0] * Interval(numerator, numerator)
            self._wire(f"{name}_product", f"{values[0]} * {number(numerator)}", product)
            self._shift_to_zero(name, f"{name}_product", product, bits, bound)
        elif op == Op.SHIFT_TO_ZERO and isinstance(operation.attribute, int):
            self._shift_to_zero(name, values[0], source[0], operation.attribute, bound)
        elif op == Op.WRAP and isinstance(operation.attribute, int):
            # The lower bits alone, read with the sign of the highest of them.
            half = 1 << (operation.attribute - 1)
            self._wire(f"{name}_low", values[0], Interval(-half, half - 1))
            self._wire(name, f"{name}_low", bound)
        elif op not in SPELLING:
            raise ValueError(f"{self.equations.name}: Verilog has no word for {op.value}")
        else:
            self._wire(name, _spelled(op, values, operation.attribute), bound)
        self.names.append(name)

    def _wire(self, name: str, value: str, bound: Interval) -> None:
        self.lines.append(f"wire signed [{bits_of(bound) - 1}:0] {name} = {value};")

    def _shift_to_zero(
        self, name: str, value: str, source: Interval, bits: int, bound: Interval
    ) -> None:
        """Write a shift that rounds toward zero: what is negative is raised before."""
        if source.low < 0:
            raised = source.hull(source + Interval(0, (1 << bits) - 1))
            words = f"({value} < 1'sd0) ? {value} + {number((1 << bits) - 1)} : {value}"
            self._wire(f"{name}_raised", words, raised)
            value = f"{name}_raised"
        self._wire(name, f"{value} >>> {bits}", bound)


def _spelled(op: Op, values: Sequence[str], attribute: Attribute) -> str:
    constants = {key: number(value) for key, value in _constants(op, attribute).items()}
    comparison = ">" if attribute else ">="
    return SPELLING[op].format(*values, comparison=comparison, bits=attribute, **constants)


def _constants(op: Op, attribute: Attribute) -> dict[str, int]:
    """Return the numbers in an operation's words."""
    if op == Op.CLIP and isinstance(attribute, tuple):
        low, high = attribute
        return {"low": int(low), "high": int(high)}
    if op == Op.WRAP_ONCE and isinstance(attribute, int):
        half = 1 << (attribute - 1)
        return {"half": half, "turn": 2 * half, "lowest": -half}
    return {}
