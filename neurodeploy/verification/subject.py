"""The subject of a verification: an artifact, its network, and the network it was exported from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurodeploy.artifact import Artifact
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.target import Target, target
from neurodeploy.verification.meaning import held_by

Network = Program | Graph


@dataclass(frozen=True)
class Original:
    """The network that an artifact was exported from, as far as it is given."""

    # The torch network, and its program, or its graph in floats.
    module: Any = None
    network: Network | None = None
    # The hash of its file.
    sha256: str | None = None


@dataclass(frozen=True)
class Subject:
    """An artifact, the network in its files, and the original to compare it with."""

    chip: Target
    artifact: Artifact
    network: Network
    original: Original = Original()

    @property
    def expected(self) -> Network:
        """The network that every stage is compared with: the original's, or else the files'."""
        return self.network if self.original.network is None else self.original.network


def subject_of(artifact: Artifact, original: Original | None = None) -> Subject:
    """Return an artifact as the subject of a verification, whose files are read for it.

    Raises:
        ArtifactError: if they cannot be read.
    """
    chip = target(artifact.target)
    return Subject(chip, artifact, held_by(chip, artifact), original or Original())
