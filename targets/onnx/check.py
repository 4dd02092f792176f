"""What no graph of integers can hold: an error, with the remedy.

1. The program has one input, and neurons at its output.
2. Every sum and state has at most 62 bits, and every product of bytes is added up within 32.
3. The file stays within the two gigabytes that its format allows.
"""

from __future__ import annotations

from neurodeploy.errors import NeurodeployError
from neurodeploy.program import Input, Neuron, Program
from neurodeploy.target import Finding, Severity
from targets.onnx.parts import parts_of

_LARGEST_FILE = 2_000_000_000


def check(program: Program) -> tuple[Finding, ...]:
    """Every error of a program."""
    inputs = [node.name for node in program.nodes if isinstance(node, Input)]
    if len(inputs) > 1:
        message = f"is another input beside {inputs[0]}, and samples are for one"
        return (_error(inputs[1], message, "join the inputs into one"),)
    if not isinstance(program.by_name[program.output], Neuron):
        message = "is the output, and no layer of neurons"
        return (_error(program.output, message, "end the network in neurons"),)
    try:
        parts = parts_of(program)
    except (NeurodeployError, ValueError) as error:
        text = getattr(error, "message", str(error))
        name, _, message = text.partition(": ")
        remedy = getattr(error, "remedy", None) or "use smaller weights"
        known = name in program.by_name
        return (_error(name if known else program.output, message if known else text, remedy),)
    size = sum(tensor.values.nbytes for part in parts for tensor in part.tensors)
    if size > _LARGEST_FILE:
        message = f"holds {size:,} bytes of weights, and an ONNX file at most {_LARGEST_FILE:,}"
        return (_error(program.output, message, "split the network"),)
    return ()


def _error(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, node, message, remedy)
