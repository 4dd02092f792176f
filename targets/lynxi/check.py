"""The check for this target: errors for what the reduced modules cannot hold, and warnings.

1. One input of at most three axes, no delays, neurons last, each driven by one sum; no more neurons
   than golden vectors hold.
2. Every weight is one float16, every parameter the sum of three at most.
3. No sum and no state may wrap, as floats do not, nor pass what float32 holds exactly.
Warnings: layers that miss L0, each with a remedy.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.errors import DoesNotFitError, ValidationError
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
    Synapse,
)
from neurodeploy.program.ranges import ranges
from neurodeploy.program.remembered import remembered
from neurodeploy.target import Finding, Severity
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from targets.lynxi.reduced.certificate import HALF_LIMIT, SINGLE_LIMIT, Level, is_exact, is_half
from targets.lynxi.reduced.plan import PlanPart, input_range, largest_weight_bits, plan_of

_MOST_AXES = 3
# The golden vectors hold every spike of every step.
_MOST_NEURONS = 1 << 23
# The longest axis of the input in the vendor's documents.
_LARGEST_AXIS = 4095


@remembered
def check(program: Program) -> tuple[Finding, ...]:
    """Return every error and warning of a program, in the order of its nodes."""
    findings = [*_too_many(program)] or [*_structure(program)]
    if not findings:
        findings = [finding for node in program.nodes for finding in _VALUES(node)]
    if not findings:
        findings = [*_ranges(program)]
    if not findings:
        findings = [*_levels(program)]
    return tuple(findings)


def _too_many(program: Program) -> Iterator[Finding]:
    neurons = {node.name: prod(program.shapes[node.name]) for node in program.layers}
    if sum(neurons.values()) > _MOST_NEURONS:
        largest = max(neurons, key=lambda name: neurons[name])
        message = f"has {neurons[largest]:,} of {sum(neurons.values()):,} neurons, whose golden "
        remedy = "make it smaller, or use --target onnx"
        yield _error(largest, f"{message}vectors may be of {_MOST_NEURONS:,}", remedy)


def _structure(program: Program) -> Iterator[Finding]:
    for second in program.of_kind(Input)[1:]:
        yield _error(second.name, "is a second input", "join the inputs into one")
    for node in program.nodes:
        if not _VALUES.knows(node):
            kind = type(node).__name__
            yield _error(node.name, f"{kind} has no reduced module", "use another layer")
        if isinstance(node, Neuron) and node.ports is not None:
            words = f"{node.equations.name} has the inputs {', '.join(node.equations.inputs)}"
            yield _error(node.name, f"{words}; a reduced module has one", "use --target loihi")
        if getattr(node, "delays", None) is not None:
            yield _error(f"{node.name}.delays", "synapses with delays", "leave the delays out")
        for edge in node.sources:
            if edge.delay:
                message = f"reads {edge.source} {edge.delay} steps late"
                yield _error(node.name, message, "leave the delay out: no reduced module has one")
    largest = input_range(program).largest()
    if largest > HALF_LIMIT:
        message = f"its encoder returns up to {largest}, beyond the {HALF_LIMIT} of one float16"
        yield _error(program.input.name, message, "give encoding.Direct 11 bits or fewer")
    axes = len(program.input.shape)
    if axes > _MOST_AXES:
        message = f"{axes} axes; with time and batch a tensor has at most 4"
        yield _error(program.input.name, message, "reshape the samples to (T, N, C, H, W)")
    for name, shape in program.shapes.items():
        if len(shape) > _MOST_AXES and name != program.input.name:
            message = f"has the shape {shape}; with time and batch a tensor has at most 4 axes"
            yield _error(name, message, "reshape it to three axes, or use --target onnx")
    if not isinstance(program.by_name[program.output], Neuron):
        yield _error(program.output, "the output has no neurons", "end in a layer of neurons")


# Yield an error for each number of a node that the modules cannot hold.
_VALUES = KindTable[[], Iterator[Finding]]("the check of values for a reduced module")


@_VALUES.register(Input, Selection, Arithmetic)
def _no_values(node: Node) -> Iterator[Finding]:
    yield from ()


@_VALUES.register(Dense, Conv2d)
def _weights(node: Synapse) -> Iterator[Finding]:
    name, weight = f"{node.name}.weight", node.narrow_weight
    if weight.size == 0:
        yield _error(name, "there are none", "give the layer an input and an output")
    elif not is_half(weight):
        places = np.ndenumerate(weight)
        index = next(i for i, value in places if not is_half(np.asarray(value)))
        message = f"{int(weight[index])} is not a float16"
        remedy = f"use weights of at most {HALF_LIMIT}: quant layers have 8 bits"
        yield _error(f"{name}{list(index)}", message, remedy)


@_VALUES.register(Neuron)
def _parameters(node: Neuron) -> Iterator[Finding]:
    for key, value in node.parameters.items():
        if not is_exact(value):
            largest = int(np.abs(value).max())
            message = f"{largest} is beyond what float32 holds exactly"
            yield _error(f"{node.name}.{key}", message, "scale weights and threshold down")


def _ranges(program: Program) -> Iterator[Finding]:
    """Yield the errors of values that may exceed their width, or have no form in floats."""
    try:
        proved = ranges(program, input_range(program) if _takes_currents(program) else None)
        for node in program.synapses:
            total = node.sum_range(proved.values[node.source.source].hull(ZERO))
            shift = node.shift if isinstance(node, Dense) else 0
            shifted = Interval(total.low >> shift, total.high >> shift)
            if shifted.wrapped(node.accumulator_bits) != shifted:
                message = f"a sum may reach {shifted.largest()} and wrap at {node.accumulator_bits}"
                yield _error(node.name, f"{message} bits", "use smaller weights or fewer inputs")
        for layer in program.layers:
            sent = proved.values[layer.name].largest()
            if sent > HALF_LIMIT:
                message = f"sends values up to {sent}, beyond the {HALF_LIMIT} of one float16"
                yield _error(layer.name, message, "send spikes, or smaller values")
                return
        plan = plan_of(program)
    except (DoesNotFitError, ValidationError) as error:
        name, _, message = error.message.partition(": ")
        yield _error(name, message, "use the number system of the format 'lynxi'")
        return
    yield from (_too_large(part, program) for part in plan.parts if not part.certificate.fits)
    for part in plan.layers:
        assert part.recipe is not None
        if part.certificate.fits and not all(is_exact(value) for value in part.recipe.numbers):
            message = "a limit or a constant is beyond what float32 holds exactly"
            yield _error(part.name, message, "use states of at most 24 bits")


def _takes_currents(program: Program) -> bool:
    return program.input.signal == Signal.CURRENT


def _levels(program: Program) -> Iterator[Finding]:
    longest = max(program.input.shape)
    if longest > _LARGEST_AXIS:
        message = f"an axis of {longest}; the vendor's documents allow {_LARGEST_AXIS}"
        yield _warning(program.input.name, message, "reshape the input")
    for part in plan_of(program).parts:
        if part.certificate.level != Level.L0:
            yield _missing(part, program)


def _missing(part: PlanPart, program: Program) -> Finding:
    """Return why a layer is not exact in float16, and a remedy."""
    reason = f"{_quantity(part)}, beyond {HALF_LIMIT}"
    if part.certificate.bound <= HALF_LIMIT:
        reason = "a constant is not a float16"
    message = f"{reason}: exact in float32 (L1), not in float16 (L0)"
    return _warning(part.name, message, _remedy(part.node, program))


def _too_large(part: PlanPart, program: Program) -> Finding:
    """Return why no float holds a layer's values, and a remedy."""
    message = f"{_quantity(part)}, beyond the {SINGLE_LIMIT} up to which float32 is exact"
    remedy = _remedy(part.node, program)
    if isinstance(part.node, Neuron):
        remedy = f"{remedy}: neurodeploy quantize --target lynxi gives all three"
    return _error(part.name, message, remedy)


