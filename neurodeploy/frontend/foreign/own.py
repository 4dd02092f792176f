"""A user's own neuron: one step of its module traced into equations."""

from __future__ import annotations

import copy
import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.proxy_tensor import make_fx

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.aten import Condition, word
from neurodeploy.frontend.foreign.form import OUTPUT, Taken
from neurodeploy.frontend.foreign.recording.calls import (
    Call,
    Recording,
    Ref,
    tensors_in,
)
from neurodeploy.lines import code_place
from snncore import neuron
from snncore.dynamics.equations import Equations, trace

_REMEDY = "write it with snncore.neuron.define, five lines that train and export everywhere"


@dataclass(frozen=True)
class _Step:
    """One step as traced by torch: its graph, the names of its states, and their results."""

    graph: fx.GraphModule
    states: tuple[str, ...]
    # The results by number: which one is each state's next value.
    following: tuple[int, ...]


def traced(module: nn.Module, path: str, recording: Recording) -> Taken:
    """Return a user's module of neurons, which was called once a step, as equations.

    Raises:
        UnsupportedLayerError: if one step is not what equations can say; names the operation.
    """
    calls = [call for call in recording.calls if call.is_module and call.name == path]
    label = f"{path} ({type(module).__name__}, {code_place(module.forward)})"
    try:
        if len(calls) < 2:
            raise UnsupportedLayerError("is called once, so that its states do not show")
        step, outputs = _traced_step(module, calls, recording)
        equations, values = _equations(step, type(module).__name__)
    except UnsupportedLayerError as error:
        raise UnsupportedLayerError(
            f"{label}, a neuron of your own: {error.message}", remedy=_REMEDY
        ) from error
    # What torch says of code that cannot be traced may be anything.
    except Exception as error:
        cause = error.__cause__
        unknown = cause.message if isinstance(cause, UnsupportedLayerError) else str(error)
        words = (unknown.strip().splitlines() or [type(error).__name__])[0][:200]
        hint = getattr(cause, "remedy", None)
        raise UnsupportedLayerError(
            f"{label}: one step cannot be traced: {words}",
            remedy=f"{hint}; or {_REMEDY}" if hint else _REMEDY,
        ) from error
    layer = neuron.Defined(equations, values, {})
    return Taken(layer, outputs, None, "traced for one step into equations")


def _traced_step(
    module: nn.Module, calls: Sequence[Call], recording: Recording
) -> tuple[_Step, tuple[str, ...]]:
    """Return one step and the names of what a call returns."""
    first, second = calls[:2]
    refs = second.refs
    if not refs:
        raise UnsupportedLayerError("reads nothing")
    fed = [first.results.index(r.number) if r.number in first.results else -1 for r in refs[1:]]
    if -1 in fed:
        raise UnsupportedLayerError("reads a value that it did not return one step earlier")
    shape = recording.shapes[refs[0].number]
    own = copy.deepcopy(module)
    hidden = _hidden_states(own, second, shape)
    names = _names(module, len(fed), hidden)

    def step(*values: Tensor) -> list[Tensor]:
        passed, kept = values[: len(refs)], values[len(refs) :]
        for name, value in zip(hidden, kept, strict=True):
            _set(own, name, value)
        args, kwargs = _filled((second.args, dict(second.kwargs)), iter(passed))
        results = list(tensors_in(own(*args, **kwargs)))
        return [*results, *(getattr(own, name) for name in hidden)]

    examples = [torch.rand(shape) for _ in range(len(refs) + len(hidden))]
    with torch.no_grad():
        graph = make_fx(step)(*examples)
    count = len(second.results)
    following = (*fed, *range(count, count + len(hidden)))
    outputs = [OUTPUT]
    for number in range(1, count):
        if number not in fed:
            break
        outputs.append(names[fed.index(number)])
    return _Step(graph, names, following), tuple(outputs)


