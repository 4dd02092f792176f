"""A layer of neurons as nodes: its integer equations, without what its ranges prove idle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from neurodeploy.program import Neuron
from neurodeploy.program.ranges import LayerRange
from snncore.dynamics import Equations, Op
from snncore.dynamics.arithmetic.interval import Interval, step_intervals
from snncore.dynamics.expression import Operation
from snncore.dynamics.rewriting.simplify import simplified
from targets.onnx.writing.dialect import operation, shifted_product
from targets.onnx.writing.types import WORD, Type, Value, arithmetic_type, stored_type
from targets.onnx.writing.writer import Writer

Leaves = Mapping[tuple[Op, str], Value]


@dataclass(frozen=True)
class NeuronStep:
    """One step of a layer, prepared for the ranges of its states and its drive."""

    node: Neuron
    proved: LayerRange

    @cached_property
    def equations(self) -> Equations:
        """The integer equations, simplified."""
        return simplified(self.node.integer_equations, self.proved.operations)

    @cached_property
    def bounds(self) -> tuple[Interval, ...]:
        """The interval of every operation of the simplified equations."""
        parameters = {
            key: Interval(int(value.min()), int(value.max()))
            for key, value in self.node.parameters.items()
        }
        drive = {self.equations.inputs[0]: self.proved.drive}
        return step_intervals(self.equations, self.proved.states, drive, parameters)[1]

    @cached_property
    def states(self) -> dict[str, Type]:
        """The states, each in the type that holds it."""
        return {key: arithmetic_type(value) for key, value in self.proved.states.items()}

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that the simplified equations still read."""
        used = {o.attribute for o in self.equations.operations if o.op == Op.PARAMETER}
        return tuple(key for key in self.equations.parameters if key in used)

    @property
    def output(self) -> Interval:
        """The range of the layer's output."""
        return self.bounds[self.equations.output]

    def write(self, writer: Writer, leaves: Leaves, like: Value) -> list[Value]:
        """Return the next states and the output; `like` has the shape of the layer."""
        run = _Run(self, writer, leaves, like)
        pairs = zip(self.states.values(), self.equations.next_states, strict=True)
        results = [run.result(number, kind) for kind, number in pairs]
        return [*results, run.result(self.equations.output, stored_type(self.output))]


class _Run:
    """The operations written so far; one that nothing reads is never written."""

    def __init__(self, step: NeuronStep, writer: Writer, leaves: Leaves, like: Value) -> None:
        self.equations, self.bounds = step.equations, step.bounds
        self.writer, self.leaves, self.like = writer, leaves, like
        self.written: dict[int, Value] = {}
        self.full: list[bool] = []
        for operation_, bound in zip(self.equations.operations, self.bounds, strict=True):
            reads = bound.low != bound.high and any(self.full[arg] for arg in operation_.args)
            self.full.append(operation_.op in (Op.STATE, Op.INPUT) or reads)

    def result(self, number: int, kind: Type) -> Value:
        """Return an operation's value in this type and in the shape of the layer."""
        value = self.writer.cast(self.value(number), kind)
        if not self._is_full(number):
            shape = self.writer.node("Shape", [self.like], Type.INT64)
            value = self.writer.node("Expand", [value, shape], kind, value.interval)
        return value

    def value(self, number: int) -> Value:
        """Return an operation's value."""
        if number not in self.written:
            self.written[number] = self._write(number)
        return self.written[number]

    def _write(self, number: int) -> Value:
        operation_, bound = self.equations.operations[number], self.bounds[number]
        op, args = operation_.op, operation_.args
        key = (op, str(operation_.attribute))
        if key in self.leaves:
            return self.leaves[key]
        if bound.low == bound.high and op not in (Op.STATE, Op.INPUT, Op.PARAMETER):
            return self.writer.constant(bound.low, arithmetic_type(bound))
        if op == Op.DETACH:
            return self.value(args[0])
        if op == Op.SELECT:
            return self._select(number)
        shorter = self._compared(number) or self._shifted(number)
        if shorter is not None:
            return shorter
        values = [self.value(arg) for arg in args]
        return operation(self.writer, op, values, operation_.attribute, bound)

    def _select(self, number: int) -> Value:
        condition, *branches = self.equations.operations[number].args
        bound = self.bounds[condition]
        if bound.high <= 0 or bound.low >= 1:
            return self.value(branches[0] if bound.low >= 1 else branches[1])
        decided = self.value(condition)
        if decided.type != Type.BOOL:
            zero = self.writer.constant(0, decided.type)
            decided = self.writer.node("Greater", [decided, zero], Type.BOOL)
        values = [decided, *(self.value(branch) for branch in branches)]
        return operation(self.writer, Op.SELECT, values, None, self.bounds[number])

    def _compared(self, number: int) -> Value | None:
        """Return a spike on a difference as a comparison of its two sides."""
        spike = self.equations.operations[number]
        if spike.op != Op.SPIKE:
            return None
        distance = self.equations.operations[spike.args[0]]
        if distance.op != Op.SUBTRACT:
            return None
        op = Op.GREATER if spike.attribute else Op.GREATER_EQUAL
        sides = [self.value(arg) for arg in distance.args]
        return operation(self.writer, op, sides, None, self.bounds[number])

    def _shifted(self, number: int) -> Value | None:
        """Return a product that is shifted back, if there is a shorter or narrower way to it."""
        shift = self.equations.operations[number]
        product = self._product(shift)
        if product is None:
            return None
        factor, other, bits = product
        op = Op.SHIFT_FLOOR if shift.op == Op.SHIFT_FLOOR else Op.SHIFT_TO_ZERO
        bound, power = self.bounds[number], factor.interval
        by = bits - (power.low.bit_length() - 1)
        single = power.low == power.high and power.low > 0 and power.low.bit_count() == 1
        if single and by >= 0:
            # With a power of two it is a shorter shift.
            return operation(self.writer, op, [other], by, bound) if by else other
        if (factor.interval * other.interval).within(WORD):
            return None
        return shifted_product(self.writer, op, factor, other, bits, bound)

    def _product(self, shift: Operation) -> tuple[Value, Value, int] | None:
        """Return the smaller factor, the larger one, and the bits of their product's shift."""
        if shift.op == Op.SCALE_TO_ZERO and isinstance(shift.attribute, tuple):
            (constant, bits), number = shift.attribute, shift.args[0]
            factor = self.writer.constant(constant, arithmetic_type(Interval(constant, constant)))
            return factor, self.value(number), bits
        if shift.op not in (Op.SHIFT_TO_ZERO, Op.SHIFT_FLOOR):
            return None
        product = self.equations.operations[shift.args[0]]
        if product.op != Op.MULTIPLY or not isinstance(shift.attribute, int):
            return None
        pair = sorted(product.args, key=lambda arg: self.bounds[arg].largest())
        return self.value(pair[0]), self.value(pair[1]), shift.attribute

    def _is_full(self, number: int) -> bool:
        """Return whether a value has the layer's shape because it reads a state or an input."""
        return self.full[number]
