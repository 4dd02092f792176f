"""The check for this target: errors, with remedies, for what C of 64 bits cannot hold.

1. The program has one input, and neurons at its output, which send numbers of at most 32 bits.
2. Every sum, every state and every value on the way to them has at most 64 bits.
3. Numbers take no more than two gigabytes.
"""

from __future__ import annotations

from neurodeploy.errors import NeurodeployError
from neurodeploy.program import Input, Neuron, Program
from neurodeploy.program.remembered import remembered
from neurodeploy.target import Finding, Severity
from snncore.dynamics.arithmetic.interval import Interval
from targets.c.text.network import Network

_WORD = Interval(-(1 << 31), (1 << 31) - 1)
_LARGEST = 1 << 31


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
    try:
        network = network_of(program, True)
        sent = network.memory.ranges.values[program.output]
        texts = [network.header(), network.source("")]
    except (NeurodeployError, ValueError) as error:
        text = getattr(error, "message", str(error))
        name, _, message = text.partition(": ")
        remedy = getattr(error, "remedy", None) or "use narrower states, or smaller weights"
        is_node = name in program.by_name
        return (_error(name if is_node else program.output, message if is_node else text, remedy),)
    if not sent.within(_WORD):
        message = f"sends {sent.low}..{sent.high}, and an output has 32 bits"
        return (_error(program.output, message, "end the network in spikes or narrower states"),)
    if max(sum(map(len, texts)), network.ram) >= _LARGEST:
        message = f"the network takes {network.ram:,} bytes of RAM, and 32 bits address 2 GB"
        return (_error(program.output, message, "make it smaller, or split it"),)
    return ()


@remembered
def network_of(program: Program, by_event: bool) -> Network:
    """Return the program laid out for C."""
    return Network(program, by_event)


def _error(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, node, message, remedy)
