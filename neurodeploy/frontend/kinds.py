"""The modules a checkpoint may hold, by name: a layer that no package shows is never built."""

from __future__ import annotations

from collections import OrderedDict
from types import ModuleType
from typing import Any

from torch import nn

import quant
from neurodeploy.errors import ModelFileError, UnsupportedLayerError
from snncore import layer, neuron, surrogate

# Of the layers that the packages show, these are bases, or hold other layers.
_BASES = (
    layer.BatchNorm,
    layer.Layer,
    layer.StateLayer,
    neuron.EquationNeuron,
    neuron.Neuron,
    quant.ChipNeuron,
)
_CONTAINERS = (
    layer.Recurrent,
    layer.Steps,
    layer.TimeDistributed,
    quant.Block,
    quant.ComplexBlock,
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
        and kind not in (*_BASES, *_CONTAINERS)
    }


_CONFIGURED = _shown(layer) | _shown(neuron) | _shown(quant)
# While a network is exported these do nothing.
_IDLE: dict[str, type[nn.Module]] = {"Identity": nn.Identity, "Dropout": nn.Dropout}
_DROPOUTS = (layer.Dropout, layer.Dropout2d)
_BLOCK, _RECURRENT, _STEPS = "quant.Block", "layer.Recurrent", "layer.Steps"
_COMPLEX = "quant.ComplexBlock"
# Only within the layers that run step by step; elsewhere its members stand for themselves.
_CHAIN = "Sequential"
_NAMES = {
    **{kind: name for name, kind in (_CONFIGURED | _IDLE).items()},
    quant.Block: _BLOCK,
    quant.ComplexBlock: _COMPLEX,
    layer.Recurrent: _RECURRENT,
    layer.Steps: _STEPS,
}


def is_known(module: nn.Module) -> bool:
    """Whether the module is a layer that a graph and a checkpoint have a name for."""
    return _kind(module) in _NAMES


def _kind(module: nn.Module) -> type[nn.Module]:
    """The module's class; a neuron that a user defined is kept as its equations."""
    return neuron.Defined if isinstance(module, neuron.Defined) else type(module)


def inputs_of(module: nn.Module) -> int:
    """How many values a layer's forward takes."""
    return 3 if isinstance(module, layer.SpikeAttention) else 1


def is_idle(module: nn.Module) -> bool:
    """Whether the module passes its input on."""
    return type(module) in (*_IDLE.values(), *_DROPOUTS)


def describe(module: nn.Module) -> dict[str, Any]:
    """A layer as plain data.

    Raises:
        UnsupportedLayerError: if there is no name for it.
    """
    if type(module) is nn.Sequential:
        return {"type": _CHAIN, "parts": {n: describe(m) for n, m in module.named_children()}}
    if not is_known(module):
        raise UnsupportedLayerError(f"{type(module).__name__} is no layer that can be saved")
    name = _NAMES[_kind(module)]
    if isinstance(module, quant.Block):
        parts = {"synapse": describe(module.synapse), "neuron": describe(module.neuron)}
        if module.norm is not None:
            parts["norm"] = describe(module.norm)
        return {"type": name, "parts": parts}
    if isinstance(module, quant.ComplexBlock):
        return {"type": name, "parts": {n: describe(m) for n, m in module.named_children()}}
    if isinstance(module, layer.Recurrent):
        fed_back = None if module.feedback is None else describe(module.feedback)
        within = {"body": describe(module.body), "feedback": fed_back}
        return {"type": name, "parts": within, "config": module.config()}
    if isinstance(module, layer.Steps):
        within = {"module": describe(module.module)}
        return {"type": name, "parts": within, "config": module.config()}
    slope = getattr(module, "surrogate", None)
    if slope is not None and type(slope) not in surrogate.KINDS.values():
        raise UnsupportedLayerError(
            f"{type(slope).__name__} is a surrogate of your own, which no file can describe",
            remedy="save with one of ours, and set yours again after loading",
        )
    config = getattr(module, "config", None)
    return {"type": name, "config": config() if callable(config) else {}}


def build(entry: Any, place: str) -> nn.Module:
    """The layer that the data describe, which has this name in its network.

    Raises:
        ModelFileError: if they describe none; names it.
    """
    try:
        name = entry["type"]
        if name == _BLOCK:
            return _block({k: build(part, f"{place}.{k}") for k, part in entry["parts"].items()})
        if name == _RECURRENT:
            found = [(k, entry["parts"].get(k)) for k in ("body", "feedback")]
            within = [part and build(part, f"{place}.{k}") for k, part in found]
            return layer.Recurrent(*within, **entry["config"])
        if name in (_CHAIN, _STEPS, _COMPLEX):
            parts = {str(k): build(part, f"{place}.{k}") for k, part in entry["parts"].items()}
            if name == _STEPS:
                return layer.Steps(parts["module"], **entry["config"])
            if name == _COMPLEX:
                return _complex(parts)
            return nn.Sequential(OrderedDict(parts))
        config = dict(entry["config"])
        if "surrogate" in config:
            described = config["surrogate"]
            values = {key: value for key, value in described.items() if key != "type"}
            config["surrogate"] = surrogate.KINDS[described["type"]](**values)
        return (_CONFIGURED | _IDLE)[name](**config)
    except ModelFileError:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind in _CONFIGURED | _IDLE and not isinstance(error, TypeError | LookupError):
            raise ModelFileError(f"{place}: {error}") from error
        raise ModelFileError(f"{place}: no layer that we know: {entry!r:.80}: {error}") from error


def _block(parts: dict[str, nn.Module]) -> quant.Block:
    synapse, neurons, norm = parts["synapse"], parts["neuron"], parts.get("norm")
    if not isinstance(synapse, quant.Linear | quant.Conv2d | quant.SumPool2d):
        raise TypeError(f"{type(synapse).__name__} is no synapse of a block")
    if not isinstance(neurons, quant.ChipNeuron):
        raise TypeError(f"{type(neurons).__name__} is no neuron of a block")
    if not isinstance(norm, layer.BatchNorm | None):
        raise TypeError(f"{type(norm).__name__} is no batch norm of a block")
    return quant.Block(synapse, neurons, norm=norm)


def _complex(parts: dict[str, nn.Module]) -> quant.ComplexBlock:
    real, imag, neurons = parts["real"], parts["imag"], parts["neuron"]
    if not (isinstance(real, quant.Linear) and isinstance(imag, quant.Linear)):
        raise TypeError("complex weights are two layers of dense weights")
    if not isinstance(neurons, quant.Resonator):
        raise TypeError(f"{type(neurons).__name__} is no resonator")
    return quant.ComplexBlock(real, imag, neurons)
