"""A program as a torch network of quantized layers, from which the program is lowered again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

import quant
from neurodeploy.data.network.dispatch import Table
from neurodeploy.data.structure import renamed
from neurodeploy.errors import NeurodeployError, UnsupportedLayerError
from neurodeploy.program import (
    Conv2d,
    Dense,
    Flatten,
    Input,
    Integers,
    MaxPool2d,
    Neuron,
    Node,
    Program,
    Signal,
    Synapse,
)
from quant.grid.chips import LOIHI_FORMAT
from quant.grid.formats import ChipFormat, Grid
from snncore import layer
from snncore.dynamics import LOIHI
from snncore.dynamics.zoo.resonator import LOIHI_RESONATOR, RESETTING_RESONATOR, RESONATOR
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF

# Of a file, weights may be odd, which a chip's eight bits with a sign are not while they train.
_ANY_WEIGHTS = Grid(-256, 255)


def network_of(program: Program) -> nn.Module:
    """Return a network with the program's numbers as its parameters, to be trained on.

    Raises:
        UnsupportedLayerError: if a network cannot have a layer; says which and why.
    """
    built = _Builder(program)
    for node in program.nodes:
        try:
            _ADD(node, built)
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            if isinstance(error, NeurodeployError):
                raise
            raise _unsupported(node, f"no layer of a network is like it: {error}") from error
    try:
        return nn.Sequential(built.modules)
    except KeyError as error:
        raise UnsupportedLayerError(f"{error.args[0]}: no layer can be called so") from error


def equal_but_for_names(program: Program, other: Program) -> bool:
    """Return whether both compute the same, whatever their layers are called."""
    if len(program.nodes) != len(other.nodes):
        return False
    names = {b.name: a.name for a, b in zip(program.nodes, other.nodes, strict=True)}
    return all(
        node == renamed(twin, names) for node, twin in zip(program.nodes, other.nodes, strict=True)
    )


@dataclass
class _Builder:
    program: Program
    modules: OrderedDict[str, nn.Module] = field(default_factory=OrderedDict)
    synapse: Synapse | None = None
    recurrent: Dense | None = None
    imaginary: Dense | None = None
    # Whether the next neurons are driven by the samples themselves.
    driven: bool = False

    def append(self, name: str, module: nn.Module) -> None:
        """Append a module under the name of a layer."""
        self.modules[name.replace(".", "_")] = module

    def neurons(self, node: Neuron) -> None:
        """Append neurons, with the weights that wait for them."""
        if self.driven and self.synapse is None:
            self.append(node.name, _driven(node))
            self.driven = False
            return
        if self.synapse is not None and self.imaginary is not None:
            real, imag = self._weights(self.synapse), self._weights(self.imaginary)
            self.append(node.name, quant.ComplexBlock(real, imag, _resonator(node)))
            self.synapse = self.imaginary = None
            return
        if not node.equations.same_computation(CUBA_LIF) or node.system != LOIHI:
            raise _unsupported(node, f"{node.equations.name} neurons are not trained here")
        if self.synapse is None:
            raise _unsupported(node, "has no weights before it")
        weights, back = self._weights(self.synapse), self.recurrent
        neurons = _neuron(node, _format((self.synapse, back)))
        if back is None:
            self.append(node.name, quant.Block(weights, neurons))
        else:
            self.append(self.synapse.name, weights)
            self.append(node.name, layer.Recurrent(neurons, self._weights(back)))
        self.synapse = self.recurrent = None

    def _weights(self, node: Synapse) -> Any:
        form = _format((self.synapse, self.recurrent, self.imaginary))
        module = _WEIGHTS(node, self, form)
        with torch.no_grad():
            module.weight.copy_(_tensor(node.narrow_weight) * module.unit)
        return module

    def delayed(self, node: Dense) -> None:
        """Append the delays of the inputs as a layer of their own, which a network can have."""
        if node.shift:
            raise _unsupported(node, "has sums that the loader shifts, which no network has")
        if node.delays is None:
            return
        if (node.delays != node.delays[0]).any():
            raise _unsupported(node, "has delays of each weight, and a network those of inputs")
        self.append(f"{node.name}.delay", layer.Delay([int(n) for n in node.delays[0]]))


# Enter a node into the network that is built.
_ADD = Table[[_Builder], None]("a network of layers")
# The layer of some weights.
_WEIGHTS = Table[[_Builder, ChipFormat], Any]("the weights of a network of layers")


@_ADD.register(Input)
def _input(node: Input, builder: _Builder) -> None:
    builder.driven = node.signal == Signal.CURRENT


@_ADD.register(Flatten)
def _flatten(node: Flatten, builder: _Builder) -> None:
    builder.append(node.name, layer.Flatten())


@_ADD.register(Dense)
def _dense(node: Dense, builder: _Builder) -> None:
    loop = node.source.delay and isinstance(builder.program.by_name[node.source.source], Neuron)
    if loop:
        builder.recurrent = node
    elif builder.synapse is not None:
        builder.imaginary = node
    else:
        builder.synapse = node


@_ADD.register(Conv2d)
def _conv2d(node: Conv2d, builder: _Builder) -> None:
    builder.synapse = node


@_ADD.register(MaxPool2d)
def _max_pool(node: MaxPool2d, builder: _Builder) -> None:
    raise _unsupported(node, "a MaxPool2d is not read into a network yet")


@_ADD.register(Neuron)
def _neurons(node: Neuron, builder: _Builder) -> None:
    builder.neurons(node)


@_WEIGHTS.register(Dense)
def _linear_layer(node: Dense, builder: _Builder, form: ChipFormat) -> quant.Linear:
    builder.delayed(node)
    outputs, inputs = node.narrow_weight.shape
    return quant.Linear(inputs, outputs, exponent=node.exponent, format=form)


@_WEIGHTS.register(Conv2d)
def _conv_layer(node: Conv2d, builder: _Builder, form: ChipFormat) -> quant.Conv2d:
    outputs, inputs, *_ = node.narrow_weight.shape
    windows = (node.kernel, node.stride, node.padding, node.dilation, node.groups)
    channels = inputs * node.groups
    return quant.Conv2d(channels, outputs, *windows, exponent=node.exponent, format=form)


def _driven(node: Neuron) -> quant.DrivenCubaLIF:
    """Input neurons; those of a file whose samples are not multiplied have a gain of one."""
    plain = node.equations.same_computation(CUBA_LIF) and node.system == LOIHI
    if not plain and not node.equations.same_computation(DRIVEN_CUBA_LIF):
        raise _unsupported(node, f"{node.equations.name} neurons are not trained here")
    unit, values = 2.0**node.exponent, _values(node)
    gain, bias = node.parameters.get("gain", np.array(1)), node.parameters["bias"]
    if gain.size > 1:
        raise _unsupported(node, "has a gain for each neuron, and a network one for all")
    scale = int(gain.reshape(-1)[0]) * unit
    neurons = quant.DrivenCubaLIF(
        **values, scale=scale, bias=bool(bias.any()), exponent=node.exponent
    )
    if neurons.bias is not None:
        with torch.no_grad():
            neurons.bias.copy_(_tensor(bias.reshape(-1)) * unit)
    return neurons


def _resonator(node: Neuron) -> quant.Resonator:
    kinds = (RESONATOR, RESETTING_RESONATOR)
    resets = [kind for kind in kinds if node.equations.same_computation(kind)]
    if node.system != LOIHI_RESONATOR or not resets:
        raise _unsupported(node, f"{node.equations.name} neurons are not trained here")
    fractions = {"threshold": 2.0**node.exponent, "sine": 2.0**-12, "cosine": 2.0**-12}
    values = {
        key: _given(node, key, node.parameters[key]) * step for key, step in fractions.items()
    }
    chosen = resets[0] is RESETTING_RESONATOR
    return quant.Resonator(**values, resets=chosen, exponent=node.exponent)


def _values(node: Neuron) -> dict[str, Any]:
    """Threshold and decays, in the numbers of training."""
    unit = 2.0**node.exponent
    fractions = {"threshold": unit, "current_decay": 2.0**-12, "voltage_decay": 2.0**-12}
    return {key: _given(node, key, node.parameters[key]) * step for key, step in fractions.items()}


def _neuron(node: Neuron, form: ChipFormat) -> quant.CubaLIF:
    unit, values = 2.0**node.exponent, _values(node)
    bias = node.parameters["bias"]
    count = bias.size if bias.any() else None
    neurons = quant.CubaLIF(**values, bias=count, exponent=node.exponent, format=form)
    if neurons.bias is not None:
        with torch.no_grad():
            neurons.bias.copy_(_tensor(_channels(node, "bias", bias)) * unit)
    return neurons


def _given(node: Neuron, key: str, values: Integers) -> Any:
    if values.size == 1:
        return float(values.reshape(-1)[0])
    return _tensor(_channels(node, key, values)).double()


def _channels(node: Neuron, key: str, values: Integers) -> Integers:
    if values.ndim > 1 and values.size != values.shape[0]:
        raise _unsupported(node, f"has a {key} for each neuron of an image, and a network channels")
    return values.reshape(-1)


def _format(nodes: tuple[Synapse | None, ...]) -> ChipFormat:
    """The chip's own grid, or one whose weights may be odd."""
    used = [node.narrow_weight for node in nodes if node is not None]
    grid = LOIHI_FORMAT.weights
    if all(not (w & 1).any() and grid.minimum <= w.min() <= w.max() <= grid.maximum for w in used):
        return LOIHI_FORMAT
    return replace(LOIHI_FORMAT, name="loihi.any", weights=_ANY_WEIGHTS)


def _tensor(values: Integers) -> torch.Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float64)).float()


def _unsupported(node: Node, reason: str) -> UnsupportedLayerError:
    return UnsupportedLayerError(
        f"{node.name}: {reason}", remedy="the file itself can be run, inspected and verified"
    )
