"""Expressions of Verilog as circuits, by its own rules for widths and signs.

1. All operands are signed, so they are extended with their sign to the widest of them and of the
   wire that takes the result, and everything is computed in that width.
2. A comparison has a width of its own, and is read only as a condition.
3. A wire cuts what does not fit. That it never does is a condition, except where the cut is what
   the wire is for: its name then ends in `_low`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from neurodeploy.errors import ArtifactError
from snncore.dynamics.bits.circuit import Circuit, Wire

_TOKEN = re.compile(r"\s*(\d+'sd\d+|\w+|<<<|>>>|<=|>=|[-+*?:()<>])")
_LITERAL = re.compile(r"([1-9]\d{0,3})'sd(\d{1,40})")
_COMPARISONS = ("<", ">", "<=", ">=")
# Deeper parentheses than any expression of ours has.
_DEEPEST = 64


@dataclass(frozen=True)
class Port:
    """A signed wire and its width."""

    wire: Wire
    bits: int


@dataclass(frozen=True)
class _Part:
    """A part of an expression: its width by itself, and its value in the width around it."""

    bits: int
    value: Callable[[int], Wire]


@dataclass
class Reader:
    """A reader of one expression after another, with the wires that are defined so far."""

    circuit: Circuit
    names: Mapping[str, Port]
    conditions: list[tuple[str, Wire]] = field(default_factory=list)
    _tokens: list[str] = field(default_factory=list)
    _text: str = ""
    # What holds wherever the part of an expression is evaluated.
    _path: list[Wire] = field(default_factory=list)
    _depth: int = 0

    def assigned(self, name: str, bits: int, text: str) -> Port:
        """Return the wire of this width that takes an expression.

        Raises:
            ArtifactError: if it is not an expression that this reader understands.
        """
        self._text, self._tokens = text, _tokens(text)
        part = self._choice()
        if self._tokens:
            raise self._unread(self._tokens[-1])
        value = part.value(max(bits, part.bits))
        if name.endswith("_low"):
            return Port(self.circuit.low(value, bits), bits)
        return self.connected(name, bits, value)

    def connected(self, name: str, bits: int, value: Wire) -> Port:
        """Return a wire of this width that takes a value, on the condition that it holds it."""
        self._require(value, bits, f"{name} holds its value")
        return Port(value, bits)

    def _require(self, value: Wire, bits: int, words: str) -> None:
        half = 1 << (bits - 1)
        condition = self.circuit.within(value, -half, half - 1)
        if condition.constant != 1:
            elsewhere = [self.circuit.negated(each) for each in self._path]
            self.conditions.append((words, self.circuit.some([*elsewhere, condition])))

    def _unread(self, token: str) -> ArtifactError:
        return ArtifactError(f"{token!r} in {self._text!r:.80} is not read by proofs")

    def _next(self) -> str:
        if not self._tokens:
            raise ArtifactError(f"{self._text!r:.80} ends early")
        return self._tokens.pop()

    def _peek(self) -> str:
        return self._tokens[-1] if self._tokens else ""

    def _choice(self) -> _Part:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ArtifactError(f"{self._text!r:.80} is nested too deeply")
        part = self._shifted()
        self._depth -= 1
        return part

    def _chosen(self) -> _Part | None:
        """Return a choice, if one begins here: a comparison in parentheses, and two values."""
        start = list(self._tokens)
        if self._peek() != "(":
            return None
        self._next()
        left = self._shifted()
        word = self._peek()
        if word not in _COMPARISONS:
            self._tokens = start
            return None
        self._next()
        right = self._shifted()
        for token in (")", "?"):
            if (actual := self._next()) != token:
                raise self._unread(actual)
        chosen = self._choice()
        if (actual := self._next()) != ":":
            raise self._unread(actual)
        other = self._choice()
        return self._either(self._compared(word, left, right), chosen, other)

    def _compared(self, word: str, left: _Part, right: _Part) -> Wire:
        bits, circuit = max(left.bits, right.bits), self.circuit
        a, b = left.value(bits), right.value(bits)
        if word == ">" and b.constant == 0:
            return circuit.is_positive(a)
        if word in (">", ">="):
            a, b = b, a
        return circuit.less(a, b) if word in ("<", ">") else circuit.less_equal(a, b)

    def _either(self, truth: Wire, chosen: _Part, other: _Part) -> _Part:
        def value(bits: int) -> Wire:
            self._path.append(truth)
            one = chosen.value(bits)
            self._path[-1] = self.circuit.negated(truth)
            two = other.value(bits)
            self._path.pop()
            return self.circuit.choose(truth, one, two)

        return _Part(max(chosen.bits, other.bits), value)

    def _shifted(self) -> _Part:
        left = self._added()
        while (word := self._peek()) in ("<<<", ">>>"):
            self._next()
            token = self._next()
            if not re.fullmatch(r"\d{1,3}", token):
                raise self._unread(token)
            left = self._shift(left, word, int(token))
        return left

    def _shift(self, left: _Part, word: str, by: int) -> _Part:
        def value(bits: int) -> Wire:
            operand = left.value(bits)
            if word == ">>>":
                return self.circuit.shift_floor(operand, by)
            return self._fitting(self.circuit.shift_left(operand, by), bits)

        return _Part(left.bits, value)

    def _fitting(self, wire: Wire, bits: int) -> Wire:
        self._require(wire, bits, f"{self._text} stays within {bits} bits")
        return wire

    def _added(self) -> _Part:
        left = self._multiplied()
        while (word := self._peek()) in ("+", "-"):
            self._next()
            gate = self.circuit.add if word == "+" else self.circuit.subtract
            left = self._both(gate, left, self._multiplied())
        return left

    def _multiplied(self) -> _Part:
        left = self._unary()
        while self._peek() == "*":
            self._next()
            left = self._both(self.circuit.multiply, left, self._unary())
        return left

    def _both(self, gate: Callable[[Wire, Wire], Wire], left: _Part, right: _Part) -> _Part:
        def value(bits: int) -> Wire:
            return self._fitting(gate(left.value(bits), right.value(bits)), bits)

        return _Part(max(left.bits, right.bits), value)

    def _unary(self) -> _Part:
        if (choice := self._chosen()) is not None:
            return choice
        token = self._next()
        if token == "-":
            inner = self._unary()
            return _Part(
                inner.bits, lambda bits: self._fitting(self.circuit.negate(inner.value(bits)), bits)
            )
        if token == "(":
            part = self._choice()
            if (actual := self._next()) != ")":
                raise self._unread(actual)
            return part
        if (literal := _LITERAL.fullmatch(token)) is not None:
            return self._literal(token, int(literal[1]), int(literal[2]))
        if token not in self.names:
            raise self._unread(token)
        port = self.names[token]
        return _Part(port.bits, lambda bits: port.wire)

    def _literal(self, token: str, bits: int, number: int) -> _Part:
        if number >= 1 << (bits - 1):
            raise self._unread(token)
        wire = self.circuit.constant(number)
        return _Part(bits, lambda _: wire)


def _tokens(text: str) -> list[str]:
    """Return the words of an expression, the first last."""
    position, tokens = 0, []
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise ArtifactError(f"{text!r:.80} is not an expression that proofs read")
        tokens.append(match[1])
        position = match.end()
    return tokens[::-1]
