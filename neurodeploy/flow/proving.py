"""Proofs of an artifact, with the certificates beside its manifest."""

from __future__ import annotations

import os
from collections.abc import Callable

from neurodeploy import target
from neurodeploy.artifact import Artifact, Folder
from neurodeploy.errors import ArtifactError
from neurodeploy.graph import Graph
from neurodeploy.proof import Effort, Proofs, proofs_of, require_solver, unproved
from neurodeploy.proof.certificates import write_certificates
from neurodeploy.target import ShowsSteps, naming
from neurodeploy.verification import held_by

Place = str | os.PathLike[str]


def proved(
    artifact: Artifact | Place,
    *,
    timeout: float = 30.0,
    solver: str = "bitwuzla",
    progress: Callable[[str], None] | None = None,
) -> Proofs:
    """Return the proof of every layer's step, and store the certificates beside the manifest.

    An edited artifact is proved as it lies on the disk: its proof then finds what the edit changed.
    Each question gets `timeout` seconds.

    Raises:
        ArtifactError: if the artifact cannot be read, or holds a network in floats.
        SimulatorMissingError: if no solver is installed.
    """
    opened = artifact if isinstance(artifact, Artifact) else target.open_artifact(artifact)
    if isinstance(opened.files, Folder):
        opened = target.open_artifact(opened.path or "")
    effort = Effort(timeout, require_solver(solver), progress)
    with naming(opened):
        proofs = steps_proved(opened, effort)
    write_certificates(opened, proofs)
    return proofs


def steps_proved(artifact: Artifact, effort: Effort) -> Proofs:
    """Return the proofs of an artifact's layers, or why a target gives none.

    Raises:
        ArtifactError: if the artifact cannot be read, or holds a network in floats.
    """
    chip = target.target(artifact.target)
    if not isinstance(chip, ShowsSteps):
        network = held_by(chip, artifact)
        if isinstance(network, Graph):
            raise ArtifactError(
                "holds a network in floats, which has no steps to prove",
                remedy="quantize the model and export it again",
            )
        return unproved(chip.name, network)
    return proofs_of(chip.name, chip.steps(artifact), effort)