def _quantity(part: PlanPart) -> str:
    quantity = "a partial sum" if isinstance(part.node, Synapse | Arithmetic) else "a value"
    return f"{quantity} may reach {part.certificate.bound}"


def _remedy(node: Node, program: Program) -> str:
    read = {edge.source for edge in node.sources} | {node.name}
    if _takes_currents(program) and program.input.name in read:
        fewer = "" if program.input.encoding is None else ", or in fewer bits"
        return f"encode the input as spikes{fewer}"
    return _REMEDY(node)


# The words for how a node's values become smaller.
_REMEDY = KindTable[[], str]("the remedies of a reduced module")


@_REMEDY.register(Input, Selection, Neuron)
def _smaller_values(node: Node) -> str:
    return "narrower states, a smaller threshold, or smaller sums"


@_REMEDY.register(Arithmetic)
def _fewer_terms(node: Arithmetic) -> str:
    return "more heads, a smaller image, or spikes instead of counts"


@_REMEDY.register(Synapse)
def _smaller_weights(node: Synapse) -> str:
    fan_in, bits = int(node.narrow_weight[0].size), largest_weight_bits(node)
    fewer = f", fewer bits ({bits} always do)" if bits > 1 else ""
    return f"a smaller fan-in than {fan_in}{fewer}, or smaller weights"


def _error(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, node, message, remedy)


def _warning(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, node, message, remedy)
