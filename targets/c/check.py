"""The check for this target: errors, with remedies, for what C of 64 bits cannot hold.

1. The program has one input, and neurons at its output, which send numbers of at most 32 bits.
2. Every sum, every state and every value on the way to them has at most 64 bits.
3. A step computes no more values than golden does in a moment.
4. There are no more weights than a compiler reads as text.
"""

from __future__ import annotations

from math import prod

from neurodeploy.errors import NeurodeployError
from neurodeploy.program import Input, Neuron, Program
from neurodeploy.program.remembered import remembered
from neurodeploy.target import Finding, Severity
from snncore.dynamics.arithmetic.interval import Interval
from targets.c.text.network import Network

_WORD = Interval(-(1 << 31), (1 << 31) - 1)
_MOST_VALUES = 1 << 25
_MOST_WEIGHTS = 1 << 24


@remembered
def check(program: Program) -> tuple[Finding, ...]:
    """Return every error of a program."""
    inputs = [node.name for node in program.of_kind(Input)]
    if len(inputs) > 1:
        message = f"is another input beside {inputs[0]}, and samples are for one"
        return (_error(inputs[1], message, "join the inputs into one"),)
    if not isinstance(program.by_name[program.output], Neuron):
        message = "is the output, and no layer of neurons"
        return (_error(program.output, message, "end the network in neurons"),)
    values = {name: prod(shape) for name, shape in program.shapes.items()}
    if sum(values.values()) > _MOST_VALUES:
        largest = max(values, key=lambda name: values[name])
        message = f"has {values[largest]:,} values; a network may have {_MOST_VALUES:,}"
        return (_error(largest, message, "make it smaller, or split the network"),)
    weights = {node.name: node.parameter_count for node in program.synapses}
    if sum(weights.values()) > _MOST_WEIGHTS:
        largest = max(weights, key=lambda name: weights[name])
        message = f"has {weights[largest]:,} of {sum(weights.values()):,} weights; C's text may "
        remedy = "make it smaller, or use --target onnx"
        return (_error(largest, f"{message}have {_MOST_WEIGHTS:,}", remedy),)
    try:
        network = network_of(program, True)
        sent = network.memory.ranges.values[program.output]
        network.header(), network.source("")
    except (NeurodeployError, ValueError) as error:
        text = getattr(error, "message", str(error))
        name, _, message = text.partition(": ")
        remedy = getattr(error, "remedy", None) or "use narrower states, or smaller weights"
        is_node = name in program.by_name
        return (_error(name if is_node else program.output, message if is_node else text, remedy),)
    if not sent.within(_WORD):
        message = f"sends {sent.low}..{sent.high}, and an output has 32 bits"
        return (_error(program.output, message, "end the network in spikes or narrower states"),)
    return ()


@remembered
def network_of(program: Program, by_event: bool) -> Network:
    """Return the program laid out for C."""
    return Network(program, by_event)


def _error(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, node, message, remedy)
