"""NIR's nodes without neurons as nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge, Pair, Shape
from neurodeploy.errors import ArtifactError, UnsupportedLayerError
from neurodeploy.graph import Node
from snncore.dynamics.equations import trace
from snncore.dynamics.words import spike
from targets.nir.foreign.network import NirNode

Array = NDArray[Any]


@dataclass(frozen=True)
class Site:
    """The site of a node in the graph: its name there, and what it reads."""

    name: str
    source: Edge
    shape: Shape
    # The steps of a Delay.
    steps: Array | None = None


def _scaled(v: Any, x: Any, *, scale: Any) -> Any:
    h = scale * x
    return h, h


def _above(v: Any, x: Any, *, threshold: Any) -> Any:
    return x, spike(x - threshold, strict=True)


# What computes each value by itself.
ELEMENTWISE = {
    "Scale": trace(_scaled, states=("v",), parameters=("scale",), name="Scale"),
    "Threshold": trace(_above, states=("v",), parameters=("threshold",), name="Threshold"),
}


def _numbers(node: NirNode, name: str) -> Array:
    array = node.array(name)
    if array.dtype.kind not in "iufb":
        raise ArtifactError(f"{node.name}.{name}: {array.dtype} is not a type of numbers")
    return array.astype(np.float32)


def _dense(node: NirNode, site: Site) -> list[Node]:
    weight = _numbers(node, "weight")
    if weight.ndim != 2:
        raise UnsupportedLayerError(
            f"{node.name}: weights of shape {weight.shape}; only one matrix (out, in) is read"
        )
    bias = _numbers(node, "bias") if node.kind == "Affine" else None
    if bias is not None and bias.size == 1:
        bias = np.broadcast_to(bias.reshape(()), weight.shape[:1])
    bias = _of_outputs(node, bias, weight)
    return [g.Dense(site.name, site.source, weight, bias)]


def _of_outputs(node: NirNode, bias: Array | None, weight: Array) -> Array | None:
    """Return a bias, or None if it adds nothing.

    Raises:
        ArtifactError: if there is not one for each output.
    """
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ArtifactError(f"{node.name}.bias: {bias.shape} is not one for each of the outputs")
    return bias if bias is not None and bias.any() else None


def _whole(node: NirNode, name: str, count: int) -> tuple[int, ...]:
    """Return whole numbers, one for each axis."""
    values = node.array(name).reshape(-1)
    if values.size not in (1, count) or (values != np.rint(values)).any():
        words = "is not a whole number" if count == 1 else f"are not {count} whole numbers"
        raise ArtifactError(f"{node.name}.{name}: {values.tolist()} {words}")
    if np.abs(values).max(initial=0) > 1 << 20:
        raise ArtifactError(f"{node.name}.{name}: {values.tolist()} is more than any layer has")
    numbers = [int(value) for value in values]
    return tuple(numbers * count if len(numbers) == 1 else numbers)


def _conv(node: NirNode, site: Site) -> list[Node]:
    """Return a convolution; one of lines is one of images of one row."""
    axes = 1 if node.kind == "Conv1d" else 2
    weight = _numbers(node, "weight")
    if weight.ndim != axes + 2:
        raise ArtifactError(f"{node.name}.weight: {weight.shape} is not that of a {node.kind}")
    own = site.shape
    if len(own) != axes + 1:
        raise ArtifactError(f"{node.name}: takes {axes + 1} axes and is given {own}")
    _check_input(node, own)
    stride, dilation = (_whole(node, name, axes) for name in ("stride", "dilation"))
    weight, padding = _padding(node, weight, dilation, stride)
    (groups,) = _whole(node, "groups", 1)
    bias = _of_outputs(node, _numbers(node, "bias") if "bias" in node.numbers else None, weight)
    if groups < 1 or weight.shape[1] * groups != own[0]:
        raise ArtifactError(
            f"{node.name}: kernels of {weight.shape[1]} channels in {groups} groups do not read "
            f"{own[0]} channels"
        )
    kernel = weight if axes == 2 else weight[:, :, None, :]
    steps, around, apart = _pair(stride, 1), _pair(padding, 0), _pair(dilation, 1)
    form = (kernel.astype(np.float64), bias, steps, around, apart, groups)
    if axes == 2:
        return [g.Conv2d(site.name, site.source, *form)]
    row = g.Reshape(f"{site.name}_row", site.source, (own[0], 1, own[1]))
    conv = g.Conv2d(f"{site.name}_conv", Edge(row.name), *form)
    channels, _, length = conv.output_shape([(own[0], 1, own[1])])
    return [row, conv, g.Reshape(site.name, Edge(conv.name), (channels, length))]


def _check_input(node: NirNode, shape: Shape) -> None:
    """Check that the image's size, if the file says it, is what the layer is given."""
    said = node.numbers.get("input_shape")
    if said is None:
        return
    size = tuple(int(length) for length in said.reshape(-1))
    if size not in (shape[1:], shape):
        raise ArtifactError(
            f"{node.name}.input_shape: says {size}, and the layer is given {shape[1:]}"
        )


