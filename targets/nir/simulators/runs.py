"""A run of a NIR file: its content, the program in it, and samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.program import Program
from neurodeploy.trace import Trace
from targets.nir.graph.names import Names
from targets.nir.read import open_file


@dataclass(frozen=True, eq=False)
class FileRun:
    """A file's content, the program in it, and samples (T, N, ...) in the program's integers."""

    content: bytes
    program: Program
    dt: float
    samples: NDArray[Any]
    # What each layer sends, if layers are driven by these and show their sums.
    forced: Trace | None = None


def file_run(artifact: Artifact, samples: NDArray[Any]) -> FileRun:
    """Return a run of an artifact's file.

    Raises:
        ArtifactError: if it is not a file of ours.
    """
    opened = open_file(artifact)
    return FileRun(opened.content, opened.program, opened.dt, samples)


def node_names(program: Program) -> dict[str, str]:
    """Return the names of NIR's nodes of neurons, by the names of the layers."""
    names = Names(node.name for node in program.nodes).of
    return {node.name: names[node.name] for node in program.layers}
