"""The unit of each value in equations: that of the inputs, or a plain number.

Sums, comparisons and choices meet only what counts alike; products add powers of the unit up.
What must hold is a system of linear equations, one unknown a state, a parameter and a constant.
"""

from __future__ import annotations

from fractions import Fraction

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import Op, Operation

_ALIKE = {
    Op.ADD,
    Op.SUBTRACT,
    Op.MINIMUM,
    Op.MAXIMUM,
    Op.GREATER,
    Op.GREATER_EQUAL,
    Op.SELECT,
}
_NUMBERS = {Op.SPIKE, Op.GREATER, Op.GREATER_EQUAL, Op.EXP, Op.LOG}
# A power of the input's unit: the sum of unknown ones, and a known one under the empty name.
_Power = dict[str, Fraction]


def units(equations: Equations, *, inverse: bool = False) -> dict[str, int]:
    """Return 1 for each state and parameter in the unit of the inputs, and 0 for plain numbers.

    The key of a constant is `constant(operation, operand)` for each operand that reads it.

    With `inverse` a parameter or a constant may also count per unit of the inputs, which is -1,
    and a state whose unit nothing decides counts like the inputs.

    Raises:
        ValueError: if it is neither, or what counts unlike is added or compared; names it.
    """
    powers = _Solver(equations).solved(undecided=1 if inverse else 0)
    for name, power in powers.items():
        allowed = (0, 1) if name in equations.states or not inverse else (-1, 0, 1)
        if power not in allowed:
            raise ValueError(
                f"{equations.name}.{name}: counts in the unit of the inputs to the power of "
                f"{power}, for which no chip has a scale (write it as products of parameters)"
            )
    return {name: int(power) for name, power in powers.items()}


def constant(operation: int, operand: int) -> str:
    """Return the name that `units` gives to a constant which an operation reads."""
    return f"constant {operation}.{operand}"


class _Solver:
    def __init__(self, equations: Equations) -> None:
        self.equations = equations
        # By name: the power in terms of others. A name that is missing is still free.
        self.solution: dict[str, _Power] = {}
        # None is zero, which counts in whatever it meets.
        self.powers: list[_Power | None] = []
        self.names = [*equations.states, *equations.parameters]

    def solved(self, undecided: int = 0) -> dict[str, Fraction]:
        """Return the power of every name; undecided states have that one, and others none."""
        for number, operation in enumerate(self.equations.operations):
            self.powers.append(self._power(number, operation))
        pairs = zip(self.equations.states, self.equations.next_states, strict=True)
        for state, number in pairs:
            self._same({state: Fraction(1)}, self.powers[number], f"the next {state}")
        self._same({}, self.powers[self.equations.output], "the output")
        for state in self.equations.states if undecided else ():
            if any(self._now({state: Fraction(1)})):
                self._same({state: Fraction(1)}, {"": Fraction(undecided)}, f"the state {state}")
        return {
            name: self._now({name: Fraction(1)}).get("", Fraction(0))
            for name in dict.fromkeys(self.names)
        }

    def _power(self, number: int, operation: Operation) -> _Power | None:
        op = operation.op
        if op in (Op.STATE, Op.PARAMETER):
            return {str(operation.attribute): Fraction(1)}
        if op == Op.INPUT:
            return {"": Fraction(1)}
        if op == Op.CONSTANT:
            return {} if operation.attribute else None
        read = [self._read(number, operand) for operand in range(len(operation.args))]
        if op in (Op.EXP, Op.LOG):
            self._same({}, read[0], f"what {op.value} is taken of")
        if op in _ALIKE:
            self._same(read[-2], read[-1], f"one side of '{op.value}'")
        if op in _NUMBERS:
            return {}
        if op in _ALIKE:
            return read[-1] if read[-2] is None else read[-2]
        if op in (Op.MULTIPLY, Op.DIVIDE):
            first, second = read
            if first is None or second is None:
                return None
            return _sum(first, second, 1 if op == Op.MULTIPLY else -1)
        # Negated, detached or made positive, it counts as before.
        return read[0]

    def _read(self, number: int, operand: int) -> _Power | None:
        """Return the power of an operand; a constant takes whatever power its position needs."""
        arg = self.equations.operations[number].args[operand]
        source = self.equations.operations[arg]
        if source.op != Op.CONSTANT or not source.attribute:
            return self.powers[arg]
        self.names.append(constant(number, operand))
        return {constant(number, operand): Fraction(1)}

    def _same(self, first: _Power | None, second: _Power | None, where: str) -> None:
        """Assign one of the unknown powers, so that both are the same."""
        if first is None or second is None:
            return
        rest = self._now(_sum(first, second, -1))
        unknown = next((name for name in rest if name), None)
        if unknown is None:
            if rest.get(""):
                raise ValueError(
                    f"{self.equations.name}: {where} counts in the unit of the inputs, and what it "
                    "meets does not (multiply by a parameter, which then has the unit)"
                )
            return
        factor = rest.pop(unknown)
        self.solution[unknown] = {name: -value / factor for name, value in rest.items()}

    def _now(self, power: _Power) -> _Power:
        """Return the power with all known powers substituted."""
        while name := next((name for name in power if name in self.solution), None):
            share = power[name]
            rest = {key: value for key, value in power.items() if key != name}
            power = _sum(rest, self.solution[name], share)
        return power


def _sum(first: _Power, second: _Power, share: Fraction | int) -> _Power:
    total = {
        name: first.get(name, Fraction(0)) + share * second.get(name, Fraction(0))
        for name in (first | second)
    }
    return {name: value for name, value in total.items() if value}
