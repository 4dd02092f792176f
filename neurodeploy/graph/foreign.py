"""A graph that was read from a file of another writer, and all that was not taken as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neurodeploy.graph.graph import Graph


@dataclass(frozen=True)
class ForeignGraph:
    """A float graph, with what a network of it needs beside, and a report."""

    graph: Graph
    # By the names in the file: the kind there, and the node that it became.
    became: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    # What the file has and the graph lacks, and how the file was read, in sentences.
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    # States of neurons before the first step that are not zero.
    initial: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    # Parameters of neurons that are the exponential, as torch computes it, of what stands there.
    exponentials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # The seconds of a step.
    dt: float = 1.0
