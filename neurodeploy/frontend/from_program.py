"""A program as a torch network of quantized layers, which lowers to the same program."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

import quant
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import renamed
from neurodeploy.errors import NeurodeployError, UnsupportedLayerError
from neurodeploy.program import (
    Conv2d,
    Dense,
    Flatten,
    Input,
    Integers,
    Neuron,
    Node,
    Program,
    Signal,
    Synapse,
)
from quant.grid.formats import ChipFormat, Grid
from quant.grid.registry import format_with
from snncore import layer
from snncore.dynamics import NumberSystem
from snncore.dynamics.zoo.driven import GAIN, driven
from snncore.dynamics.zoo.readout import CUBA_INTEGRATOR, not_integrating
from snncore.dynamics.zoo.resonator import RESONATOR, resetting_resonator
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF


def network_of(program: Program) -> nn.Module:
    """Return a network with the program's numbers as its parameters, to be trained on.

    Raises:
        UnsupportedLayerError: if a network cannot have a layer; says which and why.
    """
    built = _Builder(program)
    for node in program.nodes:
        if not _ADD.knows(node):
            raise _unsupported(
                node, f"the kind {type(node).__name__} is not read into a network yet"
            )
        try:
            _ADD(node, built)
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            if isinstance(error, NeurodeployError):
                raise
            raise _unsupported(node, f"no layer of a network is like it: {error}") from error
    try:
        return nn.Sequential(built.modules)
    except KeyError as error:
        raise UnsupportedLayerError(f"{error.args[0]}: a layer cannot have this name") from error


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
            resonators = _resonator(node)
            form = _any_weights(resonators.format, (self.synapse, self.imaginary))
            real, imag = (self._weights(part, form) for part in (self.synapse, self.imaginary))
            self.append(node.name, quant.ComplexBlock(real, imag, resonators))
            self.synapse = self.imaginary = None
            return
        own = _own_format(node)
        if self.synapse is None:
            raise _unsupported(node, "has no weights before it")
        back = self.recurrent
        form = _any_weights(own, (self.synapse, back))
        weights, neurons = self._weights(self.synapse, form), _neuron(node, form)
        if back is None:
            self.append(node.name, quant.Block(weights, neurons))
        else:
            self.append(self.synapse.name, weights)
            self.append(node.name, layer.Recurrent(neurons, self._weights(back, form)))
        self.synapse = self.recurrent = None

    def _weights(self, node: Synapse, form: ChipFormat) -> Any:
        module = _WEIGHTS(node, self, form)
        with torch.no_grad():
            module.weight.copy_(_tensor(node.narrow_weight) * module.unit)
        return module

    def delayed(self, node: Dense) -> None:
        """Append the delays of the inputs as a separate layer, which a network can have."""
        if node.shift:
            raise _unsupported(node, "has sums that the loader shifts, which a network cannot have")
        if node.delays is None:
            return
        if (node.delays != node.delays[0]).any():
            raise _unsupported(node, "has a delay per weight, but a network has one per input")
        self.append(f"{node.name}.delay", layer.Delay([int(n) for n in node.delays[0]]))


# Enter a node into the network that is built.
_ADD = KindTable[[_Builder], None]("a network of layers")
# Build the layer of some weights.
_WEIGHTS = KindTable[[_Builder, ChipFormat], Any]("the weights of a network of layers")


@_ADD.register(Input)
def _input(node: Input, builder: _Builder) -> None:
    builder.driven = node.signal == Signal.CURRENT
    form = node.encoding
    if form is not None:
        encoder = quant.InputEncoder(form.exponent, form.low, form.high)
        builder.append(_free("encoder", builder.program), encoder)


def _free(name: str, program: Program) -> str:
    """Return the name, or a longer one that no node has."""
    while name in program.by_name:
        name += "_"
    return name


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
    """Return input neurons; plain ones, whose input nothing multiplies, get a gain of one."""
    plain = node.equations.same_computation(CUBA_LIF)
    if not plain and not node.equations.same_computation(DRIVEN_CUBA_LIF):
        raise _not_trained(node)
    form = _format(node, driven(node.system) if plain else node.system, "DrivenCubaLIF")
    unit, values = 2.0**node.exponent, _values(node)
    gain, bias = node.parameters.get(GAIN, np.array(1)), node.parameters["bias"]
    if gain.size > 1:
        raise _unsupported(node, "has a gain per neuron, but a network has one for all")
    scale = int(gain.reshape(-1)[0]) * unit
    neurons = quant.DrivenCubaLIF(
        **values, scale=scale, bias=bool(bias.any()), exponent=node.exponent, format=form
    )
    if neurons.bias is not None:
        with torch.no_grad():
            neurons.bias.copy_(_tensor(bias.reshape(-1)) * unit)
    return neurons


def _resonator(node: Neuron) -> quant.Resonator:
    form = _format(node, node.system, "Resonator")
    resetting = resetting_resonator(node.system.state("imag").fraction)
    resets = node.equations.same_computation(resetting)
    if not resets and not node.equations.same_computation(RESONATOR):
        raise _not_trained(node)
    values = _values(node, ("threshold", "sine", "cosine"))
    return quant.Resonator(**values, resets=resets, exponent=node.exponent, format=form)


def _values(
    node: Neuron, names: tuple[str, ...] = ("threshold", "current_decay", "voltage_decay")
) -> dict[str, Any]:
    """Return parameters in the numbers of training: a ratio, or a multiple of the unit."""
    values = {}
    for name in names:
        fraction = node.system.parameter_fraction(name)
        step = 2.0 ** (-fraction if fraction else node.exponent)
        values[name] = _parameter(node, name, node.parameters[name]) * step
    return values


def _own_format(node: Neuron) -> ChipFormat:
    """Return the chip's format that has these neurons."""
    if node.equations.same_computation(CUBA_LIF):
        return _format(node, node.system, "CubaLIF")
    if node.equations.same_computation(CUBA_INTEGRATOR):
        return _format(node, not_integrating(node.system), "LeakyIntegrator")
    raise _not_trained(node)


