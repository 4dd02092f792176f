"""Paths on the command line: an artifact's folder, a vendor's bare file, or a model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.undisturbed import load_torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodeploy.artifact import Artifact
    from neurodeploy.graph import Graph
    from neurodeploy.program import Program


class Place(StrEnum):
    """The kind of thing at a path."""

    MODEL = "model"
    ARTIFACT = "artifact"
    VENDOR_FILE = "vendor's file"


def place_of(path: Path) -> Place:
    """Return what is at the path: a folder, a file with an ending of a target, or other."""
    from neurodeploy.target import targets

    if path.is_dir():
        return Place.ARTIFACT
    suffixes = {suffix for target in targets().values() for suffix in target.capabilities.suffixes}
    return Place.VENDOR_FILE if path.suffix.lower() in suffixes else Place.MODEL


def load_model(
    path: Path,
    build: str | None,
    asked: Mapping[str, Any] | None = None,
    options: Mapping[str, str] | None = None,
) -> Any:
    """Return the network in a model file; `build` names a function of the user's.

    A file that is converted may be asked for with a time step and a profile; `options` are for
    those that leave them open.

    Raises:
        ModelFileError: if it cannot be read.
    """
    load_torch()
    from neurodeploy.flow.inputs import read_network

    return read_network(path, build, asked, options)


def read_samples(path: Path | None) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """Return samples and labels from a file, or two Nones if no file is named.

    Raises:
        SamplesError: if the file is missing, damaged, or holds no samples.
    """
    from neurodeploy.flow import pipeline

    return (None, None) if path is None else pipeline.read_samples(path)


def lowered(network: Any, samples: NDArray[Any] | None) -> Program:
    """Return the program of a network, for samples of their shape if they are given.

    Raises:
        SamplesError: if samples do not have the shape that the network was saved for.
    """
    from neurodeploy.flow import pipeline

    require_shape(network, samples)
    program = pipeline.lower(network, example=samples)
    require_samples(program, samples)
    return program


def require_shape(network: Any, samples: NDArray[Any] | None) -> None:
    """Check that samples, if they are given, have the shape that the network was saved for.

    Raises:
        SamplesError: if they do not.
    """
    from neurodeploy.errors import SamplesError
    from neurodeploy.frontend.checkpoint import input_shape

    expected = input_shape(network)
    if samples is not None and expected is not None and samples.shape[2:] != expected:
        words = f"(T, N, {', '.join(map(str, expected))})"
        raise SamplesError(
            f"samples are {samples.shape}, but the model was saved for {words}",
            remedy="give samples of that shape, or save the model with an example of this one",
        )


def require_samples(program: Program | Graph, samples: NDArray[Any] | None) -> None:
    """Check that samples, if they are given, fit a program, or a graph in floats.

    Raises:
        SamplesError: if they do not.
    """
    from neurodeploy.graph import Graph
    from neurodeploy.simulator.floats import checked_floats
    from neurodeploy.simulator.samples import checked_samples

    if samples is None:
        return
    if isinstance(program, Graph):
        checked_floats(program, samples)
    else:
        checked_samples(program, samples)


def open_unedited(path: Path) -> tuple[Artifact, Program | Graph]:
    """Return an artifact and its program or graph, if no file was edited since the export.

    Raises:
        ArtifactError: if it cannot be read, or was edited.
    """
    from neurodeploy.flow import pipeline
    from neurodeploy.target import open_artifact

    artifact = open_artifact(path)
    return artifact, pipeline.read(artifact)


def require_simulator(target: str, simulator: str | None) -> None:
    """Check that the target and the simulator exist; None, "none" and "all" always do.

    Raises:
        UnknownNameError: otherwise; lists those there are.
    """
    from neurodeploy import verification
    from neurodeploy.target import target as find

    verification.require_simulator(find(target), simulator)
