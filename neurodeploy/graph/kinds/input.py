"""The samples that enter a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurodeploy.data.structure import Shape, checked_shape
from neurodeploy.graph.kinds.node import Details, Node


@dataclass(frozen=True, eq=False)
class Input(Node):
    """The samples: (T, N, *shape)."""

    shape: Shape

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self, self.shape))

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of a sample."""
        return self.shape

    @property
    def details(self) -> Details:
        """Nothing beside the shape."""
        return ()
