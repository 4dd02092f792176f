"""Another writer's file on its way to a verification: read by the words of its reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ValidationError
from neurodeploy.target import JudgesForeignFiles, ReadsForeignFiles, naming, target
from neurodeploy.verification import ReadFile


def is_foreign(artifact: Artifact) -> bool:
    """Return whether an artifact is another writer's file, and does not say all that it means."""
    chip = target(artifact.target)
    return isinstance(chip, ReadsForeignFiles) and chip.is_foreign(artifact)


def reader_of(artifact: Artifact, profile: str | None) -> str | None:
    """Return the simulator that another writer's file is compared with by default, if it is one."""
    chip = target(artifact.target)
    if not (isinstance(chip, JudgesForeignFiles) and chip.is_foreign(artifact)):
        return None
    return chip.reader_of(profile)


def read_file(artifact: Artifact, model: Any, reading: Mapping[str, Any]) -> ReadFile:
    """Return another writer's file with the network in it, by `dt`, `profile` and its options.

    Raises:
        ArtifactError: if it is damaged.
        ValidationError: if it does not say what it needs, or a model is given.
        UnsupportedLayerError: if a network cannot have a layer, or would change it.
    """
    chip = target(artifact.target)
    if not isinstance(chip, JudgesForeignFiles):
        raise ValidationError(f"{artifact.path}: no simulator of {chip.name} runs such a file")
    require_no_model(artifact, model)
    asked = {name: value for name, value in reading.items() if value is not None}
    with naming(artifact):
        foreign = chip.foreign_graph(artifact, **asked)
    return ReadFile(chip, artifact, foreign, asked.get("profile"))


def require_no_model(artifact: Artifact, model: Any) -> None:
    """Check that nobody names a model of another writer's file.

    Raises:
        ValidationError: if somebody does.
    """
    if model is not None and is_foreign(artifact):
        raise ValidationError(
            f"{artifact.path}: was not exported from a model, so that --model has no meaning",
            remedy="leave it out: the file is compared with the network that convert makes of it",
        )


def require_no_reading(artifact: Artifact, reading: Mapping[str, Any]) -> None:
    """Check that nobody says how a file is read that says so itself.

    Raises:
        ValidationError: if somebody does; names the word.
    """
    name = next((name for name, value in reading.items() if value is not None), None)
    if name is not None:
        raise ValidationError(
            f"{artifact.path}: takes no {name}: it says itself how it is computed",
            remedy=f"leave {name} out",
        )
