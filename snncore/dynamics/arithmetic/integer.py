"""Equations rewritten to the integers of a number system.

Rules, in this order:
1. Every value has a number of fraction bits: parameters, inputs and states by the number system;
   a constant takes that of what it meets.
2. Sums, comparisons and choices align by left shifts, which lose nothing.
3. A product with more fraction than the states have is rounded back to theirs at once.
4. What a state may become is stored in its format as soon as it is computed (carrier, then the
   state's overflow), and whoever reads it later reads the stored value. A choice between two next
   values stores each of them, so that a reset compares and keeps what the register holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from snncore.dynamics.arithmetic.number_system import Format, NumberSystem, Overflow, Rounding
from snncore.dynamics.check import MOST_BITS
from snncore.dynamics.equations import Equations, prune
from snncore.dynamics.expression import Attribute, Op, Operation, Recorder

_ALIGNED = {Op.ADD, Op.SUBTRACT, Op.MINIMUM, Op.MAXIMUM, Op.GREATER, Op.GREATER_EQUAL}
_COMPARISONS = {Op.GREATER, Op.GREATER_EQUAL}
_CONDITIONS = _COMPARISONS | {Op.SPIKE}


def to_integers(
    equations: Equations, system: NumberSystem, *, keep_detached: bool = False
) -> Equations:
    """Return the step as integers: states, inputs and parameters become the chip's numbers.

    Detaching means nothing to a chip, so it is left out unless training asks to keep it.

    Raises:
        ValueError: if an operation has no integer form, or a constant is not exact; names both.
    """
    return _rewritten(equations, system, keep_detached)


@lru_cache(maxsize=1024)
def _rewritten(equations: Equations, system: NumberSystem, keep_detached: bool) -> Equations:
    """Return the step as integers; a network's layers have few different equations."""
    return _Rewriter(equations, system, keep_detached).run()


@lru_cache
def distance_fraction(equations: Equations, system: NumberSystem) -> int:
    """Return the fraction bits of the distance from the threshold where spikes are decided."""
    rewriter = _Rewriter(equations, system, keep_detached=False)
    rewriter.run()
    operations = equations.operations
    distances = [operation.args[0] for operation in operations if operation.op == Op.SPIKE]
    return rewriter.fraction[distances[0]] or 0 if distances else 0


