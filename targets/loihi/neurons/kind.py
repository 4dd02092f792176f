"""The interface of a kind of neurons: what the target checks, proves and writes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from neurodeploy.program import Neuron, Program
from neurodeploy.program.ranges import LayerRange
from neurodeploy.target import Finding
from targets.loihi.file.chain import ChainLayer
from targets.loihi.file.hdf5 import LayerEntry


class NeuronKind(Protocol):
    """A kind of neurons of the chip: which they are, what is wrong with them, and their group."""

    # Whether the file's bias counts in whole messages, not in a program's integers.
    counts_messages: bool

    def matches(self, node: Neuron) -> bool:
        """Return whether these neurons are of this kind."""

    def findings(self, layer: ChainLayer, program: Program, bits: int) -> Iterator[Finding]:
        """Yield what is wrong with a layer, in a network whose messages have `bits` of fraction."""

    def range_findings(self, node: Neuron, proved: LayerRange) -> Iterator[Finding]:
        """Yield which registers the layer may leave."""

    def write(self, entry: Any, layer: ChainLayer, bits: int) -> None:
        """Write the group `neuron` of a layer."""

    def require_determined(self, entries: Sequence[LayerEntry]) -> None:
        """Check that every processor loads the same numbers.

        Raises:
            SimulatorScopeError: otherwise; names the layer.
        """
