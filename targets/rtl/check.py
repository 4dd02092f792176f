"""The check for this target: errors, with remedies, for what it does not write in Verilog.

1. The program has one input, and neurons at its output.
2. Every node is one that has a stage.
3. Every sum and every state has at most 64 bits, and no RAM or ROM more than 2^24 words; nor
   have all weights together.
"""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.errors import NeurodeployError
from neurodeploy.program import Flatten, Input, Neuron, Program, Reshape
from neurodeploy.program.remembered import remembered
from neurodeploy.target import Finding, Severity
from targets.rtl.text.network import STAGE, Network

_MOST_BITS = 64
_MOST_WORDS = 1 << 24
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
    if findings := (*_unknown(program), *_too_many(program)):
        return findings
    try:
        network = network_of(program)
        _ = network.memory.values, network.stages
        return tuple(_too_large(network))
    except (NeurodeployError, ValueError) as error:
        text = getattr(error, "message", str(error))
        name, _, message = text.partition(": ")
        remedy = getattr(error, "remedy", None) or "use narrower states, or smaller weights"
        is_node = name in program.by_name
        return (_error(name if is_node else program.output, message if is_node else text, remedy),)


@remembered
def network_of(program: Program) -> Network:
    """Return the program laid out for Verilog."""
    return Network(program)


def _unknown(program: Program) -> Iterator[Finding]:
    """Yield an error for every node that has no stage."""
    for node in program.nodes:
        if 0 in program.shapes[node.name]:
            yield _error(node.name, "has no values", "leave it out")
        if not isinstance(node, Input | Flatten | Reshape) and not STAGE.knows(node):
            message = f"is of the kind {node.kind_name()}, which this target does not write"
            yield _error(node.name, message, "use weights or sum pools, or the target c")


def _too_many(program: Program) -> Iterator[Finding]:
    """Yield an error for the most weights if all of them are more than any part holds."""
    weights = {node.name: node.parameter_count for node in program.synapses}
    if sum(weights.values()) > _MOST_WEIGHTS:
        largest = max(weights, key=lambda name: weights[name])
        message = f"has {weights[largest]:,} of {sum(weights.values()):,} weights; Verilog may "
        remedy = "make it smaller, or use --target onnx"
        yield _error(largest, f"{message}have {_MOST_WEIGHTS:,}", remedy)


def _too_large(network: Network) -> Iterator[Finding]:
    for name, value in network.memory.values.items():
        if value.bits > _MOST_BITS:
            message = f"takes {value.bits} bits, and a value has at most {_MOST_BITS}"
            yield _error(name, message, "use smaller weights")
        if value.depth > _MOST_WORDS:
            message = f"has {value.depth:,} words in one RAM, and at most {_MOST_WORDS:,} are"
            yield _error(name, message, "make the layer smaller, or its delays shorter")
    for stage in network.stages:
        for state in stage.states:
            if state.bits > _MOST_BITS:
                message = f"its state {state.key} takes {state.bits} bits of {_MOST_BITS}"
                yield _error(stage.node.name, message, "use narrower states")
        for rom in stage.roms.values():
            if rom.size > _MOST_WORDS:
                message = f"has {rom.size:,} numbers in one ROM, and at most {_MOST_WORDS:,} are"
                yield _error(stage.node.name, message, "make the layer smaller")


def _error(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, node, message, remedy)
