"""Layers of neurons: equations in a number system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from neurodeploy.data.codec import UNWRITTEN
from neurodeploy.data.network.shapes import check_parameters, read_shape
from neurodeploy.data.readout import Readout
from neurodeploy.data.structure import Edge, Shape, check_exponent, require
from neurodeploy.errors import ValidationError
from neurodeploy.program.integers import Integers, common_value, integers
from neurodeploy.program.kinds.node import BINARY, LayerRange, Node, Reads
from neurodeploy.program.part import Part, check_parts
from neurodeploy.program.spelling import array_text, edge_sum
from snncore.dynamics import Equations, NumberSystem, Op, to_integers
from snncore.dynamics.arithmetic.interval import Interval, invariant
from snncore.dynamics.zoo.readout import shows_voltage

_FIRING = frozenset({Op.SPIKE, Op.GREATER, Op.GREATER_EQUAL})
_ANYTHING = Interval(-(1 << 62), 1 << 62)
# Counts of spikes, and not voltages.
_COUNTS = Interval(-(1 << 8), 1 << 8)


@dataclass(frozen=True, eq=False)
class Neuron(Node):
    """One layer of neurons: the sum of its edges drives equations in a number system.

    Equations with several inputs have a sum for each, and `ports` names the input of every edge.
    """

    inputs: tuple[Edge, ...]
    equations: Equations
    system: NumberSystem
    # Integers that broadcast over the layer's shape: (), (C, 1, 1) or the whole shape.
    parameters: Mapping[str, Integers] = field(default_factory=dict)
    exponent: int = 0
    # One for each edge; not written where the equations have a single input.
    ports: tuple[str, ...] | None = field(default=None, metadata=UNWRITTEN)
    # The network's layers among these neurons; not written where they are one layer of it.
    parts: tuple[Part, ...] | None = field(default=None, metadata=UNWRITTEN)

    def __post_init__(self) -> None:
        require(len(self.inputs) > 0, f"{self.name}: a neuron layer without an input")
        missing = set(self.equations.parameters) ^ set(self.parameters)
        require(not missing, f"{self.name}: parameters do not match: {sorted(missing)}")
        object.__setattr__(self, "ports", self._checked_ports())
        check_exponent(self, self.exponent)
        try:
            _ = self.integer_equations
        except ValueError as error:
            raise ValidationError(f"{self.name}: {error}") from error
        checked = {
            key: common_value(integers(self.parameters[key], f"{self.name}.{key}", None))
            for key in self.equations.parameters
        }
        object.__setattr__(self, "parameters", checked)

    def _checked_ports(self) -> tuple[str, ...] | None:
        names, ports = self.equations.inputs, self.ports
        if ports is None:
            count = f"{self.equations.name} has {len(names)} inputs"
            remedy = "name the input of every edge in `ports`"
            require(len(names) == 1, f"{self.name}: {count}", remedy=remedy)
            return None
        fits = len(ports) == len(self.inputs) and set(ports) == set(names)
        require(fits, f"{self.name}.ports: {ports} are not the inputs {names}, one for each edge")
        return tuple(ports) if len(names) > 1 else None

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return self.inputs

    @property
    def drives(self) -> dict[str, tuple[Edge, ...]]:
        """The edges whose sum drives each input of the equations."""
        (first, *_) = names = self.equations.inputs
        pairs = list(zip(self.ports or [first] * len(self.inputs), self.inputs, strict=True))
        return {name: tuple(edge for port, edge in pairs if port == name) for name in names}

    @cached_property
    def integer_equations(self) -> Equations:
        """One step in the chip's integers."""
        return to_integers(self.equations, self.system)

    @cached_property
    def sent(self) -> Interval | None:
        """The range of the output for any drive, or None if it is not a count."""
        equations = self.integer_equations
        if equations.operations[equations.output].op in _FIRING:
            return BINARY
        drives = dict.fromkeys(equations.inputs, _ANYTHING)
        try:
            _, operations = invariant(equations, drives, self.parameter_ranges)
        except ValueError:
            return None
        sent = operations[equations.output]
        return sent if sent.within(_COUNTS) else None

    @property
    def graded(self) -> bool:
        """Whether neurons send numbers, and not only whether they fired."""
        return self.sent is None or not self.sent.within(BINARY)

    @property
    def parameter_ranges(self) -> dict[str, Interval]:
        """The range of each parameter over the layer."""
        return {
            key: Interval(int(value.min()), int(value.max()))
            for key, value in self.parameters.items()
        }

    @property
    def readout(self) -> Readout:
        """The network's output, if these neurons send it: spikes, or voltages in their unit."""
        if shows_voltage(self.equations):
            return Readout(self.exponent - self.system.output_fraction)
        return Readout()

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the sums that drive the neurons."""
        shape = read_shape(self, inputs)
        unlike = f"{self.name}: adds inputs of unlike shapes {sorted(set(inputs))}"
        require(len(set(inputs)) == 1, unlike)
        check_parameters(self, self.parameters, shape)
        check_parts(self.name, self.parts or (), shape)
        return shape

    def value_range(self, reads: Reads) -> Interval:
        """Return 0..1, or the range of what graded neurons send."""
        if not self.graded:
            return BINARY
        return reads.layer(self.name).operations[self.integer_equations.output]

    def layer_range(self, drives: dict[str, Interval]) -> LayerRange:
        """Return the layer's ranges when no step drives its inputs beyond these intervals.

        Raises:
            ValidationError: if its states have no bound; names the layer.
        """
        equations = self.integer_equations
        try:
            states, operations = invariant(equations, drives, self.parameter_ranges)
        except ValueError as error:
            raise ValidationError(f"{self.name}: {error}") from error
        return LayerRange(drives, states, operations)

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return the equations' name, their drives and their parameters."""
        parameters = ", ".join(f"{key}={array_text(v)}" for key, v in self.parameters.items())
        sources = edge_sum(self.sources)
        if self.ports is not None:
            sources = ", ".join(f"{port}={edge_sum(edges)}" for port, edges in self.drives.items())
        holding = "" if self.parts is None else f" holds {_words(self.parts)}"
        return (
            f"{names[self.integer_equations]}({sources}; {parameters}) 2^{self.exponent}{holding}"
        )


def _words(parts: Sequence[Part]) -> str:
    """Return parts as a reader sees them: `conv1 from 0`, or `none`."""
    return ", ".join(f"{part.name} from {part.first}" for part in parts) or "none"
