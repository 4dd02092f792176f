"""Checks of what the chip cannot take: each finding names a node, and a remedy.

1. A program is spikes, then layers of dense weights and neurons, each reading the one before.
2. Weights are 8 bits; their sums have 32 bits, and are neither shifted nor late.
3. Neurons are the chip's own, with thresholds that a state can reach.
"""

from __future__ import annotations

from collections.abc import Iterator

from mychip.neuron import EQUATIONS, LARGEST_STATE, NUMBERS
from neurodeploy.program import Dense, Edge, Input, Neuron, Node, Program, Signal
from neurodeploy.target import Finding, Severity

LARGEST_WEIGHT = 127
# As many weights of 8 bits as a sum of 32 bits, and a state, always have room for.
MOST_INPUTS = 1 << 16


def check(program: Program) -> tuple[Finding, ...]:
    """Return every error of a program, in the order of its nodes."""
    return (*_structure(program), *(error for node in program.nodes for error in _values(node)))


def layers_of(program: Program) -> list[tuple[Dense, Neuron]]:
    """Return the layers of a program that `check` accepts."""
    dense = [node for node in program.nodes if isinstance(node, Dense)]
    return list(zip(dense, program.layers, strict=True))


def _structure(program: Program) -> Iterator[Finding]:
    first, *others = program.nodes
    if not isinstance(first, Input) or len(first.shape) != 1 or first.signal != Signal.SPIKES:
        yield _error(first.name, "is not a vector of spikes", "flatten and encode the samples")
    before = first
    for position, node in enumerate(others):
        kind = Dense if position % 2 == 0 else Neuron
        if not isinstance(node, kind):
            words = f"is a {type(node).__name__}, where the chip has a {kind.__name__}"
            yield _error(node.name, words, "use dense layers of neurons alone")
        elif node.sources != (Edge(before.name),):
            words = f"does not read {before.name} alone, in the same step"
            yield _error(node.name, words, "leave out branches, loops and delays")
        before = node
    if program.output != before.name or not isinstance(before, Neuron):
        yield _error(before.name, "is last, and not the output's neurons", "end in neurons")


def _values(node: Node) -> Iterator[Finding]:
    if isinstance(node, Dense):
        if abs(node.weight).max(initial=0) > LARGEST_WEIGHT:
            yield _error(f"{node.name}.weight", "is more than 8 bits", "quantize to 8 bits")
        if node.weight.shape[1] > MOST_INPUTS:
            yield _error(node.name, f"has more than {MOST_INPUTS} inputs", "make it narrower")
        if node.shift or node.accumulator_bits != 32:
            yield _error(node.name, "shifts or narrows its sums", "use sums of 32 bits")
    if isinstance(node, Neuron):
        if node.equations != EQUATIONS or node.system != NUMBERS:
            words = f"is a {node.equations.name} in {node.system.name}, not the chip's neuron"
            yield _error(node.name, words, "use mychip.neuron.EQUATIONS and NUMBERS")
            return
        threshold = node.parameters["threshold"]
        if threshold.min() < 1 or threshold.max() > LARGEST_STATE:
            words = f"is not in 1..{LARGEST_STATE}"
            yield _error(f"{node.name}.threshold", words, "scale weights and threshold down")


def _error(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, node, message, remedy)
