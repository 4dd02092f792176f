"""A torch module as the list of its forward's calls, recorded by symbolic tracing."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from neurodeploy.errors import UnsupportedLayerError, ValidationError
from neurodeploy.frontend.kinds import inputs_of, is_known
from neurodeploy.lines import raised_line
from quant.convert.functions import free_name, is_parts, is_size, moved, step_mode_of
from snncore import encoding, layer
from snncore.decoding import Decoder, decoder_called
from snncore.dynamics.zoo.readout import DECODERS
from snncore.neuron import Neuron

INPUT = "input"


# The number of values that each function takes; a module takes as many as its forward.
_ARITY = {"add": 2, "multiply": 2, "complement": 1, "flatten": 1}
_ARITY |= dict.fromkeys(DECODERS, 1)


@dataclass(frozen=True)
class TracedCall:
    """One value: a module applied (`target` is its path), or a function of values.

    The functions are add, multiply, complement (one minus the value), flatten and decoders, whose
    `target` is the number of first steps that they leave out. One that moves values is a `module`
    of its own, which the network does not have.
    """

    name: str
    function: str
    inputs: tuple[str, ...]
    target: str = ""
    module: nn.Module | None = None

    def __post_init__(self) -> None:
        expected = len(self.inputs) if self.function == "module" else _ARITY.get(self.function)
        if not self.inputs or expected != len(self.inputs):
            raise ValidationError(f"{self.name}: {self.function} of {len(self.inputs)} values")
        if self.decoder is not None and self.target and not self.target.isdecimal():
            raise ValidationError(f"{self.name}: leaves out {self.target!r} steps")

    @property
    def decoder(self) -> Decoder | None:
        """The decoder over time that is called, if one is."""
        if self.function not in DECODERS:
            return None
        return Decoder(self.function, int(self.target or 0))

    def layer_in(self, network: nn.Module) -> nn.Module:
        """Return the layer that is called: one of the network, or that of a function."""
        return network.get_submodule(self.target) if self.module is None else self.module


@dataclass(frozen=True)
class Calls:
    """All calls in order; the network's input is called `input`."""

    calls: tuple[TracedCall, ...]
    output: str


_REMEDY = "use the layers of quant, or for float networks those of snncore.layer"
_WAYS = (
    "a forward may call layers, add their results and flatten them; it may not branch on values. "
    "Three ways on: nd.convert(module, example=x) records a run of a module as it is; "
    "neuron.define makes a layer of your own neuron; layers of snncore.layer replace the rest"
)
# Layers that training replaced, with the call that restores them.
_UNDONE = {
    "NormNeuron": "call snncore.training.unfuse_norms(network) first",
    "TraceSynapse": "call snncore.learning.offline(network) first",
}
# The functions and methods that a traced forward may call.
_FUNCTIONS: dict[Any, str] = {
    **dict.fromkeys((operator.add, operator.iadd, torch.add, "add", "add_"), "add"),
    **dict.fromkeys((operator.mul, operator.imul, torch.mul, "mul", "mul_"), "multiply"),
}
_ENCODERS: dict[Any, str] = {getattr(encoding, name): name for name in encoding.__all__}


class _Tracer(fx.Tracer):
    def __init__(self) -> None:
        # An encoder is one call, so that it can be named.
        modules: Any = (math, encoding)
        super().__init__(autowrap_modules=modules)
        # The innermost module that raised an error while it was traced.
        self.failed: nn.Module | None = None

    def call_module(self, m: nn.Module, *called: Any) -> Any:
        try:
            return super().call_module(m, *called)
        except Exception:
            self.failed = self.failed or m
            raise

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        # A module that a graph cannot contain is named, not traced into.
        leaf = is_known(m) or isinstance(m, layer.Layer | Neuron)
        return leaf or super().is_leaf_module(m, module_qualified_name)


def calls_of(network: nn.Module) -> Calls:
    """Return the calls of a network's forward.

    Raises:
        UnsupportedLayerError: if the forward cannot be traced, or calls something unsupported.
    """
    if is_known(network):
        return Calls((TracedCall("network", "module", (INPUT,), ""),), "network")
    tracer = _Tracer()
    try:
        graph = tracer.trace(network)
    # While it is traced, a forward may raise anything.
    except Exception as error:
        line, kind = raised_line(error), type(network).__name__
        paths = (path for path, module in network.named_modules() if module is tracer.failed)
        within = "".join(f" in {path} ({type(tracer.failed).__name__})" for path in paths)
        raise UnsupportedLayerError(
            f"{kind}: its forward cannot be traced{within}{f' at {line}' if line else ''}: "
            f"{error or type(error).__name__}",
            remedy=_WAYS,
        ) from error
    return _Reader(network).read(graph)


def refused(name: str, operation: str) -> UnsupportedLayerError:
    """Return the error for an operation of a forward that a graph cannot contain."""
    return UnsupportedLayerError(
        f"{name}: {operation} is not an operation that can be exported",
        remedy="a forward may call layers, add, join, cut, permute and reshape their results",
    )


