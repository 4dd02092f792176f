"""The nodes of a network as a report draws them: what each reads, its shape, bits and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Read:
    """A node that another one reads, and how many steps later."""

    source: str
    delay: int = 0


@dataclass(frozen=True)
class NodeSummary:
    """One node of a network: its input, weights, neurons, or values that are moved or added."""

    name: str
    kind: str
    shape: tuple[int, ...]
    reads: tuple[Read, ...] = ()
    # The width of the weights with their sign; None for other nodes and for floats.
    bits: int | None = None
    # The proved bounds of sums and states, for any input.
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
