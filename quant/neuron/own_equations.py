"""A user's equations as a chip's neuron: which values count as weighted sums do, and which not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from quant.grid.formats import ChipFormat, Grid
from quant.neuron.register import Register
from snncore.dynamics import Equations, Format, NumberSystem, Overflow
from snncore.dynamics.arithmetic.units import constant, units
from snncore.dynamics.expression import Op, Operation, Recorder
from snncore.dynamics.rewriting.rebuild import copied, rebuilt

BIAS = "bias"
# The bits of fraction that every format's numbers have at least.
LEAST_BITS = 7
# The largest size of a number, which has no unit.
_WHOLE = 1 << 8
_CARRIER_BITS = 62
_FIXED = (Op.PARAMETER, Op.CONSTANT)
# Squares of wider states, times a coefficient, would not be exact in float64.
_SQUARED_BITS = 17


@dataclass(frozen=True)
class OwnEquations:
    """Equations whose constants have become parameters if they need the unit of the inputs.

    With a `fraction`, states keep as many bits below their unit, and a number may be any.
    """

    equations: Equations
    constants: Mapping[str, float]
    # For every state and parameter: 1 if it counts in the unit of the inputs, 0 if it is a number,
    # -1 if it counts per unit.
    units: Mapping[str, int]
    fraction: int | None = None

    @property
    def biased(self) -> Equations:
        """Return the same equations with a bias added to the input."""

        def rule(recorder: Recorder, number: int, operation: Operation, args: list[int]) -> int:
            new = copied(recorder, operation, args)
            if operation.op != Op.INPUT:
                return new
            return recorder.add(Op.ADD, new, recorder.add(Op.PARAMETER, attribute=BIAS))

        return replace(rebuilt(self.equations, rule), parameters=(*self.equations.parameters, BIAS))

    def system(self, form: ChipFormat) -> NumberSystem:
        """Return the format's arithmetic for these states and parameters, and the bias."""
        voltage, bits = form.system.state("v"), form.decays.bits
        # A state that is a number needs a fraction; half of its bits remain for the whole part.
        number = replace(voltage, fraction=min(bits, voltage.bits // 2), overflow=Overflow.SATURATE)
        carrier = form.system.carrier_bits
        if self.fraction is not None:
            width = voltage.bits + self.fraction
            if self.squares:
                width = min(voltage.bits, _SQUARED_BITS)
            voltage = Format(width, self.fraction, Overflow.SATURATE, voltage.symmetric)
            bits, carrier = self.number_bits(form), _CARRIER_BITS
        fractions = {1: 0, 0: bits, -1: _per_unit_bits(form)}
        states = [(name, voltage if self.units[name] else number) for name in self.equations.states]
        parameters = [(name, fractions[self.units[name]]) for name in self.equations.parameters]
        return replace(
            form.system,
            states=tuple(states),
            parameters=(*parameters, (BIAS, 0)),
            carrier_bits=carrier,
        )

    def number_bits(self, form: ChipFormat) -> int:
        """Return the bits of fraction of a number beside states that keep a fraction."""
        return max(form.decays.bits, form.system.state("v").bits // 2)

    def thresholds(self, form: ChipFormat) -> Grid:
        """Return the integers that a threshold may be, which a state must be able to reach."""
        if self.fraction is None or 1 not in (self.units[name] for name in self.equations.states):
            return form.biases
        name = next(name for name in self.equations.states if self.units[name] == 1)
        most = self.system(form).state(name).limits[1] >> self.fraction
        return Grid(max(form.biases.minimum, -most), min(form.biases.maximum, most))

    def registers(self, form: ChipFormat) -> tuple[Register, ...]:
        """Return the registers of the parameters on a chip of this format."""
        return tuple(self._register(name, form) for name in self.equations.parameters)

    def _register(self, name: str, form: ChipFormat) -> Register:
        if self.units[name] == 1:
            return Register(name, self.thresholds(form), bounds_unit=True)
        if self.fraction is None:
            return Register(name, form.decays)
        bits = self.number_bits(form) if self.units[name] == 0 else _per_unit_bits(form)
        most = _WHOLE << bits
        return Register(name, Grid(-most, most), bits, per_unit=self.units[name] < 0)

    @property
    def squares(self) -> bool:
        """Whether two values that count in the unit of the inputs are multiplied."""
        operations = self.equations.operations
        return any(
            self.units.get(str(operations[k].attribute), 0) < 0
            and operations[product].op == Op.MULTIPLY
            and not any(operations[arg].op in _FIXED for arg in operations[product].args)
            for each in operations
            if each.op == Op.MULTIPLY
            for product, k in (each.args, each.args[::-1])
        )

    @property
    def numbers(self) -> tuple[str, ...]:
        """The states that do not count in the unit of the inputs."""
        return tuple(name for name in self.equations.states if not self.units[name])


def own_equations(equations: Equations, fraction: int | None = None) -> OwnEquations:
    """Return the equations as a chip's neuron computes them.

    With a fraction, constants that no integer is exactly become parameters too, and a coefficient
    that counts per unit multiplies last, when the product is large.

    Raises:
        ValueError: if they have several inputs, or combine values of different units; says which.
    """
    name, fine = equations.name, fraction is not None
    if len(equations.inputs) != 1:
        raise ValueError(
            f"{name}: has the inputs {', '.join(equations.inputs)}; a chip drives one (add them up "
            "before the neurons, or train in floats)"
        )
    if BIAS in (*equations.parameters, *equations.states, *equations.inputs):
        raise ValueError(f"{name}.{BIAS}: this name belongs to the weights' bias (rename it)")
    powers = units(equations, inverse=fine)
    kinds = {key: powers[key] for key in (*equations.states, *equations.parameters)}
    # By new parameter: the value of the constants that it replaces, and their power.
    constants: dict[str, tuple[float, int]] = {}

    def rule(recorder: Recorder, number: int, operation: Operation, args: list[int]) -> int:
        for position, arg in enumerate(operation.args):
            power, value = powers.get(constant(number, position), 0), equations.operations[arg]
            rounded = fine and value.op == Op.CONSTANT and not _is_exact(value.attribute)
            if power or rounded:
                label = _named(equations, constants, (_number(value.attribute), power))
                args[position] = recorder.add(Op.PARAMETER, attribute=label)
        return copied(recorder, operation, args)

    result = rebuilt(equations, rule)
    result = replace(result, parameters=(*equations.parameters, *constants))
    kinds |= {key: power for key, (_, power) in constants.items()}
    if fine:
        result = _coefficients_last(result, {key for key, power in kinds.items() if power < 0})
    values = {key: value for key, (value, _) in constants.items()}
    return OwnEquations(result, values, kinds, fraction)


def _coefficients_last(equations: Equations, per_unit: set[str]) -> Equations:
    """Return the equations with `(k * a) * b` as `(a * b) * k` for each k that counts per unit."""
    operations = equations.operations

    def coefficient(number: int) -> int | None:
        """Return which operand of a product is a coefficient, if one is."""
        product = operations[number]
        if product.op != Op.MULTIPLY:
            return None
        read = [operations[arg] for arg in product.args]
        positions = (n for n, each in enumerate(read) if each.attribute in per_unit)
        return next(positions, None)

    def rule(recorder: Recorder, number: int, operation: Operation, args: list[int]) -> int:
        if operation.op == Op.MULTIPLY and coefficient(number) is None:
            for position in (0, 1):
                inner = coefficient(operation.args[position])
                if inner is not None:
                    product = recorder.operations[args[position]]
                    k, a = product.args[inner], product.args[1 - inner]
                    return recorder.add(
                        Op.MULTIPLY, recorder.add(Op.MULTIPLY, a, args[1 - position]), k
                    )
        return copied(recorder, operation, args)

    return replace(rebuilt(equations, rule), parameters=equations.parameters)


def _per_unit_bits(form: ChipFormat) -> int:
    """Return the bits of fraction of what counts per unit: more, the smaller a unit may be."""
    return {10: 9, 16: 16}.get(form.system.state("v").bits, 20)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _is_exact(value: object) -> bool:
    """Return whether every format's numbers hold a constant exactly."""
    return (_number(value) * (1 << LEAST_BITS)).is_integer()


def _named(
    equations: Equations, constants: dict[str, tuple[float, int]], wanted: tuple[float, int]
) -> str:
    """Return the parameter that replaces a constant; equal constants share one."""
    for name, pair in constants.items():
        if pair == wanted:
            return name
    name = f"constant{len(constants)}"
    while name in (*equations.states, *equations.parameters, *equations.inputs):
        name += "_"
    constants[name] = wanted
    return name
