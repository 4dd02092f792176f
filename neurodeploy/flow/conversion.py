"""The conversion of foreign networks to ours: a vendor's file, or one with a registered reader."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy import lowering
from neurodeploy.errors import NeurodeployError, UnsupportedLayerError
from neurodeploy.target import naming, open_artifact, target

Reader = Callable[[Path], Any]
# By a file's ending: the reader that builds a torch network. Targets read their own files.
READERS: dict[str, Reader] = {}


def converted(path: str | os.PathLike[str]) -> Any:
    """Return the torch network in a file; it has seen its input's shape.

    Raises:
        ArtifactError: if no target and no reader knows the file, or it is damaged.
        UnsupportedLayerError: if a network cannot have a layer, or would change it.
    """
    file = Path(path)
    reader = READERS.get(file.suffix.lower())
    return _of_target(file) if reader is None else reader(file)


def _of_target(path: Path) -> Any:
    # torch is imported only if a torch network is built.
    import torch

    from neurodeploy.frontend import graph_of
    from neurodeploy.frontend.from_program import equal_but_for_names, network_of

    artifact = open_artifact(path)
    artifact.require_unedited()
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


def _unlike(path: Path) -> UnsupportedLayerError:
    return UnsupportedLayerError(
        f"{path}: as a network it would not compute what the file says",
        remedy="the file itself can be run, inspected and verified",
    )
