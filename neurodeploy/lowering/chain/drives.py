"""Weights as what drives a layer of the chain: from one layer's spikes each, and small enough.

What moves spikes before the weights, or their sums behind them, becomes part of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.data.structure import Edge
from neurodeploy.lowering.chain.form import ChainForm
from neurodeploy.lowering.chain.moved import MOST_UNROLLED, Matrix, kernels, matrix_of
from neurodeploy.program import Conv2d, Dense, Multiply, Neuron, Node, Synapse

if TYPE_CHECKING:
    from neurodeploy.lowering.chain.branches import Branches


@dataclass(frozen=True)
class Drive:
    """Weights from the spikes of one layer."""

    source: str
    node: Dense | Conv2d


def loop_of(node: Synapse, branches: Branches) -> Dense:
    """Return the dense weights that bring a layer's own spikes back a step later.

    Raises:
        DoesNotFitError: if they are others; names them.
    """
    if not isinstance(node, Dense) or node.source.delay != 1 or node.delays is not None:
        reason = f"brings spikes back {node.source.delay} steps late"
        raise branches.refusal(node, reason, "use dense weights and a delay of 1 step")
    return node


def moved_sums(node: Neuron, edge: Edge, branches: Branches) -> list[Drive]:
    """Return the weights whose sums reach neurons moved, with rows in the order of these.

    Raises:
        DoesNotFitError: if other values than sums reach them; names the neurons.
    """
    numbers, drives = branches.moved[edge.source], list[Drive]()
    for name, positions, own in branches.origins.of(numbers):
        weights = branches.weights.get(name)
        if weights is None:
            raise branches.refusal(node, f"reads {edge.source}, and not weights")
        matrix = _matrix(weights, branches).rows(positions, own, numbers.size)
        drives += _unrolled(weights, matrix, branches)
    return drives


def drives_of(node: Synapse, branches: Branches) -> list[Drive]:
    """Return weights by the layers that they read, moved or as they are."""
    assert isinstance(node, Dense | Conv2d)
    if node.source.source not in branches.moved:
        return [_drive(node, branches)]
    channels = branches.origins.channels(branches.moved[node.source.source])
    if isinstance(node, Conv2d) and channels is not None and not node.source.delay:
        _require_bits(node, branches)
        parts = kernels(node, channels, branches.origins)
        return [Drive(_layer(node, each.source.source, branches), each) for each in parts]
    return _unrolled(node, _matrix(node, branches), branches)


def factor_of(node: Multiply, edge: Edge, weight: int, branches: Branches) -> list[Drive]:
    """Return weights of one size that bring each spike of a factor to the products that it is in.

    Raises:
        DoesNotFitError: if the factor is not spikes, or a chain needs too many weights for it.
    """
    shape, own = branches.shape(node.name), branches.shape(edge.source)
    if len(shape) == 3 and own == shape:
        kernel, form = np.full((shape[0], 1, 1, 1), weight), branches.form
        one = Conv2d(node.name, edge, kernel, groups=shape[0], accumulator_bits=form.kernel_bits)
        return drives_of(one, branches)
    numbers, drives = np.broadcast_to(branches.numbers(node, edge), shape), list[Drive]()
    for name, positions, places in branches.origins.of(numbers):
        source = _layer(node, name, branches)
        size = (numbers.size, prod(branches.shape(source)))
        if prod(size) > MOST_UNROLLED:
            reason = f"needs {size[0]} x {size[1]} weights in a chain"
            raise branches.refusal(node, reason, "multiply fewer values")
        matrix = np.zeros(size, np.int64)
        matrix[positions, places] = weight
        bits = branches.form.dense_bits
        drives.append(Drive(source, Dense(node.name, Edge(source), matrix, accumulator_bits=bits)))
    return drives


def _matrix(node: Synapse, branches: Branches) -> Matrix:
    """Return weights between all that they read and their sums.

    Raises:
        DoesNotFitError: if they are too many, or might wrap; names them.
    """
    assert isinstance(node, Dense | Conv2d)
    _require_bits(node, branches)
    shapes = (branches.shape(node.source.source), branches.shape(node.name))
    size = (prod(shapes[1]), prod(shapes[0]))
    if prod(size) > MOST_UNROLLED:
        reason = f"reads what is moved, for which a chain needs {size[0]} x {size[1]} weights"
        raise branches.refusal(node, reason, "move fewer values")
    require_sums(node, [node], branches)
    return matrix_of(node, *shapes)


def _unrolled(node: Synapse, matrix: Matrix, branches: Branches) -> list[Drive]:
    """Return dense weights for each layer whose spikes a matrix reads."""
    assert isinstance(node, Dense | Conv2d)
    drives = []
    for name, positions, own in branches.origins.of(branches.numbers(node, node.source)):
        layer = _layer(node, name, branches)
        part = matrix.columns(positions, own, prod(branches.shape(layer)))
        if part is None:
            raise branches.refusal(node, f"reads a spike of {layer} with two delays")
        drives.append(Drive(layer, part.dense(node, layer, branches.form.dense_bits)))
    return drives


def _layer(node: Node, name: str, branches: Branches) -> str:
    """Return the layer that an origin is.

    Raises:
        DoesNotFitError: if it is weights; names the node.
    """
    if name in branches.weights:
        raise branches.refusal(node, f"reads sums of {name} with no neurons between")
    return name


def _require_bits(node: Dense | Conv2d, branches: Branches) -> None:
    """Check that sums have the chip's registers, and are not shifted.

    Raises:
        DoesNotFitError: otherwise; names the weights.
    """
    form = branches.form
    bits = form.dense_bits if isinstance(node, Dense) else form.kernel_bits
    if node.accumulator_bits != bits or (isinstance(node, Dense) and node.shift):
        reason = f"sums of {node.accumulator_bits} bits, shifted or not the chip's {bits}"
        raise branches.refusal(node, reason)


def _drive(node: Synapse, branches: Branches) -> Drive:
    """Return weights with the layer they read; steps that they wait become dense delays."""
    assert isinstance(node, Dense | Conv2d)
    source, late = branches.source_of(node, node.source), node.source.delay
    _require_bits(node, branches)
    if not late:
        return Drive(source, node)
    if not isinstance(node, Dense):
        raise branches.refusal(node, f"reads {source} {late} steps late", "leave the delay out")
    before = 0 if node.delays is None else node.delays
    delays = np.broadcast_to(np.asarray(before) + late, node.narrow_weight.shape)
    return Drive(source, replace(node, delays=delays, source=Edge(node.source.source)))


def pieces(drive: Drive, form: ChainForm) -> list[Drive]:
    """Return weights as several whose sum they are, each small enough for a synapse."""
    left = drive.node.narrow_weight.astype(np.int64)
    # A layer with weights of one sign holds one more.
    if form.weights.low <= left.min() and left.max() <= form.weights.high + 1:
        return [drive]
    pieces = []
    while left.any():
        piece = np.clip(left, form.weights.low, form.weights.high)
        pieces.append(Drive(drive.source, replace(drive.node, weight=piece)))
        left = left - piece
    return pieces


def require_sums(node: Node, weights: list[Dense | Conv2d], branches: Branches) -> None:
    """Check that sums cannot wrap, since joined ones would wrap elsewhere.

    Raises:
        DoesNotFitError: if they can; names the neurons.
    """
    kernels = any(isinstance(each, Conv2d) for each in weights)
    most = 1 << ((branches.form.kernel_bits if kernels else branches.form.dense_bits) - 1)
    reached = sum(
        int(np.abs(each.narrow_weight.astype(np.int64)).reshape(len(rows), -1).sum(axis=1).max())
        for each in weights
        if (rows := each.narrow_weight).size
    )
    if reached >= most:
        reason = f"its sums may reach {reached}, and joined with others they wrap at {most}"
        raise branches.refusal(node, reason, "use smaller kernels or weights")