def _neuron(node: Neuron, form: ChipFormat) -> quant.ChipNeuron:
    unit, bias = 2.0**node.exponent, node.parameters["bias"]
    options: dict[str, Any] = {"bias": bias.size if bias.any() else None, "format": form}
    options["exponent"] = node.exponent
    neurons: quant.ChipNeuron
    if node.equations.same_computation(CUBA_INTEGRATOR):
        decays = _values(node, ("current_decay", "voltage_decay"))
        neurons = quant.LeakyIntegrator(**decays, **options)
    else:
        neurons = quant.CubaLIF(**_values(node), **options)
    if neurons.bias is not None:
        with torch.no_grad():
            neurons.bias.copy_(_tensor(_channels(node, "bias", bias)) * unit)
    return neurons


def _parameter(node: Neuron, key: str, values: Integers) -> Any:
    if values.size == 1:
        return float(values.reshape(-1)[0])
    return _tensor(_channels(node, key, values)).double()


def _channels(node: Neuron, key: str, values: Integers) -> Integers:
    if values.ndim > 1 and values.size != values.shape[0]:
        raise _unsupported(
            node, f"has a {key} per neuron of an image, but a network has one per channel"
        )
    return values.reshape(-1)


def _format(node: Neuron, system: NumberSystem, neuron: str) -> ChipFormat:
    """Return the chip's format that has this arithmetic and these neurons."""
    form = format_with(system, neuron)
    if form is None:
        raise _not_trained(node)
    return form


def _any_weights(form: ChipFormat, nodes: tuple[Synapse | None, ...]) -> ChipFormat:
    """Return the format, or one that has the integers between its weights too.

    A file may hold weights that the chip's grid leaves out while a network trains.
    """
    used = [node.narrow_weight for node in nodes if node is not None]
    grid = form.weights
    low, high, step = grid.minimum, grid.maximum, grid.step
    if all(not (w % step).any() and low <= w.min() <= w.max() <= high for w in used):
        return form
    return replace(form, name=f"{form.name}.any", weights=Grid(low, high + step - 1))


def _tensor(values: Integers) -> torch.Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float64)).float()


def _not_trained(node: Neuron) -> UnsupportedLayerError:
    return _unsupported(node, f"{node.equations.name} neurons are not trained here")


def _unsupported(node: Node, reason: str) -> UnsupportedLayerError:
    return UnsupportedLayerError(
        f"{node.name}: {reason}", remedy="the file itself can be run, inspected and verified"
    )
