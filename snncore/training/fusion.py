"""Batch norms inside the neurons after them: nothing between them is written to memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, fx, nn

from snncore.dynamics import Equations
from snncore.dynamics.equations import prune
from snncore.dynamics.evaluate import evaluate
from snncore.dynamics.expression import Op, Operation
from snncore.dynamics.words import TABLE
from snncore.layer import BatchNorm, Layer
from snncore.neuron import EquationNeuron, Neuron

_SCALE, _SHIFT = "norm_scale", "norm_shift"


class NormNeuron(EquationNeuron):
    """A neuron whose input is scaled and shifted by channel, as a batch norm tells it to."""

    def __init__(self, neuron: EquationNeuron) -> None:
        equations = scaled(neuron.equations)
        parameters = {name: getattr(neuron, name) for name in neuron.equations.parameters}
        self.initial = dict(neuron.initial)
        super().__init__(
            equations,
            _function(equations),
            parameters | {_SCALE: 1.0, _SHIFT: 0.0},
            learnable=neuron.learnable,
            surrogate=neuron.surrogate,
            step_mode=str(neuron.step_mode),
            backend=neuron.backend,
            keep_states=neuron.keep_states,
        )
        for name in neuron.learnable:
            # The same parameter, which the optimizer knows.
            setattr(self, name, getattr(neuron, name))
        self.train(neuron.training)
        self.__dict__["unfused"] = neuron

    def take(self, scale: Tensor, shift: Tensor) -> None:
        """Set the scale and the shift for the next input."""
        self.__dict__.update({_SCALE: scale, _SHIFT: shift})


def fuse_norms(network: nn.Module) -> int:
    """Let neurons do the work of the batch norms in front of them, in place; returns how many.

    A norm then only finds its statistics. Parameters and their names stay as they are, results and
    gradients too, but for rounding. Files are written of networks that are not fused.

    Raises:
        ValueError: if the network's forward cannot be traced.
    """
    pairs = list(_pairs(network))
    for norm, path in pairs:
        fused = NormNeuron(_module(network, path))
        _replace(network, path, fused)
        norm.__dict__["into"] = fused
    return len(pairs)


def unfuse_norms(network: nn.Module) -> None:
    """Let batch norms normalize again; states are forgotten."""
    for path, module in list(network.named_modules()):
        if isinstance(module, NormNeuron):
            neuron: Any = module.unfused
            neuron.reset()
            _replace(network, path, neuron)
        elif isinstance(module, BatchNorm):
            module.__dict__.pop("into", None)


def scaled(equations: Equations) -> Equations:
    """Replace the input x of equations with scale * x + shift."""
    operations: list[Operation] = []
    positions: list[int] = []

    def add(op: Op, *args: int, attribute: Any = None) -> int:
        operations.append(Operation(op, args, attribute))
        return len(operations) - 1

    for operation in equations.operations:
        args = tuple(positions[arg] for arg in operation.args)
        number = add(operation.op, *args, attribute=operation.attribute)
        if operation.op == Op.INPUT:
            scale = add(Op.PARAMETER, attribute=_SCALE)
            product = add(Op.MULTIPLY, scale, number)
            number = add(Op.ADD, product, add(Op.PARAMETER, attribute=_SHIFT))
        positions.append(number)
    return prune(
        Equations(
            f"{equations.name}Norm",
            equations.states,
            equations.inputs,
            (*equations.parameters, _SCALE, _SHIFT),
            tuple(operations),
            tuple(positions[number] for number in equations.next_states),
            positions[equations.output],
        )
    )


def _function(equations: Equations) -> Any:
    """Return the step function of equations."""

    def step(*values: Any, **parameters: Any) -> tuple[Any, ...]:
        count = len(equations.states)
        states = dict(zip(equations.states, values[:count], strict=True))
        inputs = dict(zip(equations.inputs, values[count:], strict=True))
        following, spikes = evaluate(equations, TABLE, states, inputs, parameters)
        return (*following.values(), spikes)

    return step


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, Layer | Neuron) or super().is_leaf_module(m, module_qualified_name)


def _pairs(network: nn.Module) -> Iterator[tuple[BatchNorm, str]]:
    """Find norms that only a layer of neurons with one input reads, and that layer's node."""
    try:
        graph = _Tracer().trace(network)
    # A forward may raise anything on a placeholder value.
    except Exception as error:
        name = type(network).__name__
        raise ValueError(f"{name}: its forward cannot be traced: {error}") from error
    uses = [str(node.target) for node in graph.nodes if node.op == "call_module"]
    for node in graph.nodes:
        readers = list(node.users)
        if node.op != "call_module" or len(readers) != 1 or readers[0].op != "call_module":
            continue
        norm, path = network.get_submodule(str(node.target)), str(readers[0].target)
        behind = _module(network, path)
        once = uses.count(path) == uses.count(str(node.target)) == 1
        plain = isinstance(behind, EquationNeuron) and not isinstance(behind, NormNeuron)
        if once and plain and isinstance(norm, BatchNorm) and len(behind.equations.inputs) == 1:
            yield norm, path


def _module(network: nn.Module, path: str) -> Any:
    return network.get_submodule(path)


def _replace(network: nn.Module, path: str, module: nn.Module) -> None:
    holder, _, name = path.rpartition(".")
    setattr(network.get_submodule(holder), name, module)
