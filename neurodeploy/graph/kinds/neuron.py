"""Layers of neurons, equations with parameters, and decoders over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from neurodeploy.data.codec import UNWRITTEN
from neurodeploy.data.network.shapes import check_parameters, read_shape
from neurodeploy.data.readout import Readout
from neurodeploy.data.structure import Edge, Shape, check_exponent, require
from neurodeploy.errors import ValidationError
from neurodeploy.graph.floats import Floats, finite_array
from neurodeploy.graph.kinds.node import Details, Node
from snncore.dynamics import Equations, NumberSystem, to_integers


@dataclass(frozen=True, eq=False)
class Neuron(Node):
    """A layer of neurons; with a number system, its parameters are exact in it."""

    source: Edge
    equations: Equations
    parameters: Mapping[str, Floats] = field(default_factory=dict)
    system: NumberSystem | None = None
    exponent: int | None = None
    # The edge that drives a second input of the equations; not written where there is none.
    second: Edge | None = field(default=None, metadata=UNWRITTEN)

    def __post_init__(self) -> None:
        missing = set(self.equations.parameters) ^ set(self.parameters)
        require(not missing, f"{self.name}: parameters do not match: {sorted(missing)}")
        if self.exponent is not None:
            check_exponent(self, self.exponent)
        if self.system is not None:
            try:
                to_integers(self.equations, self.system)
            except ValueError as error:
                raise ValidationError(f"{self.name}: {error}") from error
        checked = {
            key: finite_array(self.parameters[key], f"{self.name}.{key}")
            for key in self.equations.parameters
        }
        object.__setattr__(self, "parameters", checked)

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here."""
        return (self.source,) if self.second is None else (self.source, self.second)

    @property
    def in_floats(self) -> bool:
        """Whether the neurons are in no chip's number system."""
        return self.system is None

    @property
    def readout(self) -> Readout:
        """The network's output, if these neurons send it: as it is."""
        return Readout()

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the values that drive the neurons."""
        shape, unlike = read_shape(self, inputs), sorted(set(inputs))
        names, count = self.equations.inputs, len(self.sources)
        words = f"{self.equations.name} has {len(names)} inputs, and {count} edges lead to it"
        require(count == len(names), f"{self.name}: {words}", remedy="give each input an edge")
        words = f"{self.name}: is driven by values of unlike shapes {unlike}"
        require(len(unlike) == 1, words)
        check_parameters(self, self.parameters, shape)
        return shape

    @property
    def details(self) -> Details:
        """The equations' name, the range of each parameter, and the exponent."""
        ranges = [(key, f"{v.min():g}..{v.max():g}") for key, v in self.parameters.items()]
        return (("equations", self.equations.name), *ranges, *self.fields("exponent"))


@dataclass(frozen=True, eq=False)
class Decoder(Neuron):
    """The neurons of `snncore.dynamics.zoo.readout.DECODERS`; `per_step` makes a sum a mean."""

    per_step: bool = False

    @property
    def in_floats(self) -> bool:
        """Return False: a decoder counts in the numbers of what it reads."""
        return False

    @property
    def readout(self) -> Readout:
        """The network's output, from what these neurons show."""
        skip = int(self.parameters["skip"]) if "skip" in self.parameters else 0
        return Readout(0, True, self.per_step, skip)

    @property
    def details(self) -> Details:
        """The decoder's name."""
        return (("decoder", self.equations.name), *self.fields("per_step"))
