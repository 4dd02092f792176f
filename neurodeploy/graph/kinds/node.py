"""The base of every kind of node: what a kind defines for a graph."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.data import structure
from neurodeploy.data.structure import check_exponent, require
from neurodeploy.graph.floats import Floats, NarrowFloats, check_finite, narrow_weights

Details = tuple[tuple[str, object], ...]


@dataclass(frozen=True, eq=False)
class Node(structure.Node):
    """A named node of a graph."""

    @property
    def details(self) -> Details:
        """The names and values that stand behind the node in a graph's text."""
        raise self.undefined("details")

    @property
    def in_floats(self) -> bool:
        """Whether the node has numbers that are on no chip's grid."""
        return False

    def fields(self, *names: str) -> Details:
        """Return some fields with their names."""
        return tuple((name, getattr(self, name)) for name in names)


class Weights(Node):
    """A layer of weights; each kind has the fields that are declared here."""

    bias: Floats | None
    # With an exponent, weights are integers times 2**exponent.
    exponent: int | None
    # The width of the register that integers add up in, where the chip says it.
    accumulator_bits: int | None

    @property
    def in_floats(self) -> bool:
        """Whether the weights are on no chip's grid."""
        return self.exponent is None

    @property
    def narrow_weight(self) -> NarrowFloats:
        """The weights in the narrow type that they are stored in."""
        weight: NarrowFloats = vars(self)["weight"]
        return weight

    @property
    def parameter_count(self) -> int:
        """The number of weights."""
        return self.narrow_weight.size


def check_weights(node: Weights, *, axes: int) -> None:
    """Check weights, bias and exponent; store the weights narrow.

    Raises:
        ValidationError: if one does not fit; names it.
    """
    narrow_weights(node)
    check_finite(node, "bias")
    shape = node.narrow_weight.shape
    shaped = len(shape) == axes and 0 not in shape
    require(shaped, f"{node.name}.weight: {shape} is not a shape that it can have")
    fits = node.bias is None or node.bias.shape == shape[:1]
    require(fits, f"{node.name}.bias: does not fit {shape[0]} outputs")
    if node.exponent is not None:
        check_exponent(node, node.exponent)
