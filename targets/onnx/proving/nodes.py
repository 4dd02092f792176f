"""Nodes of a file as circuits: a table from each node's type to its gates.

Values are whole numbers that never overflow. What a runtime computes equals them as long as every
value fits the type of its tensor, which the conditions of a walk state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neurodeploy.errors import ArtifactError
from snncore.dynamics.bits.circuit import Circuit, Gate, Wire
from targets.onnx.limits import numbers_of
from targets.onnx.writing.types import Type

# The values of each type of integers.
LIMITS: Mapping[Type, tuple[int, int]] = {
    Type.UINT8: (0, 255),
    Type.INT8: (-(1 << 7), (1 << 7) - 1),
    Type.INT32: (-(1 << 31), (1 << 31) - 1),
    Type.INT64: (-(1 << 63), (1 << 63) - 1),
    Type.BOOL: (0, 1),
}


@dataclass(frozen=True)
class Number:
    """One element of a tensor; a condition is a truth value."""

    wire: Wire
    type: Type


@dataclass
class Walk:
    """A walk over nodes from results back to leaves."""

    circuit: Circuit
    # The node that computes each value.
    nodes: Mapping[str, Any]
    leaves: Mapping[str, Number]
    values: dict[str, Number] = field(default_factory=dict)
    conditions: list[tuple[str, Wire]] = field(default_factory=list)

    def value(self, name: str) -> Number:
        """Return the number of a value.

        Raises:
            ArtifactError: if something is read that no node computes, or a node has no form here.
        """
        if name in self.leaves:
            return self.leaves[name]
        if name not in self.values:
            if name not in self.nodes:
                raise ArtifactError(f"a step reads {name}, which is not of its layer")
            self.values[name] = self._computed(self.nodes[name])
        return self.values[name]

    def _computed(self, node: Any) -> Number:
        if node.op_type == "Constant":
            return self._constant(node)
        rule = RULES.get(node.op_type)
        if rule is None:
            raise ArtifactError(f"its node {node.name} is a {node.op_type}, which has no proof")
        read = node.input[: READ.get(node.op_type, len(node.input))]
        return rule(self, node, [self.value(name) for name in read])

    def _constant(self, node: Any) -> Number:
        tensor = node.attribute[0].t
        numbers = numbers_of(tensor)
        if numbers.size != 1:
            raise ArtifactError(f"its node {node.name} has {numbers.size} numbers, not one")
        value = int(numbers.reshape(()))
        return Number(self.circuit.constant(value), Type(tensor.data_type))

    def fitting(self, node: Any, wire: Wire, kind: Type) -> Number:
        """Return a number, on the condition that its type holds it."""
        low, high = LIMITS[kind]
        fits = self.circuit.within(wire, low, high)
        if fits.constant != 1:
            self.conditions.append((f"{node.name} fits {kind.name.lower()}", fits))
        return Number(wire, kind)


Rule = Callable[[Walk, Any, Sequence[Number]], Number]
Gates = Callable[[Circuit, Sequence[Wire]], Wire]


def _alike(node: Any, numbers: Sequence[Number]) -> Type:
    """Return the type that a node's numbers have.

    Raises:
        ArtifactError: if there are several.
    """
    kinds = {each.type for each in numbers}
    if len(kinds) > 1:
        raise ArtifactError(f"its node {node.name} mixes {', '.join(k.name for k in kinds)}")
    return kinds.pop()


def _computing(gates: Gates) -> Rule:
    """Return the rule of a node that computes a number of its inputs' type."""

    def rule(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
        kind = _alike(node, numbers)
        wire = gates(walk.circuit, [each.wire for each in numbers])
        return walk.fitting(node, wire, kind)

    return rule


def _comparing(gates: Gates) -> Rule:
    """Return the rule of a node that compares."""

    def rule(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
        _alike(node, numbers)
        return Number(gates(walk.circuit, [each.wire for each in numbers]), Type.BOOL)

    return rule


def _where(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
    condition, chosen, other = numbers
    kind = _alike(node, numbers[1:])
    if condition.type != Type.BOOL:
        raise ArtifactError(f"its node {node.name} chooses by numbers")
    return Number(walk.circuit.choose(condition.wire, chosen.wire, other.wire), kind)


def _cast(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
    (number,) = numbers
    kind = Type(next(each.i for each in node.attribute if each.name == "to"))
    circuit = walk.circuit
    if kind == Type.BOOL:
        zero = circuit.equal(number.wire, circuit.constant(0)) if number.wire.bits else None
        return Number(number.wire if zero is None else circuit.negated(zero), kind)
    if kind not in LIMITS:
        raise ArtifactError(f"its node {node.name} makes floats, which have no proof")
    wire = number.wire if number.wire.bits else circuit.number(number.wire)
    return walk.fitting(node, wire, kind)


def _divide(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
    dividend, divisor = numbers
    by = divisor.wire.constant
    if by is None or by < 1:
        raise ArtifactError(f"its node {node.name} does not divide by a constant above zero")
    kind = _alike(node, numbers)
    return walk.fitting(node, walk.circuit.divide(dividend.wire, by), kind)


def _passed(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
    return numbers[0]


def _clip(circuit: Circuit, wires: Sequence[Wire]) -> Wire:
    a, low, high = wires
    return _smaller(circuit, [_larger(circuit, [a, low]), high])


def _smaller(circuit: Circuit, wires: Sequence[Wire]) -> Wire:
    a, b = wires
    return circuit.choose(circuit.less(a, b), a, b)


def _larger(circuit: Circuit, wires: Sequence[Wire]) -> Wire:
    a, b = wires
    return circuit.choose(circuit.less(b, a), a, b)


def _absolute(circuit: Circuit, wires: Sequence[Wire]) -> Wire:
    (a,) = wires
    return circuit.choose(circuit.less(a, circuit.constant(0)), circuit.negate(a), a)


RULES: Mapping[str, Rule] = {
    "Abs": _computing(_absolute),
    "Add": _computing(lambda circuit, wires: circuit.add(*wires)),
    "BitwiseAnd": _computing(lambda circuit, wires: circuit.bitwise(Gate.BITWISE_AND, *wires)),
    "Cast": _cast,
    "Clip": _computing(_clip),
    "Div": _divide,
    # The shape that a single number is repeated in does not change it.
    "Expand": _passed,
    "Greater": _comparing(lambda circuit, wires: circuit.less(wires[1], wires[0])),
    "GreaterOrEqual": _comparing(lambda circuit, wires: circuit.less_equal(wires[1], wires[0])),
    "Identity": _passed,
    "Less": _comparing(lambda circuit, wires: circuit.less(*wires)),
    "LessOrEqual": _comparing(lambda circuit, wires: circuit.less_equal(*wires)),
    "Max": _computing(_larger),
    "Min": _computing(_smaller),
    "Mul": _computing(lambda circuit, wires: circuit.multiply(*wires)),
    "Neg": _computing(lambda circuit, wires: circuit.negate(*wires)),
    "Sub": _computing(lambda circuit, wires: circuit.subtract(*wires)),
    "Where": _where,
}
# Of these nodes only the first inputs are numbers.
READ: Mapping[str, int] = {"Expand": 1}