def _padding(
    node: NirNode, weight: Array, dilation: tuple[int, ...], stride: tuple[int, ...]
) -> tuple[Array, tuple[int, ...]]:
    """Return the zeros on each side, and kernels with a zero before them where sides differ."""
    word = node.texts.get("padding")
    if word is None:
        return weight, _whole(node, "padding", len(dilation))
    if word == "valid":
        return weight, (0,) * len(dilation)
    if word != "same" or any(step != 1 for step in stride):
        raise ArtifactError(
            f"{node.name}.padding: {word!r:.40} is not 'valid', or 'same' at stride 1"
        )
    margins, sizes = [], []
    for axis, apart in enumerate(dilation):
        total = apart * (weight.shape[2 + axis] - 1)
        if total % 2 and apart > 1:
            raise UnsupportedLayerError(
                f"{node.name}: 'same' padding of an even kernel with a dilation differs by side"
            )
        margins.append((total % 2, 0))
        sizes.append((total + 1) // 2)
    return np.pad(weight, ((0, 0), (0, 0), *margins)), tuple(sizes)


def _pair(sizes: tuple[int, ...], alone: int) -> Pair:
    height, width = sizes if len(sizes) == 2 else (alone, *sizes)
    return height, width


def _pool(node: NirNode, site: Site) -> list[Node]:
    """Return a pool; one with zeros around it is a convolution of each channel by itself."""
    kernel, stride, padding = (
        _pair(_whole(node, n, 2), 1) for n in ("kernel_size", "stride", "padding")
    )
    weight = 1.0 if node.kind == "SumPool2d" else 1.0 / prod(kernel)
    if min(*kernel, *stride, *(p + 1 for p in padding)) < 1:
        raise ArtifactError(f"{node.name}: windows {kernel} every {stride} are not those of a pool")
    if not any(padding):
        return [g.SumPool2d(site.name, site.source, kernel, stride, weight)]
    if prod(kernel) > 1 << 16:
        raise ArtifactError(f"{node.name}.kernel_size: {kernel} is larger than any layer's")
    channels = site.shape[0]
    ones = np.full((channels, 1, *kernel), weight, np.float32).astype(np.float64)
    return [g.Conv2d(site.name, site.source, ones, None, stride, padding, (1, 1), channels)]


def _flatten(node: NirNode, site: Site) -> list[Node]:
    shape, ends = site.shape, []
    for name in ("start_dim", "end_dim"):
        (axis,) = _whole(node, name, 1)
        ends.append(axis if axis >= 0 else axis + len(shape))
    start, end = ends
    if not 0 <= start <= end < len(shape):
        raise ArtifactError(
            f"{node.name}: axes {start} to {end} are not those of {shape}",
            remedy="NIR counts them without the batch",
        )
    if (start, end) == (0, len(shape) - 1):
        return [g.Flatten(site.name, site.source)]
    joined = (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])
    return [g.Reshape(site.name, site.source, joined)]


def _elementwise(node: NirNode, name: str, site: Site) -> Array:
    values = _numbers(node, name)
    if values.size == 1:
        return values.reshape(()).astype(np.float64)
    if values.shape != site.shape:
        raise ArtifactError(f"{node.name}.{name}: {values.shape} does not fit {site.shape}")
    return values.astype(np.float64)


def _each(node: NirNode, site: Site) -> list[Node]:
    name = node.kind.lower()
    values = {name: _elementwise(node, name, site)}
    return [g.Neuron(site.name, site.source, ELEMENTWISE[node.kind], values)]


def _delay(node: NirNode, site: Site) -> list[Node]:
    steps = site.steps
    assert steps is not None
    first = steps.reshape(-1)[:1]
    if (steps == first).all():
        return [g.Delay(site.name, site.source, first.astype(np.float64))]
    channels = steps.reshape(len(steps), -1)
    if steps.shape != site.shape or (channels != channels[:, :1]).any():
        raise UnsupportedLayerError(
            f"{node.name}: a delay for each neuron of an image; ours has one for each channel"
        )
    return [g.Delay(site.name, site.source, channels[:, 0].astype(np.float64))]


WRITE: Mapping[str, Callable[[NirNode, Site], list[Node]]] = {
    "Affine": _dense,
    "Linear": _dense,
    "Conv1d": _conv,
    "Conv2d": _conv,
    "SumPool2d": _pool,
    "AvgPool2d": _pool,
    "Flatten": _flatten,
    "Scale": _each,
    "Threshold": _each,
    "Delay": _delay,
}
