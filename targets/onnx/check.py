"""The check for this target: errors, with remedies, for what a graph of integers cannot hold.

1. The program has one input, and neurons at its output; neurons are driven by one sum each.
2. Every sum and state has at most 62 bits, and every product of bytes is added up within 32.
3. The file stays within the two gigabytes that its format allows.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.data.narrow import pieces
from neurodeploy.errors import DoesNotFitError, NeurodeployError, UnknownKindError
from neurodeploy.graph import Conv2d, Dense, Graph
from neurodeploy.graph import Neuron as GraphNeuron
from neurodeploy.program import Input, Neuron, Program
from neurodeploy.program.remembered import remembered
from neurodeploy.target import Finding, Severity
from targets.onnx.writing.floats import float_parts
from targets.onnx.writing.parts import ProgramPart, parts_of

_LARGEST_FILE = 2_000_000_000


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
    for node in program.layers:
        if node.ports is not None:
            words = f"{node.equations.name} has the inputs {', '.join(node.equations.inputs)}"
            return (_error(node.name, f"{words}; this export knows one", "use --target loihi"),)
    try:
        parts = parts_of(program)
    except (NeurodeployError, ValueError) as error:
        text = getattr(error, "message", str(error))
        name, _, message = text.partition(": ")
        remedy = getattr(error, "remedy", None) or "use smaller weights"
        is_node = name in program.by_name
        return (_error(name if is_node else program.output, message if is_node else text, remedy),)
    return _size(parts, program.output)


def check_graph(graph: Graph) -> tuple[Finding, ...]:
    """Return every error of a float network, and a warning that it is not exact."""
    findings = [_rounded(node) for node in graph.nodes if isinstance(node, Dense | Conv2d)]
    if not isinstance(graph.by_name[graph.output], GraphNeuron):
        message = "is the output, and no layer of neurons"
        findings.append(_error(graph.output, message, "end the network in neurons"))
    try:
        findings += _size(float_parts(graph), graph.output)
    except (DoesNotFitError, UnknownKindError) as error:
        findings.append(_error(graph.output, error.message, error.remedy or "leave it out"))
    message = "the network is in floats: its file is equal within a tolerance, not on every bit"
    remedy = "quantize it for an exact one: quant.prepare, or neurodeploy quantize"
    note = Finding(Severity.WARNING, graph.output, message, remedy)
    return (*(finding for finding in findings if finding is not None), note)


def _rounded(node: Dense | Conv2d) -> Finding | None:
    """Return an error if single precision would change the weights."""
    weights = np.asarray(node.narrow_weight)
    if weights.dtype == np.float32 or all(
        (p.astype(np.float32) == p).all() for p in pieces(weights)
    ):
        return None
    return _error(f"{node.name}.weight", "needs double precision", "use network.float()")


def _size(parts: tuple[ProgramPart, ...], output: str) -> tuple[Finding, ...]:
    size = sum(
        tensor.values.size * tensor.type.numpy.itemsize for part in parts for tensor in part.tensors
    )
    if size <= _LARGEST_FILE:
        return ()
    message = f"holds {size:,} bytes of weights, and an ONNX file at most {_LARGEST_FILE:,}"
    return (_error(output, message, "split the network"),)


def _error(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, node, message, remedy)
