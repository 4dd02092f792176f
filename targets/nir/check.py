"""The check for this target: errors for what NIR cannot carry, warnings for what it changes.

1. NIR has a primitive for every node, and its graph says what the program's edges do.
2. Numbers fit float32, and sums do not wrap.
3. Graded neurons are the last: NIR does not say what weights make of a voltage.
4. The file is no larger than a reader takes.
Warnings: leaks, which the program rounds and NIR does not, and what receivers are known to ignore.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from neurodeploy.errors import NeurodeployError
from neurodeploy.program import Flatten, Input, Neuron, Program, Signal
from neurodeploy.program.ranges import ranges
from neurodeploy.program.remembered import remembered
from neurodeploy.target import Finding, Severity
from snncore.dynamics.arithmetic.interval import ZERO
from targets.nir.capabilities import TIME_STEP
from targets.nir.graph.loops import is_back
from targets.nir.graph.nodes import layer_of, nodes_of

_DT = float(TIME_STEP)
# What a reader takes of a file in memory, and about what a weight and a neuron need of it.
_MOST_BYTES = 1 << 30
_WEIGHT, _NEURON = 12, 40


@remembered
def check(program: Program) -> tuple[Finding, ...]:
    """Return every error and warning of a program."""
    problem = _too_large(program) or _structure(program)
    if problem is not None:
        return (problem,)
    try:
        nodes_of(program, _DT)
    except NeurodeployError as error:
        return (_of_error(program, error),)
    return (*_sums(program), *_rounded(program), *_ignored(program))


def _too_large(program: Program) -> Finding | None:
    """Return an error if the file would be larger than a reader takes."""
    needs = {node.name: _WEIGHT * node.parameter_count for node in program.synapses}
    needs |= {node.name: _NEURON * prod(program.shapes[node.name]) for node in program.layers}
    if sum(needs.values()) <= _MOST_BYTES:
        return None
    largest = max(needs, key=lambda name: needs[name])
    words = f"takes {needs[largest]:,} of {sum(needs.values()):,} bytes in a reader's memory, "
    remedy = "make it smaller, or use --target onnx"
    return _error(largest, f"{words}which has room for {_MOST_BYTES:,}", remedy)


def _structure(program: Program) -> Finding | None:
    """Return an error about the ends of the network, or about neurons within it."""
    inputs = [node.name for node in program.of_kind(Input)]
    if len(inputs) > 1:
        message = f"is another input beside {inputs[0]}, and samples are for one"
        return _error(inputs[1], message, "join the inputs into one")
    if not isinstance(program.by_name[program.output], Neuron):
        words = "is the output, and not a layer of neurons"
        return _error(program.output, words, "end the network in neurons")
    read = {edge.source for node in program.nodes for edge in node.sources}
    for node in program.layers:
        if node.ports is not None:
            words = f"{node.equations.name} has the inputs {', '.join(node.equations.inputs)}"
            return _error(node.name, f"{words}; NIR's neurons have one", "use --target loihi")
        if node.graded and node.name in read:
            words = "sends numbers to other layers, and NIR's spikes are 0 or 1"
            return _error(node.name, words, "make it the output, or use --target onnx")
    return None


def _sums(program: Program) -> Iterator[Finding]:
    """Yield the sums that may wrap, which floats do not."""
    if program.input.signal == Signal.CURRENT:
        return
    values = ranges(program).values
    for node in program.synapses:
        total = node.sum_range(values[node.source.source].hull(ZERO))
        if total.wrapped(node.accumulator_bits) != total:
            words = f"a sum may reach {total.largest()}, beyond {node.accumulator_bits} bits"
            yield _error(node.name, f"{words}, and wraps; NIR's do not", "use smaller weights")


def _rounded(program: Program) -> Iterator[Finding]:
    """Yield the layers whose leak the program rounds."""
    for node in program.layers:
        if not layer_of(node, program, _DT).exact:
            message = (
                "the program rounds the leak of every step, and NIR does not: receivers' spikes "
                "may differ"
            )
            remedy = "the integers are in the file's metadata; quant.IF has the same spikes"
            yield _warning(node.name, message, remedy)


def _ignored(program: Program) -> Iterator[Finding]:
    """Yield what receivers are known to ignore, once each."""
    for node in program.of_kind(Flatten)[:1]:
        words = "Norse 1.1 and snnTorch 1.0 count the axes of a Flatten with the batch"
        yield _warning(node.name, words, "give them the flat samples")
    late = (
        node
        for node in program.nodes
        if any(edge.delay and not is_back(program, node, edge) for edge in node.sources)
    )
    for reader in [*late][:1]:
        words = "of the known receivers only Spyx reads delays"
        yield _warning(reader.name, words, "leave the delays out")


def _of_error(program: Program, error: NeurodeployError) -> Finding:
    name, _, message = error.message.partition(": ")
    remedy = error.remedy or "use --target onnx"
    if name not in program.by_name:
        return _error(program.output, error.message, remedy)
    return _error(name, message, remedy)


def _error(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, node, message, remedy)


def _warning(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, node, message, remedy)
