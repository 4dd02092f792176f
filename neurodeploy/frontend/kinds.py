"""The modules that a checkpoint may contain, by name; no other layer is ever built."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from torch import nn

import quant
from neurodeploy.errors import ModelFileError, UnsupportedLayerError
from neurodeploy.frontend.containers import CHAIN, CONTAINERS
from snncore import encoding, layer, neuron, surrogate, timing

# Layers that the packages show, but that are base classes or contain other layers.
_BASES = (
    layer.BatchNorm,
    layer.Layer,
    layer.StateLayer,
    layer.StepBatchNorm,
    neuron.EquationNeuron,
    neuron.Neuron,
    quant.ChipNeuron,
    layer.TimeDistributed,
    *(each.kind for each in CONTAINERS),
)


def _shown(package: ModuleType) -> dict[str, type[nn.Module]]:
    """Return the layers that a package shows and whose arguments are plain data."""
    shown = {name: getattr(package, name) for name in package.__all__}
    return {
        f"{package.__name__.rpartition('.')[2]}.{name}": kind
        for name, kind in shown.items()
        if isinstance(kind, type)
        and issubclass(kind, nn.Module)
        and hasattr(kind, "config")
        and kind not in _BASES
    }


_CONFIGURED = _shown(layer) | _shown(neuron) | _shown(quant) | _shown(encoding) | _shown(timing)
# These do nothing in an exported network.
_IDLE: dict[str, type[nn.Module]] = {"Identity": nn.Identity, "Dropout": nn.Dropout}
_DROPOUTS = (layer.Dropout, layer.Dropout2d)
_ALONE = _CONFIGURED | _IDLE
_CONTAINERS = {each.name: each for each in (*CONTAINERS, CHAIN)}
_NAMES = {kind: name for name, kind in _ALONE.items()} | {c.kind: c.name for c in CONTAINERS}


def is_known(module: nn.Module) -> bool:
    """Return whether a graph and a checkpoint have a name for this layer."""
    return _kind(module) in _NAMES


def _kind(module: nn.Module) -> type[nn.Module]:
    """Return the module's class; a neuron that a user defined is kept as its equations."""
    return neuron.Defined if isinstance(module, neuron.Defined) else type(module)


def inputs_of(module: nn.Module, count: int) -> int:
    """Return how many of `count` values a layer's forward takes."""
    if isinstance(module, layer.Concat):
        return max(count, 1)
    if isinstance(module, neuron.EquationNeuron):
        return len(module.equations.inputs)
    return 3 if isinstance(module, layer.SpikeAttention) else 1


def is_encoder(module: nn.Module) -> bool:
    """Return whether the module encodes the network's samples."""
    return isinstance(module, encoding.Direct | quant.InputEncoder)


def is_idle(module: nn.Module) -> bool:
    """Return whether the module passes its input on unchanged."""
    if isinstance(module, encoding.Direct):
        return module.exponent is None
    return type(module) in (*_IDLE.values(), *_DROPOUTS)


def describe(module: nn.Module) -> dict[str, Any]:
    """Return a layer as plain data.

    Raises:
        UnsupportedLayerError: if it has no name here.
    """
    kind = _kind(module)
    if kind not in _NAMES and kind is not CHAIN.kind:
        raise UnsupportedLayerError(
            f"{type(module).__name__} is not a layer that can be saved",
            remedy="use the layers of snncore.layer or quant",
        )
    name = _NAMES.get(kind, CHAIN.name)
    container = _CONTAINERS.get(name)
    if container is not None:
        parts = container.parts(module).items()
        data: dict[str, Any] = {
            "type": name,
            "parts": {key: None if part is None else describe(part) for key, part in parts},
        }
        return data | ({"config": _config(module)} if container.configured else {})
    slope = getattr(module, "surrogate", None)
    if slope is not None and type(slope) not in surrogate.KINDS.values():
        raise UnsupportedLayerError(
            f"{type(slope).__name__} is a surrogate of your own, which no file can describe",
            remedy="save with one of ours, and set yours again after loading",
        )
    return {"type": name, "config": _config(module)}


def _config(module: nn.Module) -> dict[str, Any]:
    config = getattr(module, "config", None)
    return config() if callable(config) else {}


def build(entry: Any, name: str) -> nn.Module:
    """Return the layer that the data describe; `name` is its name in the network.

    Raises:
        ModelFileError: if the data do not describe a layer; names it.
    """
    try:
        container = _CONTAINERS.get(entry["type"])
        if container is not None:
            parts = {
                str(key): None if part is None else build(part, f"{name}.{key}")
                for key, part in entry["parts"].items()
            }
            return container.build(parts, **(entry["config"] if container.configured else {}))
        return _built(entry)
    except ModelFileError:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind in _ALONE and not isinstance(error, TypeError | LookupError):
            raise ModelFileError(f"{name}: {error}") from error
        raise ModelFileError(f"{name}: not a layer that we know: {entry!r:.80}: {error}") from error


def _built(entry: dict[str, Any]) -> nn.Module:
    config = dict(entry["config"])
    if "surrogate" in config:
        described = config["surrogate"]
        values = {key: value for key, value in described.items() if key != "type"}
        config["surrogate"] = surrogate.KINDS[described["type"]](**values)
    return _ALONE[entry["type"]](**config)
