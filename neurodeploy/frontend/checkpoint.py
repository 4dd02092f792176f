"""Model files: a declarative description and tensors; reading a file runs none of its code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

import quant
from neurodeploy.data.files import write_atomically
from neurodeploy.errors import ModelFileError, NeurodeployError
from neurodeploy.frontend.calls import INPUT, Calls, TracedCall, calls_of
from neurodeploy.frontend.kinds import build, describe, is_encoder, is_idle
from neurodeploy.frontend.loaded import assembled, require_free_names
from neurodeploy.frontend.torch_file import SAVE_AGAIN, read_torch_file
from neurodeploy.frontend.weights.build import built
from neurodeploy.frontend.weights.read import read_weights
from snncore import layer

FORMAT = "neurodeploy-model"
VERSION = 1
_NUMBERS = "save the network again when its weights are finite real numbers"
# The exceptions of our own code for descriptions that make no sense.
_DAMAGE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError)


def save(network: nn.Module, path: str | os.PathLike[str], *, example: Any = None) -> None:
    """Write the network to a file: its layers, their connections, and their tensors.

    The input's shape is that of `example` (T, N, ...), or the last one that the network saw.

    Raises:
        UnsupportedLayerError: if a layer has no name here, or one that modules use themselves,
            or the forward cannot be traced.
        OutputError: if the file cannot be written; nothing is left of it then.

    Examples:
        >>> nd.save(on_chip, "model.pt", example=x)
    """
    require_free_names(name for name, _ in network.named_modules())
    calls = calls_of(network)
    named = [call for call in calls.calls if call.function == "module" and call.target]
    modules = {call.target: call.layer_in(network) for call in named}
    if not modules:
        modules = {"": network}
    shape = tuple(example.shape[2:]) if example is not None else input_shape(network)
    # Layers that the forward never calls do not belong to the network's computation.
    within = tuple(f"{path}." if path else "" for path in modules)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "input_shape": None if shape is None else list(shape),
        "output": calls.output,
        "calls": [[c.name, c.function, list(c.inputs), c.target] for c in calls.calls],
        "layers": {name: describe(module) for name, module in modules.items()},
        "tensors": {
            key: value.detach().cpu()
            for key, value in network.state_dict().items()
            if key.startswith(within)
        },
    }
    write_atomically(Path(path), lambda file: torch.save(document, file))


def load(path: str | os.PathLike[str], *, build_with: str | None = None) -> nn.Module:
    """Return the network in a model file; `build_with` (package.module:function) names a function
    of the user's that builds the architecture for a file of weights alone.

    Raises:
        ModelFileError: if the file is missing, damaged, of another format or not safe to read.

    Examples:
        >>> nd.save(on_chip, "model.pt", example=x)
        >>> nd.lower(nd.load("model.pt"), example=x) == nd.lower(on_chip, example=x)
        True
    """
    if build_with is not None:
        network, _ = built(build_with)
        return _fill(network, read_weights(path), path)
    document = _read(Path(path))
    if document.get("format") != FORMAT:
        tensors = document and all(isinstance(value, torch.Tensor) for value in document.values())
        content = "weights alone" if tensors else "no model of ours"
        raise ModelFileError(
            f"{path}: holds {content}", remedy="give --build package.module:function, or nd.save it"
        )
    try:
        network = _described(document)
    except (NeurodeployError, *_DAMAGE) as error:
        raise ModelFileError(
            f"{path}: the model's description cannot be read: {_first_line(error)}",
            remedy=getattr(error, "remedy", None) or SAVE_AGAIN,
        ) from error
    return _fill(network, document.get("tensors"), path, assign=True).float().eval()


def _described(document: dict[str, Any]) -> nn.Module:
    """Return the network that a document describes, without memory for its tensors."""
    _require_plain({key: value for key, value in document.items() if key != "tensors"})
    if document.get("version") != VERSION:
        raise ModelFileError(f"version {document.get('version')}, but this reads {VERSION}")
    calls = Calls(
        tuple(TracedCall(n, f, tuple(i), t) for n, f, i, t in document["calls"]), document["output"]
    )
    # What a file claims costs nothing until its tensors are known to fit.
    with torch.device("meta"):
        layers = {name: build(entry, str(name)) for name, entry in document["layers"].items()}
        network = assembled(calls, layers)
    _remember_shape(network, calls, document["input_shape"])
    return network


def _require_plain(value: Any) -> None:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _require_plain(item)
    elif not isinstance(value, str | int | float | None):
        raise ModelFileError(f"a {type(value).__name__} where plain data belong")


def input_shape(network: nn.Module) -> tuple[int, ...] | None:
    """Return the shape of one step's input (without time and batch), if a layer knows it."""
    for module in _first_layers(network, calls_of(network)):
        shape: tuple[int, ...] | None = getattr(module, "input_shape", None)
        if shape is not None:
            return shape
        inner = module.synapse if isinstance(module, quant.Block) else module
        inner = inner.real if isinstance(inner, quant.ComplexBlock) else inner
        if isinstance(inner, layer.Linear):
            return (inner.in_features,)
    return None


def _first_layers(network: nn.Module, calls: Calls) -> Iterator[nn.Module]:
    """Yield the layers that receive the input, or a value of its shape."""
    alike = {INPUT}
    for call in calls.calls:
        if not alike & set(call.inputs):
            continue
        if call.function in ("add", "multiply", "complement"):
            alike.add(call.name)
        elif call.function == "module":
            module = call.layer_in(network)
            yield module
            if is_idle(module) or is_encoder(module):
                alike.add(call.name)


def _remember_shape(network: nn.Module, calls: Calls, shape: list[int] | None) -> None:
    if shape is None:
        return
    for module in _first_layers(network, calls):
        setattr(module, "input_shape", tuple(int(length) for length in shape))  # noqa: B010


def _read(path: Path) -> dict[str, Any]:
    document = read_torch_file(path)
    if not isinstance(document, dict):
        raise ModelFileError(
            f"{path}: holds a {type(document).__name__}, not a model", remedy=SAVE_AGAIN
        )
    return document


def _fill(network: nn.Module, tensors: Any, path: object, *, assign: bool = False) -> nn.Module:
    try:
        network.load_state_dict(tensors, assign=assign)
    except _DAMAGE as error:
        raise ModelFileError(
            f"{path}: the weights do not fit the layers: {' '.join(str(error).split())[:2000]}",
            remedy="give the file and the architecture that were trained together",
        ) from error
    for name, value in network.state_dict().items():
        if value.is_complex() or value.layout != torch.strided:
            raise ModelFileError(
                f"{path}: {name}: is not a plain array of real numbers", remedy=_NUMBERS
            )
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ModelFileError(f"{path}: {name}: a value is NaN or infinite", remedy=_NUMBERS)
    return network


def _first_line(error: BaseException) -> str:
    text = error.message if isinstance(error, NeurodeployError) else str(error)
    first = (text.strip().splitlines() or [""])[0][:200]
    # A missing key says little without the name of the exception.
    return first if first and not isinstance(error, KeyError) else f"{type(error).__name__} {first}"
