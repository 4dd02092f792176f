"""The samples that enter a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from neurodeploy.data.codec import UNWRITTEN
from neurodeploy.data.network.encoding import Encoding
from neurodeploy.data.structure import Shape, checked_shape
from neurodeploy.graph.kinds.node import Details, Node


@dataclass(frozen=True, eq=False)
class Input(Node):
    """The samples: (T, N, *shape)."""

    shape: Shape
    # The encoder to whose integers the samples are rounded, if there is one.
    encoding: Encoding | None = field(default=None, metadata=UNWRITTEN)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self, self.shape))

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of a sample."""
        return self.shape

    @property
    def details(self) -> Details:
        """The encoding, if there is one."""
        return () if self.encoding is None else (("encoding", str(self.encoding)),)