@dataclass
class _Rewriter:
    equations: Equations
    system: NumberSystem
    keep_detached: bool
    recorder: Recorder = field(default_factory=Recorder)
    # By number of the old operation: the new one, and its fraction (None: a bare constant).
    new: list[int] = field(default_factory=list)
    fraction: list[int | None] = field(default_factory=list)

    def run(self) -> Equations:
        """Return the rewritten equations."""
        stores = self._stores()
        for number, operation in enumerate(self.equations.operations):
            new, fraction = self._rewrite(operation)
            if number in stores:
                form = stores[number]
                new = self._store(self._shifted(new, fraction, form.fraction), form)
                fraction = form.fraction
            self.new.append(new)
            self.fraction.append(fraction)
        results = [
            self._aligned(number, self.system.state(state).fraction)
            for state, number in zip(self.equations.states, self.equations.next_states, strict=True)
        ]
        old = self.equations
        output = self._aligned(old.output, self.system.output_fraction)
        return prune(
            Equations(
                f"{old.name}.{self.system.name}",
                old.states,
                old.inputs,
                old.parameters,
                tuple(self.recorder.operations),
                tuple(results),
                output,
            )
        )

    def _stores(self) -> dict[int, Format]:
        """Map each operation that may become a state's next value to the state's format."""
        stores: dict[int, Format] = {}
        pairs = zip(self.equations.states, self.equations.next_states, strict=True)
        pending = [(number, self.system.state(state)) for state, number in pairs]
        # A choice may be read by many others: each is looked at once for each format.
        seen: set[tuple[int, Format]] = set()
        while pending:
            number, form = pending.pop()
            if (number, form) in seen:
                continue
            seen.add((number, form))
            operation = self.equations.operations[number]
            if operation.op == Op.SELECT:
                pending += [(arg, form) for arg in operation.args[1:]]
            elif operation.op == Op.DETACH:
                pending.append((operation.args[0], form))
            elif operation.op in (Op.STATE, Op.CONSTANT):
                self._check_kept(operation, form)
            elif stores.setdefault(number, form) != form:
                raise ValueError(
                    f"{self.equations.name}: two states of unlike format are one value"
                )
        return stores

    def _check_kept(self, operation: Operation, form: Format) -> None:
        """Check that a state or constant that is passed on unchanged fits its new register."""
        if operation.op == Op.STATE:
            fits = self.system.state(str(operation.attribute)) == form
        else:
            constant: Any = operation.attribute
            scaled = constant * 2**form.fraction
            fits = form.limits[0] <= scaled <= form.limits[1]
        if not fits:
            raise ValueError(
                f"{self.equations.name}: a state becomes {operation.attribute}, which does not fit "
                f"its format in {self.system.name} (add 0 to it, which stores it)"
            )

    def _rewrite(self, operation: Operation) -> tuple[int, int | None]:
        op, args = operation.op, operation.args
        if op == Op.STATE:
            form = self.system.state(str(operation.attribute))
            return self._add(op, attribute=operation.attribute), form.fraction
        if op == Op.INPUT:
            return self._add(op, attribute=operation.attribute), self.system.input_fraction
        if op == Op.PARAMETER:
            fraction = self.system.parameter_fraction(str(operation.attribute))
            return self._add(op, attribute=operation.attribute), fraction
        if op == Op.CONSTANT:
            return self._add(op, attribute=operation.attribute), None
        if op in _ALIGNED:
            left, right, fraction = self._align_pair(args[0], args[1])
            return self._add(op, left, right), 0 if op in _COMPARISONS else fraction
        if op == Op.SELECT:
            chosen, other, fraction = self._align_pair(args[1], args[2])
            return self._add(op, self._holds(args[0]), chosen, other), fraction
        if op == Op.DETACH:
            if not self.keep_detached or self.fraction[args[0]] is None:
                return self.new[args[0]], self.fraction[args[0]]
            return self._add(op, self.new[args[0]]), self.fraction[args[0]]
        if op in (Op.NEGATE, Op.ABSOLUTE):
            fraction = self.fraction[args[0]] or 0
            return self._add(op, self._aligned(args[0], fraction)), fraction
        if op == Op.SPIKE:
            value = self._aligned(args[0], self.fraction[args[0]] or 0)
            return self._add(op, value, attribute=operation.attribute), 0
        if op == Op.MULTIPLY:
            return self._product(*args)
        raise ValueError(
            f"{self.equations.name}: {op.value} has no integer form in {self.system.name}"
        )

    def _holds(self, number: int) -> int:
        """Return a condition as 0 or 1: that of a comparison, else whether it is above zero."""
        new = self._aligned(number, self.fraction[number] or 0)
        operation = self.recorder.operations[new]
        if operation.op == Op.DETACH:
            operation = self.recorder.operations[operation.args[0]]
        if operation.op in _CONDITIONS:
            return new
        return self._add(Op.GREATER, new, self._add(Op.CONSTANT, attribute=0))

    def _product(self, left: int, right: int) -> tuple[int, int]:
        work = max(form.fraction for _, form in self.system.states)
        coefficient = max((bits for _, bits in self.system.parameters), default=0)
        if self.fraction[left] is None or self.fraction[right] is None:
            constant, other = (left, right) if self.fraction[left] is None else (right, left)
            first = self._aligned(constant, coefficient)
            second = self._aligned(other, self.fraction[other] or 0)
            fraction = coefficient + (self.fraction[other] or 0)
        else:
            first, second = self.new[left], self.new[right]
            fraction = (self.fraction[left] or 0) + (self.fraction[right] or 0)
        product = self._add(Op.MULTIPLY, first, second)
        return self._shifted(product, fraction, min(work, fraction)), min(work, fraction)

    def _align_pair(self, left: int, right: int) -> tuple[int, int, int]:
        fraction = max(self.fraction[left] or 0, self.fraction[right] or 0)
        return self._aligned(left, fraction), self._aligned(right, fraction), fraction

    def _aligned(self, number: int, fraction: int) -> int:
        if self.fraction[number] is not None:
            return self._shifted(self.new[number], self.fraction[number], fraction)
        constant = self.equations.operations[number].attribute
        value = float(constant) * 2**fraction if isinstance(constant, int | float) else 0.0
        # Of what is not finite there is no integer to compare with.
        if not abs(value) <= 1 << MOST_BITS or value != int(value):
            raise ValueError(
                f"{self.equations.name}: the constant {value / 2**fraction:g} is not exact with "
                f"{fraction} bits of fraction in {self.system.name}; make it a parameter"
            )
        return self._add(Op.CONSTANT, attribute=int(value))

    def _shifted(self, number: int, have: int | None, want: int) -> int:
        by = want - (have or 0)
        if by == 0:
            return number
        if by > 0:
            return self._add(Op.SHIFT_LEFT, number, attribute=by)
        to_zero = self.system.rounding == Rounding.TO_ZERO
        return self._add(Op.SHIFT_TO_ZERO if to_zero else Op.SHIFT_FLOOR, number, attribute=-by)

    def _store(self, number: int, form: Format) -> int:
        carried = self._add(Op.WRAP, number, attribute=self.system.carrier_bits)
        if form.overflow == Overflow.SATURATE:
            return self._add(Op.CLIP, carried, attribute=form.limits)
        op = Op.WRAP if form.overflow == Overflow.WRAP else Op.WRAP_ONCE
        return self._add(op, carried, attribute=form.bits)

    def _add(self, op: Op, *args: int, attribute: Attribute = None) -> int:
        return self.recorder.add(op, *args, attribute=attribute)