def _hidden_states(own: nn.Module, call: Call, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Return the attributes that a call changes: the states that the module keeps itself."""
    with torch.no_grad():
        before: dict[str, Any] = {}
        for _ in range(2):
            before = dict(_attributes(own))
            inputs = (torch.rand(shape) for _ in call.refs)
            args, kwargs = _filled((call.args, dict(call.kwargs)), inputs)
            own(*args, **kwargs)
        after = dict(_attributes(own))
    return tuple(
        name
        for name, value in after.items()
        if isinstance(value, Tensor) and before.get(name) is not value
    )


def _attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    yield from module._buffers.items()
    for name, value in vars(module).items():
        if not name.startswith("_") and name != "training":
            yield name, value


def _set(module: nn.Module, name: str, value: Tensor) -> None:
    if name in module._buffers:
        module._buffers[name] = value
    else:
        vars(module)[name] = value


def _names(module: nn.Module, explicit: int, hidden: Sequence[str]) -> tuple[str, ...]:
    """Return names for the states: those of the forward's arguments, and of attributes."""
    arguments = list(signature(module.forward).parameters)[1 : explicit + 1]
    wanted = [*arguments, *[""] * (explicit - len(arguments)), *hidden]
    names: list[str] = []
    for index, name in enumerate(wanted):
        usable = name.isidentifier() and not keyword.iskeyword(name) and len(name) > 1
        names.append(name if usable and name not in names else f"state{index}")
    return tuple(names)


def _filled(values: Any, tensors: Iterator[Tensor]) -> Any:
    """Return arguments with every value replaced by the next tensor."""
    if isinstance(values, Ref):
        return next(tensors)
    if isinstance(values, dict):
        return {key: _filled(value, tensors) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return type(values)(_filled(value, tensors) for value in values)
    return values


def _equations(step: _Step, name: str) -> tuple[Equations, Mapping[str, Any]]:
    """Return the equations of a traced step, and the values of their parameters."""
    values, fixed = dict[str, Any](), _fixed_values(step.graph)
    for node in step.graph.graph.nodes:
        for source in node.all_input_nodes:
            if source in fixed and node not in fixed and isinstance(fixed[source], Tensor):
                values[f"p_{source.name}"] = _parameter(fixed[source])
    names = tuple(values)

    def run(*symbols: Any, **parameters: Any) -> tuple[Any, ...]:
        return _run(step, fixed, symbols, parameters)

    kinds = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
    arguments = [Parameter(each, kinds[0]) for each in (*step.states, "x")]
    keywords = [Parameter(each, kinds[1]) for each in names]
    vars(run)["__signature__"] = Signature([*arguments, *keywords])
    return trace(run, states=step.states, parameters=names, name=name), values


def _fixed_values(graph: fx.GraphModule) -> dict[fx.Node, Any]:
    """Return the values that depend on no input, computed by torch itself."""
    fixed: dict[fx.Node, Any] = {}
    for node in graph.graph.nodes:
        if node.op == "get_attr":
            fixed[node] = getattr(graph, str(node.target)).detach()
        elif node.op == "call_function" and all(n in fixed for n in node.all_input_nodes):
            args, kwargs = fx.node.map_arg((node.args, node.kwargs), fixed.__getitem__)
            fixed[node] = node.target(*args, **kwargs)
    return fixed


def _parameter(value: Tensor) -> Any:
    """Return a parameter's number if all are one, else its values."""
    flat = value.float().flatten()
    same = bool(flat.numel()) and bool((flat == flat[0]).all())
    return float(flat[0]) if same else value.float().clone()


def _run(
    step: _Step, fixed: Mapping[fx.Node, Any], symbols: Sequence[Any], parameters: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Return the next states and the output of a traced step on symbols."""
    *states, x = symbols
    inputs = iter((x, *states))
    values: dict[fx.Node, Any] = {}

    def read(node: fx.Node) -> Any:
        if node in fixed:
            return parameters.get(f"p_{node.name}", fixed[node])
        return values[node]

    for node in step.graph.graph.nodes:
        if node.op == "placeholder":
            values[node] = next(inputs)
        elif node.op == "call_function" and node not in fixed:
            args, kwargs = fx.node.map_arg((node.args, node.kwargs), read)
            values[node] = word(node.target, args, kwargs)
        elif node.op == "output":
            (results,) = node.args
            sent = [read(each) for each in results]
            numbers = [each.number() if isinstance(each, Condition) else each for each in sent]
            return (*(numbers[index] for index in step.following), numbers[0])
    raise UnsupportedLayerError("returns nothing")
