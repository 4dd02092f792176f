"""Another writer's file as the target reads it: its options, and errors that name the file."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.graph import ForeignGraph
from neurodeploy.target import Option
from snncore.dynamics.zoo.spiking import Reset
from targets.nir.foreign.graph import Reading, graph_of
from targets.nir.foreign.profiles import SPEC, profile_named

_AS_PROFILE, _EXACT, _ZOO = "profile", "exact", "zoo"
OPTIONS: Mapping[str, Option] = {
    "reset": Option(
        "what a spike does: v_reset (hard), minus the threshold (soft), or as the profile has it",
        _AS_PROFILE,
        (_AS_PROFILE, Reset.HARD.value, Reset.SOFT.value),
    ),
    "neurons": Option(
        "every bit as the profile computes it (exact), or the nearest neurons of our zoo (zoo), "
        "which quantize takes",
        _EXACT,
        (_EXACT, _ZOO),
    ),
}
# A name that export writes into the metadata of every file.
_MARK = b"program_sha256"


def is_foreign(artifact: Artifact) -> bool:
    """Return whether an artifact is a bare file that export did not write."""
    return len(artifact.files) == 1 and _MARK not in _content(artifact)


def read_foreign(
    artifact: Artifact, *, dt: float | None, profile: str | None, options: Mapping[str, Any]
) -> ForeignGraph:
    """Return the network in a file.

    Raises:
        ArtifactError: if the file is damaged, or makes no sense; names the node.
        ValidationError: if an option does not fit, or one is missing.
        UnsupportedLayerError: if the reading, or our network, has no such node.
    """
    if dt is not None and not (isfinite(dt) and 1e-12 <= dt <= 1e6):
        raise ValidationError(
            f"--dt {dt:g}: is not the seconds of a step", remedy="such as --dt 0.0001"
        )
    chosen = {name: option.default for name, option in OPTIONS.items()}
    for name, value in options.items():
        if name not in OPTIONS:
            raise ValidationError(
                f"option {name!r:.40}: a NIR file has none of that name",
                remedy=f"there are {', '.join(OPTIONS)}",
            )
        chosen[name] = OPTIONS[name].value(name, value)
    reset = None if chosen["reset"] == _AS_PROFILE else Reset(str(chosen["reset"]))
    reading = Reading(profile_named(profile or SPEC), dt, reset, chosen["neurons"] == _ZOO)
    foreign = graph_of(_content(artifact), reading)
    if profile is not None:
        return foreign
    words = "the file does not say which framework wrote it: give --profile if one did"
    return ForeignGraph(**{**vars(foreign), "notes": (foreign.notes[0], words, *foreign.notes[1:])})


def _content(artifact: Artifact) -> bytes:
    for name, content in artifact.files.items():
        if name.endswith(".nir"):
            return content
    raise ArtifactError(f"{artifact.path or 'the artifact'}: holds no .nir file")
