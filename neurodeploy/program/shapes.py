"""The shape of what each node computes, and whether its inputs fit."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from neurodeploy.data.structure import Node, Shape, conv_size
from neurodeploy.errors import ValidationError
from neurodeploy.program.nodes import Conv2d, Dense, Flatten, Input, MaxPool2d, Neuron


def output_shape(node: Node, inputs: Sequence[Shape]) -> Shape:
    """The shape of the node's value.

    Raises:
        ValidationError: if the inputs do not fit; names the node.
    """
    if isinstance(node, Input):
        return node.shape
    if isinstance(node, Dense) and not inputs:
        # A loop reads what stands behind it; its own size it knows.
        return (node.narrow_weight.shape[0],)
    if not inputs:
        raise ValidationError(f"{node.name}: no input of a known shape")
    if isinstance(node, Dense):
        return _dense(node, inputs[0])
    if isinstance(node, Conv2d):
        return _conv(node, inputs[0])
    if isinstance(node, MaxPool2d):
        return _pool(node, inputs[0])
    if isinstance(node, Flatten):
        return (prod(inputs[0]),)
    if isinstance(node, Neuron):
        return _neuron(node, inputs)
    raise ValidationError(f"{node.name}: {type(node).__name__} is no node of a program")


def _dense(node: Dense, shape: Shape) -> Shape:
    outputs, width = node.narrow_weight.shape
    if shape != (width,):
        remedy = "put a Flatten before it" if len(shape) > 1 and prod(shape) == width else None
        raise ValidationError(
            f"{node.name}: takes {width} inputs and is given {shape}", remedy=remedy
        )
    return (outputs,)


def _conv(node: Conv2d, shape: Shape) -> Shape:
    channels = node.narrow_weight.shape[1] * node.groups
    if len(shape) != 3 or shape[0] != channels:
        raise ValidationError(f"{node.name}: takes ({channels}, H, W) and is given {shape}")
    kernel = (node.narrow_weight.shape[2], node.narrow_weight.shape[3])
    height, width = conv_size(
        (shape[1], shape[2]), kernel, node.stride, node.padding, node.dilation
    )
    if height < 1 or width < 1:
        raise ValidationError(f"{node.name}: the kernel {kernel} is larger than its input {shape}")
    return (node.narrow_weight.shape[0], height, width)


def _pool(node: MaxPool2d, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ValidationError(f"{node.name}: takes (C, H, W) and is given {shape}")
    size = conv_size((shape[1], shape[2]), node.kernel, node.stride, node.padding, (1, 1))
    if min(size) < 1:
        raise ValidationError(f"{node.name}: {node.kernel} is larger than its input {shape}")
    return (shape[0], *size)


def _neuron(node: Neuron, inputs: Sequence[Shape]) -> Shape:
    if len(set(inputs)) > 1:
        raise ValidationError(f"{node.name}: adds inputs of unlike shapes {sorted(set(inputs))}")
    for name, values in node.parameters.items():
        try:
            fits = np.broadcast_shapes(values.shape, inputs[0]) == inputs[0]
        except ValueError:
            fits = False
        if not fits:
            raise ValidationError(
                f"{node.name}.{name}: {values.shape} does not fit the layer's {inputs[0]}"
            )
    return inputs[0]
