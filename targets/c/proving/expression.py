"""Expressions of C as circuits, by C's own rules for their types.

A value of 8 or 16 bits is promoted to int, two values meet in the wider type, and what C leaves
undefined or to the compiler (an overflow, a shift of a negative number, a conversion that does not
fit) becomes a condition: wherever the expression is evaluated, it does not happen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from neurodeploy.errors import ArtifactError
from snncore.dynamics.bits.circuit import Circuit, Gate, Wire

_TOKEN = re.compile(r"\s*(INT64_C|int\d+_t|\w+|>>|<=|>=|==|!=|[-+*/&~?:()<>])")
_TYPE = re.compile(r"int(8|16|32|64)_t")
_INT, _LONG = 32, 64
# Deeper parentheses than any expression of ours has.
_DEEPEST = 64


@dataclass(frozen=True)
class Value:
    """A number and the width of its type."""

    wire: Wire
    bits: int


@dataclass
class Reader:
    """A reader of one expression after another, with the names that are defined so far."""

    circuit: Circuit
    names: Mapping[str, Value]
    conditions: list[tuple[str, Wire]] = field(default_factory=list)
    _tokens: list[str] = field(default_factory=list)
    _text: str = ""
    # What holds wherever the part of an expression is evaluated.
    _path: list[Wire] = field(default_factory=list)
    _depth: int = 0

    def value(self, text: str) -> Value:
        """Return an expression's value.

        Raises:
            ArtifactError: if it is not an expression that this reader understands.
        """
        self._text, position, tokens = text, 0, []
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise ArtifactError(f"{text!r:.80} is not an expression that proofs read")
            tokens.append(match[1])
            position = match.end()
        self._tokens = tokens[::-1]
        result = self._choice()
        if self._tokens:
            raise self._unread(self._tokens[-1])
        return result

    def converted(self, value: Value, bits: int) -> Value:
        """Return a value in another type, on the condition that this holds it."""
        if bits < value.bits:
            self._require(value.wire, bits, "fits")
        return Value(value.wire, bits)

    def _unread(self, token: str) -> ArtifactError:
        return ArtifactError(f"{token!r} in {self._text!r:.80} is not read by proofs")

    def _next(self) -> str:
        if not self._tokens:
            raise ArtifactError(f"{self._text!r:.80} ends early")
        return self._tokens.pop()

    def _peek(self) -> str:
        return self._tokens[-1] if self._tokens else ""

    def _expect(self, token: str) -> None:
        if (actual := self._next()) != token:
            raise self._unread(actual)

    def _require(self, wire: Wire, bits: int, word: str) -> None:
        """Add the condition that a type holds a number, wherever it is computed."""
        half = 1 << (bits - 1)
        self._state(self.circuit.within(wire, -half, half - 1), f"{word} int{bits}_t")

    def _state(self, condition: Wire, words: str) -> None:
        if condition.constant != 1:
            elsewhere = [self.circuit.negated(each) for each in self._path]
            reached = self.circuit.some([*elsewhere, condition])
            self.conditions.append((f"{self._text} {words}", reached))

    def _choice(self) -> Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ArtifactError(f"{self._text!r:.80} is nested too deeply")
        condition = self._compared()
        if self._peek() != "?":
            self._depth -= 1
            return condition
        self._next()
        truth = self._truth(condition)
        self._path.append(truth)
        chosen = self._choice()
        self._expect(":")
        self._path[-1] = self.circuit.negated(truth)
        other = self._choice()
        self._path.pop()
        self._depth -= 1
        wire = self.circuit.choose(truth, chosen.wire, other.wire)
        return Value(wire, max(chosen.bits, other.bits))

    def _truth(self, value: Value) -> Wire:
        """Return whether a value is not zero."""
        circuit = self.circuit
        one, zero = circuit.constant(1), circuit.constant(0)
        if value.wire.gate == Gate.CHOOSE and value.wire.args[1:] == (one, zero):
            return value.wire.args[0]
        return circuit.negated(circuit.equal(value.wire, zero))

    def _compared(self) -> Value:
        left = self._masked()
        circuit = self.circuit
        if self._peek() not in ("<", ">", "<=", ">=", "==", "!="):
            return left
        word = self._next()
        a, b = left.wire, self._masked().wire
        truth = {
            "<": lambda: circuit.less(a, b),
            ">": lambda: circuit.less(b, a),
            "<=": lambda: circuit.less_equal(a, b),
            ">=": lambda: circuit.less_equal(b, a),
            "==": lambda: circuit.equal(a, b),
            "!=": lambda: circuit.negated(circuit.equal(a, b)),
        }[word]()
        if self._peek() in ("<", ">", "<=", ">=", "==", "!=", "&"):
            raise self._unread(self._peek())
        return Value(circuit.number(truth), _INT)

    def _masked(self) -> Value:
        left = self._shifted()
        while self._peek() == "&":
            self._next()
            right = self._shifted()
            wire = self.circuit.bitwise(Gate.BITWISE_AND, left.wire, right.wire)
            left = Value(wire, max(left.bits, right.bits))
        return left

    def _shifted(self) -> Value:
        left = self._added()
        while self._peek() == ">>":
            self._next()
            by = self._added().wire.constant
            if by is None or not 0 <= by < left.bits:
                raise ArtifactError(f"{self._text!r:.80} shifts by other than a constant")
            zero = self.circuit.constant(0)
            self._state(self.circuit.less_equal(zero, left.wire), "shifts no negative number")
            left = Value(self.circuit.shift_floor(left.wire, by), left.bits)
        return left

    def _added(self) -> Value:
        left = self._multiplied()
        while self._peek() in ("+", "-"):
            adds = self._next() == "+"
            right = self._multiplied()
            gate = self.circuit.add if adds else self.circuit.subtract
            left = self._arithmetic(gate(left.wire, right.wire), max(left.bits, right.bits))
        return left

    def _multiplied(self) -> Value:
        left = self._unary()
        while self._peek() in ("*", "/"):
            multiplies = self._next() == "*"
            right = self._unary()
            bits = max(left.bits, right.bits)
            if multiplies:
                left = self._arithmetic(self.circuit.multiply(left.wire, right.wire), bits)
                continue
            by = right.wire.constant
            if by is None or by < 1:
                raise ArtifactError(f"{self._text!r:.80} divides by other than a constant above 0")
            left = Value(self.circuit.divide(left.wire, by), bits)
        return left

    def _arithmetic(self, wire: Wire, bits: int) -> Value:
        self._require(wire, bits, "stays within")
        return Value(wire, bits)

    def _unary(self) -> Value:
        token = self._next()
        circuit = self.circuit
        if token == "-":
            value = self._unary()
            return self._arithmetic(circuit.negate(value.wire), value.bits)
        if token == "~":
            value = self._unary()
            return Value(circuit.subtract(circuit.constant(-1), value.wire), value.bits)
        if token == "INT64_C":
            self._expect("(")
            number = self._constant(self._next())
            self._expect(")")
            return Value(number.wire, _LONG)
        if token == "(":
            kind = _TYPE.fullmatch(self._peek())
            if kind is None:
                value = self._choice()
                self._expect(")")
                return value
            self._next()
            self._expect(")")
            value = self.converted(self._unary(), int(kind[1]))
            return Value(value.wire, max(value.bits, _INT))
        if token in self.names:
            value = self.names[token]
            return Value(value.wire, max(value.bits, _INT))
        return self._constant(token)

    def _constant(self, token: str) -> Value:
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", token):
            raise self._unread(token)
        value = int(token)
        bits = _INT if value < 1 << (_INT - 1) else _LONG
        if value >= 1 << (_LONG - 1):
            raise self._unread(token)
        return Value(self.circuit.constant(value), bits)