class _Reader:
    """A reader that turns the nodes of a traced forward into calls, each named after its module."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.paths = {path for path, _ in network.named_modules()}
        self.step_mode = step_mode_of(network)
        self.names: dict[fx.Node, str] = {}
        self.calls: list[TracedCall] = []
        self.output: str | None = None

    def read(self, graph: fx.Graph) -> Calls:
        for node in graph.nodes:
            getattr(self, f"_{node.op}")(node)
        if self.output is None:
            raise UnsupportedLayerError("the network returns nothing")
        return Calls(tuple(self.calls), self.output)

    def _placeholder(self, node: fx.Node) -> None:
        if INPUT in self.names.values():
            if node.args:
                # A second argument with a default value keeps its default.
                return
            raise UnsupportedLayerError(f"{node.target}: a second input is not supported")
        self.names[node] = INPUT

    def _call_module(self, node: fx.Node) -> None:
        path = str(node.target)
        module = self.network.get_submodule(path)
        if path == INPUT:
            raise UnsupportedLayerError(
                f"{path}: the network's input has this name", remedy="rename the layer"
            )
        if not is_known(module):
            kind = type(module)
            prefix = "torch.nn." if kind.__module__.startswith("torch.nn") else ""
            raise UnsupportedLayerError(
                f"{path}: {prefix}{kind.__name__} is not a layer that can be exported",
                remedy=_UNDONE.get(kind.__name__, _REMEDY),
            )
        if any(call.target == path for call in self.calls if call.function == "module"):
            raise UnsupportedLayerError(
                f"{path}: this layer is used twice", remedy="give each use its own layer"
            )
        count = inputs_of(module, len(node.args))
        self._add(node, TracedCall(path, "module", self._inputs(node, count), path))

    def _moves(self, node: fx.Node) -> bool:
        """Read a function that moves values; return whether it does, or only asks for a shape."""
        if is_size(node) or is_parts(node):
            # What reads it is refused, unless it is an argument that says nothing new.
            return True
        replaced = moved(node, self.step_mode)
        if replaced is None:
            return False
        inputs = tuple(self._name(source) for source in replaced.sources)
        for count, part in enumerate(replaced.layers):
            name = free_name(node.name if count == 0 else f"{node.name}_{count}", self.paths)
            self._add(node, TracedCall(name, "module", inputs, name, part))
            inputs = (name,)
        # A slice of everything is what it reads.
        (self.names[node],) = inputs
        return True

    def _call_function(self, node: fx.Node) -> None:
        if self._moves(node):
            return
        if node.target in _FUNCTIONS and not node.kwargs:
            self._function(node, _FUNCTIONS[node.target])
        elif node.target is operator.sub and node.args[0] == 1:
            self._function(node, "complement", 1)
        elif node.target is torch.flatten:
            self._flatten(node)
        elif decoder_called(node.target, node.args, node.kwargs) is not None:
            self._decode(node)
        elif node.target in _ENCODERS:
            raise UnsupportedLayerError(
                f"{node.name}: encoding.{_ENCODERS[node.target]} cannot be part of a network that "
                "becomes a program, which takes spikes",
                remedy="encode before the network is called, as spikes: encoding.rate, level, ...",
            )
        else:
            self._refuse(node)

    def _call_method(self, node: fx.Node) -> None:
        if self._moves(node):
            return
        if node.target == "flatten":
            self._flatten(node)
        elif node.target in _FUNCTIONS and not node.kwargs:
            self._function(node, _FUNCTIONS[node.target])
        elif decoder_called(node.target, node.args, node.kwargs) is not None:
            self._decode(node)
        else:
            self._refuse(node)

    def _get_attr(self, node: fx.Node) -> None:
        self._refuse(node)

    def _output(self, node: fx.Node) -> None:
        result = node.args[0]
        if not isinstance(result, fx.Node):
            raise UnsupportedLayerError("the network returns nothing, or more than one value")
        self.output = self._name(result)

    def _flatten(self, node: fx.Node) -> None:
        arguments: list[Any] = [*node.args[1:], *node.kwargs.values()]
        first = 1 if self.step_mode == "s" else 2
        if arguments not in ([first], [first, -1]) or not set(node.kwargs) <= {"start_dim"}:
            raise UnsupportedLayerError(
                f"{node.name}: does not flatten the axes after time and batch",
                remedy="use snncore.layer.Flatten, or torch.flatten(x, 2)",
            )
        self._function(node, "flatten")

    def _decode(self, node: fx.Node) -> None:
        """Append a decoder over time, which nothing but the network's output may read."""
        if any(reader.op != "output" for reader in node.users):
            raise UnsupportedLayerError(
                f"{node.name}: decodes over time, and other layers read it",
                remedy="let the network return it",
            )
        decoder = decoder_called(node.target, node.args, node.kwargs)
        assert decoder is not None
        self._function(node, decoder.name, target=str(decoder.skip or ""))

    def _refuse(self, node: fx.Node) -> None:
        target = getattr(node.target, "__name__", str(node.target))
        raise refused(node.name, target)

    def _inputs(self, node: fx.Node, count: int, first: int = 0) -> tuple[str, ...]:
        values = node.args[first : first + count]
        if len(values) < count or not all(isinstance(value, fx.Node) for value in values):
            raise UnsupportedLayerError(f"{node.name}: an argument is not a value of the network")
        return tuple(self._name(value) for value in values if isinstance(value, fx.Node))

    def _name(self, value: fx.Node) -> str:
        if value not in self.names:
            if is_size(value) or is_parts(value):
                raise refused(value.name, "a shape, or parts that are not taken one by one,")
            raise UnsupportedLayerError(f"{value.name}: a second input is not supported")
        return self.names[value]

    def _function(self, node: fx.Node, function: str, first: int = 0, target: str = "") -> None:
        # A decoder has one name, whichever function of torch's it was written with.
        name = free_name(function if function in DECODERS else node.name, self.paths)
        inputs = self._inputs(node, _ARITY[function], first)
        self._add(node, TracedCall(name, function, inputs, target))

    def _add(self, node: fx.Node, call: TracedCall) -> None:
        self.names[node] = call.name
        self.calls.append(call)
