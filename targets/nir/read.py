"""Our NIR files to programs; NIR's graph must be the one that export writes for the program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, DoesNotFitError, ValidationError
from neurodeploy.program import Conv2d, Program
from targets.nir.check import check
from targets.nir.compile import FILE, tree_of
from targets.nir.file.checked import Group, difference, opened
from targets.nir.file.description import GROUP, MARK, rebuilt

_AGAIN = "export the model again"
_NUMBER = 4


@dataclass(frozen=True)
class Opened:
    """A file: its program, the seconds of a step, and its bytes."""

    program: Program
    dt: float
    content: bytes


def open_file(artifact: Artifact) -> Opened:
    """Return the content of an artifact's file.

    Raises:
        ArtifactError: if it is not a file of ours, is damaged, or was edited.
    """
    path = str(artifact.path or "the artifact")
    names = [name for name in artifact.files if name.endswith(".nir")]
    name = FILE if FILE in names else next(iter(names), None)
    if name is None:
        raise ArtifactError(f"{path}: holds no .nir file", remedy=_AGAIN)
    try:
        return _read(artifact.files[name], trusted=bool(artifact.edited))
    except (ArtifactError, DoesNotFitError, ValidationError) as error:
        raise ArtifactError(f"{path}: {error.message}", remedy=error.remedy or _AGAIN) from error


@lru_cache(maxsize=2)
def _read(content: bytes, *, trusted: bool) -> Opened:
    """Return the file's content; an edit that the manifest reveals is not reported again."""
    with opened(content) as root:
        metadata = _ours(root, marked=MARK.encode() in content)
        program, dt = rebuilt(metadata)
        for size in _sizes(program):
            metadata.afford(_NUMBER * size)
        if trusted:
            return Opened(program, dt, content)
        errors = [each for each in check(program) if each.severity.value == "error"]
        if errors:
            raise ArtifactError(f"was edited: {errors[0]}")
        words = difference(tree_of(program, dt), root)
        if words is not None:
            raise ArtifactError(f"was edited: {words}")
        return Opened(program, dt, content)


def _ours(root: Group, *, marked: bool) -> Group:
    """Return the group of ours in the file's metadata.

    Raises:
        ArtifactError: if there is none; says whether the file's mark is there without it.
    """
    if "node" not in root.names:
        raise ArtifactError("has no /node, so it is not a NIR graph")
    node = root.group("node")
    if "metadata" not in node.names or GROUP not in node.group("metadata").names:
        if marked:
            raise ArtifactError(f"is damaged: /node/metadata/{GROUP} is missing")
        raise ArtifactError(
            "was not written by neurodeploy: NIR alone says neither the time step nor how a "
            "step is computed",
            remedy="neurodeploy convert FILE --dt SECONDS makes a model of it",
        )
    return node.group("metadata").group(GROUP)


def _sizes(program: Program) -> list[int]:
    """Return how many numbers NIR has for each layer."""
    neurons = [prod(program.shapes[node.name]) for node in program.layers]
    kernels = [_filled(node) for node in program.of_kind(Conv2d)]
    weights = [node.parameter_count * len(node.sources) for node in program.synapses]
    return [sum(neurons) + sum(weights) + sum(kernels)]


def _filled(node: Conv2d) -> int:
    """Return how many numbers kernels have that are square, of one group."""
    each = prod(node.narrow_weight.shape[:2]) * node.groups
    return each * max(node.kernel) ** 2
