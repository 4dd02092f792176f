"""A program as this target computes it: every node with its recipe and its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import (
    Arithmetic,
    Conv2d,
    Dense,
    Input,
    Neuron,
    Node,
    Program,
    Selection,
    Signal,
    SumPool2d,
    Synapse,
)
from neurodeploy.program.nesting import require_shallow
from neurodeploy.program.ranges import Ranges, ranges
from snncore.dynamics.arithmetic.interval import ZERO, Interval, step_intervals
from targets.lynxi.reduced.certificate import HALF_LIMIT, Certificate, Level, is_half
from targets.lynxi.reduced.recipe import Recipe
from targets.lynxi.reduced.translate import recipe_of, shift_recipe

# Every integer up to here is a float16.
CURRENTS = Interval(-HALF_LIMIT, HALF_LIMIT)
_BINARY = Interval(0, 1)
# The sums of a pool are stored in no register.
_WIDEST = 62


@dataclass(frozen=True, eq=False)
class PlanPart:
    """One node: its shape, its range, and the recipe of its step.

    A pool that adds is a kernel of ones, which the vendor's compiler has.
    """

    node: Node
    shape: Shape
    certificate: Certificate
    recipe: Recipe | None
    # Whether it is computed in float32; so is a node that reads sums in float32.
    single: bool

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.name

    @property
    def states(self) -> tuple[str, ...]:
        """The names of its states, if it has any."""
        return self.node.equations.states if isinstance(self.node, Neuron) else ()


@dataclass(frozen=True, eq=False)
class NetworkPlan:
    """The parts in the order in which a step computes them."""

    program: Program
    parts: tuple[PlanPart, ...]
    # The range of every node's value.
    values: Mapping[str, Interval]
    input_range: Interval

    @property
    def level(self) -> Level:
        """The level of the whole network: that of its weakest part."""
        return max(part.certificate.level for part in self.parts)

    @property
    def layers(self) -> tuple[PlanPart, ...]:
        """The parts that are neurons."""
        return tuple(part for part in self.parts if isinstance(part.node, Neuron))

    @cached_property
    def by_name(self) -> dict[str, PlanPart]:
        """Every part by its node's name."""
        return {part.name: part for part in self.parts}


def input_range(program: Program) -> Interval:
    """Return the range of the samples that a network takes: its encoder's, if it has one."""
    first = program.input
    if first.encoding is not None:
        return Interval(first.encoding.low, first.encoding.high)
    return CURRENTS if first.signal == Signal.CURRENT else _BINARY


@lru_cache(maxsize=2)
def plan_of(program: Program) -> NetworkPlan:
    """Return the plan of a program.

    Raises:
        ValidationError: if a layer's states have no bound.
        DoesNotFitError: if a layer has no form in floats; names it.
    """
    inputs = input_range(program)
    proved = ranges(program, inputs)
    parts: dict[str, PlanPart] = {}
    for node in program.nodes:
        shape = program.shapes[node.name]
        core = _kernel(node, shape) if isinstance(node, SumPool2d) else node
        certificate, recipe = _COMPUTED(core, proved, shape)
        sources = (parts[edge.source] for edge in node.sources)
        # Spikes are float16, whatever type they were computed in.
        inherited = any(s.single and not isinstance(s.node, Neuron) for s in sources)
        single = certificate.single or inherited
        parts[node.name] = PlanPart(core, shape, certificate, recipe, single)
    return NetworkPlan(program, tuple(parts.values()), proved.values, inputs)


def _kernel(node: SumPool2d, shape: Shape) -> Conv2d:
    """Return the kernel of ones, for each channel, that adds what a pool adds."""
    return Conv2d(
        node.name,
        node.inputs[0],
        np.ones((shape[0], 1, *node.kernel), dtype=np.int64),
        stride=node.stride,
        groups=shape[0],
        accumulator_bits=_WIDEST,
    )


# The certificate and the recipe of a node, given every range and its own shape.
_COMPUTED = KindTable[[Ranges, Shape], tuple[Certificate, Recipe | None]]("a reduced module")


@_COMPUTED.register(Neuron)
def _layer(node: Neuron, proved: Ranges, shape: Shape) -> tuple[Certificate, Recipe | None]:
    recipe = _neurons(node, proved)
    return _certificate(recipe, proved.layers[node.name].drive.largest()), recipe


@_COMPUTED.register(Input)
def _input(node: Input, proved: Ranges, shape: Shape) -> tuple[Certificate, Recipe | None]:
    return Certificate(proved.values[node.name].largest()), None


@_COMPUTED.register(Selection)
def _moved(node: Node, proved: Ranges, shape: Shape) -> tuple[Certificate, Recipe | None]:
    return Certificate(proved.values[node.name].hull(ZERO).largest()), None


@_COMPUTED.register(Arithmetic)
def _computed(node: Arithmetic, proved: Ranges, shape: Shape) -> tuple[Certificate, Recipe | None]:
    sources = [proved.values[edge.source] for edge in node.sources]
    return Certificate(node.largest_sum(sources, shape)), None


@_COMPUTED.register(Dense)
def _dense(node: Dense, proved: Ranges, shape: Shape) -> tuple[Certificate, Recipe | None]:
    if not node.shift:
        return _sums(node, proved, shape)
    total = node.sum_range(proved.values[node.source.source].hull(ZERO))
    recipe = shift_recipe(node.shift, total)
    return _certificate(recipe, total.largest()), recipe


@_COMPUTED.register(Conv2d)
def _sums(node: Synapse, proved: Ranges, shape: Shape) -> tuple[Certificate, Recipe | None]:
    total = node.sum_range(proved.values[node.source.source].hull(ZERO))
    return Certificate(total.largest()), None


def _neurons(node: Neuron, proved: Ranges) -> Recipe:
    """Return the recipe of a layer's step, for the ranges of its states and inputs."""
    require_shallow(node)
    layer, equations = proved.layers[node.name], node.integer_equations
    parameters = {
        key: Interval(int(value.min()), int(value.max())) for key, value in node.parameters.items()
    }
    states = {key: values.hull(ZERO) for key, values in layer.states.items()}
    drive = {equations.inputs[0]: layer.drive}
    _, operations = step_intervals(equations, states, drive, parameters)
    try:
        return recipe_of(equations, operations, node.parameters)
    except DoesNotFitError as error:
        raise DoesNotFitError(f"{node.name}: {error.message}") from error


def _certificate(recipe: Recipe, drive: int) -> Certificate:
    exact = all(is_half(value) for value in recipe.numbers)
    return Certificate(max(recipe.bound, drive), exact)


def largest_weight_bits(node: Synapse) -> int:
    """Return the bits of a weight, sign included, with which no partial sum exceeds 2^11."""
    return (HALF_LIMIT // int(node.narrow_weight[0].size) + 1).bit_length()
