"""Units: the power of two that the sums of weights count in, which is that of their neurons."""

from __future__ import annotations

from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Neuron, Node, Program, Selection, Synapse

_REMEDY = "give every layer of neurons weights of its own, or use --target onnx"


def unit_of(program: Program, synapse: Synapse) -> int:
    """Return the exponent of the neurons that the weights drive.

    Raises:
        DoesNotFitError: if they drive none, or neurons of unlike units; names the layer.
    """
    units = {input_unit(reader) for reader in _readers(program, synapse)}
    if len(units) != 1:
        said = " and ".join(f"2^{unit}" for unit in sorted(units)) or "no unit"
        raise DoesNotFitError(
            f"{synapse.name}: drives neurons that count in {said}", remedy=_REMEDY
        )
    return units.pop()


def input_unit(node: Neuron) -> int:
    """Return the exponent of one unit of what drives neurons."""
    return node.exponent - node.system.input_fraction


def reads_sums(program: Program, node: Neuron) -> bool:
    """Return whether neurons are driven by weights, or by values as they are.

    Raises:
        DoesNotFitError: if by both; names the layer.
    """
    kinds = {is_sum(program, edge.source) for edge in node.inputs}
    if len(kinds) > 1:
        message = f"{node.name}: adds weighted sums and values without weights"
        raise DoesNotFitError(message, remedy=_REMEDY)
    return kinds.pop()


def require_values(program: Program, synapse: Synapse) -> None:
    """Check that weights do not read the sums of other weights.

    Raises:
        DoesNotFitError: if they do; names the layer.
    """
    source = synapse.source.source
    if is_sum(program, source):
        message = f"{synapse.name}: reads weighted sums, without neurons between"
        raise DoesNotFitError(message, remedy=_REMEDY)


def is_sum(program: Program, name: str) -> bool:
    """Return whether a node is weights, or selects values of weights."""
    return isinstance(origin(program, name), Synapse)


def origin(program: Program, name: str) -> Node:
    """Return the node whose values a node selects, or the node itself."""
    node = program.by_name[name]
    while isinstance(node, Selection):
        node = program.by_name[node.sources[0].source]
    return node


def _readers(program: Program, synapse: Synapse) -> list[Neuron]:
    """Return the neurons that read weights, directly or through selections."""
    return [
        node
        for node in program.layers
        if any(origin(program, edge.source) is synapse for edge in node.inputs)
    ]
