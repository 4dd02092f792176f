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
from targets.nir.file.description import GROUP, MARK
from targets.nir.foreign.graph import Reading, graph_of
from targets.nir.foreign.profiles import SPEC, profile_named
from targets.nir.foreign.reading import Member, content_of

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
# The members that export writes into the group of every file; then its program, or its graph.
_MEMBERS = ("schema", "dt", MARK)


def is_foreign(artifact: Artifact) -> bool:
    """Return whether an artifact is a bare file that export did not write."""
    return len(artifact.files) == 1 and MARK.encode() not in _content(artifact)


def read_foreign(
    artifact: Artifact, *, dt: float | None, profile: str | None, options: Mapping[str, Any]
) -> ForeignGraph:
    """Return the network in a file.

    Raises:
        ArtifactError: if the file is damaged, or makes no sense; names the node, or the member of
            the group that export wrote, unless a profile says that its nodes alone are read.
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
    content = _content(artifact)
    if profile is None:
        _require_no_group(content_of(content).members)
    foreign = graph_of(content, reading)
    if profile is not None:
        return foreign
    words = "the file does not say which framework wrote it: give --profile if one did"
    return ForeignGraph(**{**vars(foreign), "notes": (foreign.notes[0], words, *foreign.notes[1:])})


def _require_no_group(root: Mapping[str, Member]) -> None:
    """Check that a file has no group of ours, which is damaged if the file lost its mark.

    Raises:
        ArtifactError: if it has; names what is damaged.
    """
    members: Member | None = root
    for name in ("node", "metadata", GROUP):
        members = members.get(name) if isinstance(members, Mapping) else None
    if members is None:
        return
    part = "is not a group"
    if isinstance(members, Mapping):
        lost = [name for name in _MEMBERS if name not in members]
        lost += ["program"] * (not {"program", "graph"} & members.keys())
        part = f"has no {', '.join(lost)}" if lost else "is not as export wrote it"
    raise ArtifactError(
        f"was written by neurodeploy, and is damaged: /node/metadata/{GROUP} {part}",
        remedy="export the model again; or read NIR's nodes alone, which are floats, with "
        "--profile spec --dt SECONDS",
    )


def _content(artifact: Artifact) -> bytes:
    for name, content in artifact.files.items():
        if name.endswith(".nir"):
            return content
    raise ArtifactError(f"{artifact.path or 'the artifact'}: holds no .nir file")
