"""Nodes on floats as circuits of whole numbers: a number is a wire times a power of two.

Floats of a width are exact while a number has no more bits than their significand. Each value's
condition says so, and then no step of a runtime rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.container.onnx import Element
from neurodeploy.errors import ArtifactError
from snncore.dynamics.bits.circuit import Circuit, Gate, Wire
from targets.lynxi.reduced.certificate import HALF_LIMIT, SINGLE_LIMIT

LIMITS = {Element.FLOAT16: HALF_LIMIT, Element.FLOAT: SINGLE_LIMIT}


@dataclass(frozen=True)
class Number:
    """One float: `wire / 2**fraction`; a condition is a truth value."""

    wire: Wire
    type: Element
    fraction: int = 0


def fraction_of(values: NDArray[Any]) -> int:
    """Return the bits of fraction that floats have."""
    return max(
        (Fraction(float(v)).denominator.bit_length() - 1 for v in np.unique(values)), default=0
    )


@dataclass
class Walk:
    """A walk over nodes from results back to leaves."""

    circuit: Circuit
    nodes: Mapping[str, Any]
    leaves: Mapping[str, Number]
    # Single numbers in the file.
    tensors: Mapping[str, tuple[NDArray[Any], Element]]
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
            self.values[name] = self._computed(name)
        return self.values[name]

    def whole(self, name: str) -> Wire:
        """Return a result as a whole number."""
        number = self.value(name)
        return self.divided(name, number, number.fraction).wire

    def _computed(self, name: str) -> Number:
        if name in self.tensors:
            values, kind = self.tensors[name]
            fraction = fraction_of(values)
            value = int(Fraction(float(values.reshape(()))) * (1 << fraction))
            return Number(self.circuit.constant(value), kind, fraction)
        if name not in self.nodes:
            raise ArtifactError(f"a step reads {name}, which is not of its layer")
        node = self.nodes[name]
        rule = RULES.get(node.op_type)
        if rule is None:
            raise ArtifactError(f"its node {node.name} is a {node.op_type}, which has no proof")
        return rule(self, node, [self.value(each) for each in node.input])

    def exact(self, name: str, number: Number) -> Number:
        """Return a number, on the condition that its type holds it without rounding."""
        limit = LIMITS[number.type]
        fits = self.circuit.within(number.wire, -limit, limit)
        if fits.constant != 1:
            words = f"{name} is within 2^{limit.bit_length() - 1}"
            self.conditions.append((words, fits))
        return number

    def divided(self, name: str, number: Number, bits: int) -> Number:
        """Return a number with fewer bits of fraction, on the condition that these are zero."""
        if not bits:
            return number
        circuit = self.circuit
        whole = circuit.shift_floor(number.wire, bits)
        again = circuit.equal(circuit.shift_left(whole, bits), number.wire)
        if again.constant != 1:
            self.conditions.append((f"{name} is whole", again))
        return Number(whole, number.type, number.fraction - bits)


Rule = Callable[[Walk, Any, Sequence[Number]], Number]


def _aligned(walk: Walk, node: Any, numbers: Sequence[Number]) -> tuple[list[Wire], Element, int]:
    """Return numbers of one type as wires of one fraction.

    Raises:
        ArtifactError: if their types differ.
    """
    kinds = {each.type for each in numbers}
    if len(kinds) != 1 or not kinds <= set(LIMITS):
        raise ArtifactError(f"its node {node.name} mixes {', '.join(k.name for k in kinds)}")
    fraction = max(each.fraction for each in numbers)
    shifted = [walk.circuit.shift_left(n.wire, fraction - n.fraction) for n in numbers]
    return shifted, kinds.pop(), fraction


def _adding(gate: Gate) -> Rule:
    def rule(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
        (a, b), kind, fraction = _aligned(walk, node, numbers)
        circuit = walk.circuit
        wire = circuit.add(a, b) if gate == Gate.ADD else circuit.subtract(a, b)
        return walk.exact(node.name, Number(wire, kind, fraction))

    return rule


def _multiply(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
    a, b = numbers
    _, kind, _ = _aligned(walk, node, numbers)
    wire = walk.circuit.multiply(a.wire, b.wire)
    product = Number(wire, kind, a.fraction + b.fraction)
    shares = [each.fraction for each in numbers if each.wire.constant is not None]
    # A shift to the right takes a remainder off before, so its result is whole.
    return walk.exact(node.name, walk.divided(node.name, product, sum(shares)))


def _at_least(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
    (a, b), _, _ = _aligned(walk, node, numbers)
    return Number(walk.circuit.less_equal(b, a), Element.BOOL)


def _greater(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
    (a, b), _, _ = _aligned(walk, node, numbers)
    return Number(walk.circuit.less(b, a), Element.BOOL)


def _cast(walk: Walk, node: Any, numbers: Sequence[Number]) -> Number:
    (number,) = numbers
    kind = Element(next(each.i for each in node.attribute if each.name == "to"))
    if kind not in LIMITS:
        raise ArtifactError(f"its node {node.name} makes {kind.name}, which has no proof")
    wire = number.wire if number.wire.bits else walk.circuit.number(number.wire)
    return walk.exact(node.name, Number(wire, kind, number.fraction))


RULES: Mapping[str, Rule] = {
    "Add": _adding(Gate.ADD),
    "Cast": _cast,
    "Greater": _greater,
    "GreaterOrEqual": _at_least,
    "Identity": lambda walk, node, numbers: numbers[0],
    "Mul": _multiply,
    "Sub": _adding(Gate.SUBTRACT),
}
