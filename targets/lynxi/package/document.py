"""network.json: shapes, layers, neurons in the order of their operations, and certificates."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.program import (
    Arithmetic,
    Conv2d,
    Dense,
    Input,
    Integers,
    MaxPool2d,
    NarrowIntegers,
    Neuron,
    Node,
    Selection,
)
from snncore.dynamics import Equations
from snncore.dynamics.expression import LEAVES, Op, Operation
from snncore.dynamics.text import temporary
from targets.lynxi.package.packer import Packer
from targets.lynxi.reduced.certificate import is_half, terms
from targets.lynxi.reduced.plan import NetworkPlan, PlanPart

FORMAT, VERSION = "lynxi-reduced-network", 1
DOCUMENT, WEIGHTS = "network.json", "weights.bin"
LAYOUT = "row t * N + n of a tensor (T * N, ...) is step t of sample n"


def document_of(plan: NetworkPlan, weights: Packer) -> dict[str, Any]:
    """Return the network as plain data; pack its tensors into the file of weights."""
    program = plan.program
    return {
        "format": FORMAT,
        "version": VERSION,
        "layout": LAYOUT,
        "level": plan.level.value,
        "output": program.output,
        "nodes": [_node(part, plan, weights) for part in plan.parts],
    }


def _node(part: PlanPart, plan: NetworkPlan, weights: Packer) -> dict[str, Any]:
    node = plan.program.by_name[part.name]
    entry: dict[str, Any] = {
        "name": node.name,
        "op": type(node).__name__.lower(),
        "inputs": [edge.source for edge in node.sources],
        "shape": list(part.shape),
        "certificate": part.certificate.to_json(),
    }
    return entry | _MEMBERS(node, part, plan, weights)


# The members of a node that its kind has beside those of every node.
_MEMBERS = KindTable[[PlanPart, NetworkPlan, Packer], dict[str, Any]](
    "the description of a reduced module"
)


@_MEMBERS.register(Input)
def _input(node: Input, part: PlanPart, plan: NetworkPlan, weights: Packer) -> dict[str, Any]:
    low, high = plan.input_range.low, plan.input_range.high
    return {"signal": node.signal.value, "range": [low, high]}


@_MEMBERS.register(Dense)
def _dense(node: Dense, part: PlanPart, plan: NetworkPlan, weights: Packer) -> dict[str, Any]:
    numbers = _fields(node, "exponent", "shift", "accumulator_bits")
    return numbers | {"weight": _tensor(node.narrow_weight, weights)}


@_MEMBERS.register(Conv2d)
def _conv2d(node: Conv2d, part: PlanPart, plan: NetworkPlan, weights: Packer) -> dict[str, Any]:
    windows = _fields(node, "stride", "padding", "dilation")
    numbers = _fields(node, "groups", "exponent", "accumulator_bits")
    return windows | numbers | {"weight": _tensor(node.narrow_weight, weights)}


@_MEMBERS.register(MaxPool2d)
def _max_pool(
    node: MaxPool2d, part: PlanPart, plan: NetworkPlan, weights: Packer
) -> dict[str, Any]:
    return _fields(node, "stride", "padding", "kernel")


@_MEMBERS.register(Selection, Arithmetic)
def _selection(
    node: Selection | Arithmetic, part: PlanPart, plan: NetworkPlan, weights: Packer
) -> dict[str, Any]:
    return _fields(node, *(name for name, _ in node.form))


@_MEMBERS.register(Neuron)
def _neurons(node: Neuron, part: PlanPart, plan: NetworkPlan, weights: Packer) -> dict[str, Any]:
    assert part.recipe is not None
    return {
        "neuron": node.equations.name,
        "exponent": node.exponent,
        "parameters": {key: _tensor(value, weights) for key, value in node.parameters.items()},
        # The values that the modules compare with: half a step below a threshold, or above if
        # strict.
        "compared": {
            key: _constant(value, weights)
            for key, value in part.recipe.constants.items()
            if key not in node.parameters
        },
        "step": step_of(node.integer_equations),
        "equations": node.equations.to_json(),
        "number_system": node.system.to_json(),
    }


def _fields(node: Node, *names: str) -> dict[str, Any]:
    """Return fields by name, pairs as lists."""
    values = {name: getattr(node, name) for name in names}
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


def step_of(equations: Equations) -> dict[str, Any]:
    """Return one step in integers, as a list of assignments."""
    letter = temporary((*equations.states, *equations.inputs, *equations.parameters))
    names: list[str] = []
    assignments = []
    for number, operation in enumerate(equations.operations):
        if operation.op in LEAVES - {Op.CONSTANT}:
            names.append(str(operation.attribute))
            continue
        names.append(f"{letter}{number}")
        assignments.append(_assignment(operation, names))
    results = zip(equations.states, equations.next_states, strict=True)
    return {
        "states": list(equations.states),
        "input": equations.inputs[0],
        "assignments": assignments,
        "next": {state: names[number] for state, number in results},
        "spikes": names[equations.output],
    }


def _assignment(operation: Operation, names: list[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": names[-1],
        "op": operation.op.value,
        "of": [names[arg] for arg in operation.args],
    }
    if operation.attribute is not None:
        value = operation.attribute
        entry["by"] = list(value) if isinstance(value, tuple) else value
    return entry


def _tensor(values: Integers | NarrowIntegers, weights: Packer) -> dict[str, Any]:
    """Return integers, and the same numbers in float16."""
    return {"integers": weights.integers(values)} | _constant(values, weights)


def _constant(values: Any, weights: Packer) -> dict[str, Any]:
    """Return a sum of float16 numbers, each times a power of 4096; nearly always one."""
    if is_half(values):
        # They become float16 when they are written.
        return {"float16": [weights.add(values, np.float16) | {"power": 0}]}
    parts = terms(values)
    return {"float16": [weights.add(t.numbers, np.float16) | {"power": t.power} for t in parts]}
