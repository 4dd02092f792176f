"""A user's equations as a chip's neuron: which values count as weighted sums do, and which not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from quant.grid.formats import ChipFormat
from quant.neuron.register import Register
from snncore.dynamics import Equations, Format, NumberSystem, Overflow
from snncore.dynamics.arithmetic.units import constant, units
from snncore.dynamics.equations import prune
from snncore.dynamics.expression import Op, Recorder

BIAS = "bias"


@dataclass(frozen=True)
class OwnEquations:
    """Equations whose constants have become parameters if they need the unit of the inputs."""

    equations: Equations
    constants: Mapping[str, float]
    # For every state and parameter: 1 if it counts in the unit of the inputs, 0 if it is a number.
    units: Mapping[str, int]

    @property
    def biased(self) -> Equations:
        """Return the same equations with a bias added to the input."""
        recorder, new = Recorder(), list[int]()
        for operation in self.equations.operations:
            args = (new[arg] for arg in operation.args)
            new.append(recorder.add(operation.op, *args, attribute=operation.attribute))
            if operation.op == Op.INPUT:
                bias = recorder.add(Op.PARAMETER, attribute=BIAS)
                new[-1] = recorder.add(Op.ADD, new[-1], bias)
        return _recorded_equations(self.equations, recorder, new, (BIAS,))

    def system(self, form: ChipFormat) -> NumberSystem:
        """Return the format's arithmetic for these states and parameters, and the bias."""
        voltage, bits = form.system.state("v"), form.decays.bits
        # A state that is a number needs a fraction; half of its bits remain for the whole part.
        fraction = min(bits, voltage.bits // 2)
        number = Format(voltage.bits, fraction, Overflow.SATURATE, voltage.symmetric)
        states = [(name, voltage if self.units[name] else number) for name in self.equations.states]
        parameters = [(name, 0 if self.units[name] else bits) for name in self.equations.parameters]
        return replace(form.system, states=tuple(states), parameters=(*parameters, (BIAS, 0)))

    def registers(self, form: ChipFormat) -> tuple[Register, ...]:
        """Return the registers of the parameters on a chip of this format."""
        return tuple(
            Register(name, form.biases, bounds_unit=True)
            if self.units[name]
            else Register(name, form.decays)
            for name in self.equations.parameters
        )

    @property
    def numbers(self) -> tuple[str, ...]:
        """The states that do not count in the unit of the inputs."""
        return tuple(name for name in self.equations.states if not self.units[name])


def own_equations(equations: Equations) -> OwnEquations:
    """Return the equations as a chip's neuron computes them.

    Raises:
        ValueError: if they have several inputs, or combine values of different units; says which.
    """
    name = equations.name
    if len(equations.inputs) != 1:
        raise ValueError(f"{name}: has the inputs {', '.join(equations.inputs)}; a chip drives one")
    if BIAS in (*equations.parameters, *equations.states, *equations.inputs):
        raise ValueError(f"{name}.{BIAS}: this name belongs to the weights' bias (rename it)")
    unit_kinds = units(equations)
    constants: dict[str, float] = {}
    recorder, new = Recorder(), list[int]()
    for number, operation in enumerate(equations.operations):
        args = [new[arg] for arg in operation.args]
        for position, arg in enumerate(operation.args):
            if unit_kinds.get(constant(number, position)):
                value = equations.operations[arg].attribute
                label = _named(equations, constants, value)
                args[position] = recorder.add(Op.PARAMETER, attribute=label)
        new.append(recorder.add(operation.op, *args, attribute=operation.attribute))
    kinds = {key: unit_kinds[key] for key in (*equations.states, *equations.parameters)}
    recorded = _recorded_equations(equations, recorder, new, tuple(constants))
    return OwnEquations(recorded, constants, kinds | dict.fromkeys(constants, 1))


def _recorded_equations(
    equations: Equations, recorder: Recorder, new: list[int], more: tuple[str, ...]
) -> Equations:
    return prune(
        replace(
            equations,
            parameters=(*equations.parameters, *more),
            operations=tuple(recorder.operations),
            next_states=tuple(new[number] for number in equations.next_states),
            output=new[equations.output],
        )
    )


def _named(equations: Equations, constants: dict[str, float], attribute: object) -> str:
    """Return the parameter that replaces a constant; equal constants share one."""
    value = float(attribute) if isinstance(attribute, int | float) else 0.0
    for name, number in constants.items():
        if number == value:
            return name
    name = f"constant{len(constants)}"
    while name in (*equations.states, *equations.parameters, *equations.inputs):
        name += "_"
    constants[name] = value
    return name
