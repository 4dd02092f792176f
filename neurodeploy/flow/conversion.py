"""The conversion of foreign networks to ours: another framework's module, or a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy import lowering
from neurodeploy.artifact import Artifact
from neurodeploy.errors import NeurodeployError, UnsupportedLayerError, ValidationError
from neurodeploy.flow.reading import is_foreign
from neurodeploy.graph import ForeignGraph, Graph
from neurodeploy.target import (
    TakesFloats,
    naming,
    open_artifact,
    target,
    targets,
)

if TYPE_CHECKING:
    from neurodeploy.frontend.foreign.report import Conversion

Reader = Callable[[Path], Any]
# By a file's ending: the reader that builds a torch network. Targets read their own files.
READERS: dict[str, Reader] = {}


def convert(
    source: Any,
    *,
    example: Any = None,
    dt: float | None = None,
    profile: str | None = None,
    **options: Any,
) -> Any:
    """Return a network of ours that computes what a foreign one does: a module, or a file.

    A module of another framework takes an example, as it is called with one; `output=1` keeps the
    second of the values that it returns. A file may need the seconds of a step and the profile by
    which it is read; its options are its target's, such as `reset`.

    Raises:
        ArtifactError: if no target and no reader knows the file, or it is damaged.
        ValidationError: if the file does not say what it needs; names the option that does.
        UnsupportedLayerError: if a network cannot have a layer, or would change it.

    Examples:
        >>> artifact = nd.export(on_chip, target="nir", path="nir", example=x)
        >>> network = nd.convert("nir/network.nir")
        >>> network(x).shape
        torch.Size([8, 2, 4])
    """
    if isinstance(source, str | os.PathLike):
        return conversion_of(source, dt=dt, profile=profile, **options).network
    from neurodeploy.frontend.foreign.convert import converted as module_converted

    if dt is not None or profile is not None or not set(options) <= {"output"}:
        raise ValidationError(
            "a module takes no dt, no profile and no option but output",
            remedy="nd.convert(module, example=x)",
        )
    return module_converted(source, example, **options).network


def converted(path: str | os.PathLike[str]) -> Any:
    """Return the torch network in a file; it has seen its input's shape.

    Raises:
        ArtifactError: if no target and no reader knows the file, or it is damaged.
        UnsupportedLayerError: if a network cannot have a layer, or would change it.
    """
    return conversion_of(path).network


def conversion_of(
    path: str | os.PathLike[str],
    *,
    dt: float | None = None,
    profile: str | None = None,
    **options: Any,
) -> Conversion:
    """Return the torch network in a file, and the report on how it became one.

    Raises:
        ArtifactError: if no target and no reader knows the file, or it is damaged.
        ValidationError: if the file does not say what it needs, or does not take an option.
        UnsupportedLayerError: if a network cannot have a layer, or would change it.
    """
    from neurodeploy.frontend.foreign.report import Conversion

    file = Path(path)
    reader = READERS.get(file.suffix.lower())
    choices = {"dt": dt, "profile": profile} | options
    asked = {name: value for name, value in choices.items() if value is not None}
    if reader is None and leaves_open(file):
        return _of_foreign(open_artifact(file), asked)
    if asked:
        name = next(iter(asked))
        raise ValidationError(
            f"{file}: takes no {name}: the file says itself how it is computed",
            remedy=f"leave {name} out",
        )
    network = _of_target(open_artifact(file)) if reader is None else reader(file)
    return Conversion(network, ())


def takes(path: Path) -> bool:
    """Return whether a path is a file that can be converted, by its ending."""
    suffixes = {suffix for chip in targets().values() for suffix in chip.capabilities.suffixes}
    return path.suffix.lower() in suffixes | READERS.keys() and not path.is_dir()


def leaves_open(path: Path) -> bool:
    """Return whether a file is of another writer, and does not say all that a network needs."""
    if path.suffix.lower() in READERS:
        return False
    return is_foreign(open_artifact(path))


def _of_foreign(artifact: Artifact, asked: Mapping[str, Any]) -> Conversion:
    """Return the network in another writer's file."""
    from neurodeploy.frontend.foreign.report import Became, Conversion
    from neurodeploy.frontend.from_graph import network_of

    chip: Any = target(artifact.target)
    with naming(artifact):
        foreign = chip.foreign_graph(artifact, **asked)
        network, paths = network_of(foreign)
    modules = dict(network.named_modules())
    became = []
    for source, (kind, node) in foreign.became.items():
        path = paths[node]
        module = modules.get(path, network)
        became.append(Became(source, kind, path, type(module).__name__))
    return Conversion(network, tuple(became), foreign.left_out, foreign.notes)


def _of_target(artifact: Artifact) -> Any:
    # torch is imported only if a torch network is built.
    import torch

    from neurodeploy.frontend import graph_of
    from neurodeploy.frontend.from_program import equal_but_for_names, network_of

    path = artifact.path
    artifact.require_unedited()
    chip = target(artifact.target)
    if isinstance(chip, TakesFloats) and chip.holds_floats(artifact):
        return _of_floats(chip.read_graph(artifact))
    with naming(artifact):
        program = target(artifact.target).read(artifact).without_parts()
    from snncore import functional

    example = np.zeros((1, 1, *program.input.shape), dtype=np.float32)
    try:
        with naming(artifact):
            network = network_of(program)
        with torch.no_grad():
            network(torch.from_numpy(example))
        functional.reset(network)
        lowered = lowering.lower(graph_of(network, example=example))
    # The errors of layers about numbers that training cannot hold, about names, and about each
    # other.
    except (ValueError, TypeError, RuntimeError, LookupError, ArithmeticError) as error:
        if isinstance(error, NeurodeployError) or "allocate memory" in str(error):
            raise
        raise _unlike(path) from error
    if not equal_but_for_names(program, lowered):
        raise _unlike(path)
    return network


def _of_floats(graph: Graph) -> Any:
    """Return the network of a file in floats that export wrote."""
    from neurodeploy.frontend.from_graph import network_of

    network, _ = network_of(ForeignGraph(graph))
    return network


def _unlike(path: Path | None) -> UnsupportedLayerError:
    return UnsupportedLayerError(
        f"{path}: as a network it would not compute what the file says",
        remedy="the file itself can be run, inspected and verified",
    )
