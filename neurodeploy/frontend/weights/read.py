"""Weights from a file, without what training put around them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neurodeploy.data import strict_json
from neurodeploy.data.reading import JSON_BYTES, read_regular
from neurodeploy.errors import ModelFileError
from neurodeploy.frontend.torch_file import read_torch_file
from neurodeploy.frontend.weights.safetensors import read_safetensors

# The keys under which training scripts keep the weights beside other things.
_HOLDERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
# What compilation and parallel training put before the names.
_COMPILED = "_orig_mod."
_PARALLEL = "module."


def read_weights(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the tensors by name in a .safetensors file, or in one of torch's.

    The dictionary that a training script put around them is left out, and so are the prefixes
    `module.` and `_orig_mod.`.

    Raises:
        ModelFileError: if it is missing, damaged, or holds no tensors by name.
    """
    file = Path(path)
    if file.suffix.lower() == ".safetensors":
        return _named(dict(read_safetensors(file)), file)
    document = read_torch_file(file)
    for _ in range(2):
        if _are_tensors(document):
            return _named({str(key): document[key] for key in document}, file)
        document = _inner(document)
    raise ModelFileError(
        f"{path}: holds no weights by name",
        remedy="save model.state_dict() with torch.save, or as a .safetensors file",
    )


def read_mapping(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the names in a file of weights by the names in the module, from a JSON file.

    Raises:
        ModelFileError: if it is not an object of names.
    """
    try:
        names = strict_json.loads(read_regular(Path(path), most=JSON_BYTES))
        if not isinstance(names, dict) or not all(isinstance(n, str) for n in names.values()):
            raise ValueError("it is not an object of names")
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{path}: {getattr(error, 'strerror', None) or error}",
            remedy='write {"name in the file": "name in the module", ...}',
        ) from error
    return names


def _are_tensors(document: Any) -> bool:
    # A network without weights has none.
    return isinstance(document, dict) and all(
        isinstance(value, Tensor) for value in document.values()
    )


def _inner(document: Any) -> Any:
    """Return the weights that a dictionary holds beside other things."""
    if not isinstance(document, dict):
        return None
    named = [document[key] for key in _HOLDERS if _are_tensors(document.get(key, 0))]
    if named:
        return named[0]
    # A checkpoint of ours has them under `tensors`.
    return document.get("tensors")


def _named(tensors: dict[str, Tensor], file: Path) -> dict[str, Tensor]:
    """Return the tensors without the prefixes that wrappers put before their names."""
    names = {key: key.replace(_COMPILED, "") for key in tensors}
    while names and all(name.startswith(_PARALLEL) for name in names.values()):
        names = {key: name.removeprefix(_PARALLEL) for key, name in names.items()}
    for key, value in tensors.items():
        finite = not value.is_floating_point() or bool(torch.isfinite(value).all())
        if value.is_complex() or not finite:
            reason = "is complex" if value.is_complex() else "a value is NaN or infinite"
            raise ModelFileError(
                f"{file}: {key}: {reason}",
                remedy="save the weights again when they are finite real numbers",
            )
    return {names[key]: value for key, value in tensors.items()}
