"""The chips of PAICORE, on which networks are placed; nothing is exported to them here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neurodeploy.chips.resources import Energy, LayerOperations, Placement
from neurodeploy.program import Integers, Program
from neurodeploy.target import chip_part
from targets.paicore.chip.placement import crossings, placement


class Paicore:
    """PAICORE alone, and on a grid of chips."""

    name = "paicore"

    def placements(self, program: Program) -> tuple[Placement, ...]:
        """Return the program on one chip, or on a grid."""
        return (placement(chip_part(program)),)

    def crossings(self, program: Program, placed: Placement) -> Mapping[str, Integers]:
        """Return for each layer to how many groups on other chips each of its neurons sends."""
        return crossings(chip_part(program), placed)

    def energies(self, operations: Sequence[LayerOperations]) -> tuple[Energy, ...]:
        """Return nothing: no figures for single operations are known."""
        return ()


chips = Paicore()
