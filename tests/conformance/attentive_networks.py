"""Seeded random programs that multiply spikes: and, and not, masks, and attention of several heads.

Products of products, products that neurons read without weights, and sums of both occur too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.data.structure import Shape
from neurodeploy.program import (
    Attention,
    Conv2d,
    Edge,
    Multiply,
    Neuron,
    Reshape,
    Slice,
    Synapse,
)
from quant import chip_format
from tests.conformance.moving_networks import FORMATS, MovingBuild
from tests.conformance.networks import Case

# The kinds that no other generator makes.
PRODUCTS = {"Attention", "Multiply"}
SHAPES: tuple[Shape, ...] = ((2, 5, 4), (3, 4, 4), (1, 6, 3), (20,), (4, 3, 3), (2, 7, 2))
_HEADS = (1, 2, 4)


def attentive_case(
    seed: int, form: str | None = None, *, late: bool = False, attends: bool = True
) -> Case:
    """Return the network of this seed; in a late one, products read earlier steps."""
    rng = np.random.default_rng([6, seed])
    build = AttentiveBuild(rng, chip_format(form or FORMATS[seed % len(FORMATS)]), late, attends)
    build.begin(SHAPES[seed % len(SHAPES)])
    for _ in range(int(rng.integers(1, 4))):
        build.block()
    return build.case(f"attentive {seed}")


class AttentiveBuild(MovingBuild):
    """Layers side by side, products of what they send, and layers behind those."""

    def __init__(self, rng: np.random.Generator, form: Any, late: bool, attends: bool) -> None:
        super().__init__(rng, form)
        self.late, self.attends = late, attends

    def block(self) -> None:
        """Add layers that read the last value, products of their spikes, and neurons."""
        names = self.side_by_side(int(self.rng.integers(2, 4)))
        for _ in range(int(self.rng.integers(1, 3))):
            names.append(self.product(names))
        self.layer_behind(names[-1])

    def side_by_side(self, count: int) -> list[str]:
        """Add layers of one shape, which all read the last value, and return their names."""
        source, number, values = self._last(), len(self.nodes), self.values
        first = self._synapse(f"side{number}.0.weights", source)
        channels = int(self.rng.choice((2, 4, 4, 8)))
        if isinstance(first, Conv2d):
            height, width = (min(3, side) for side in values.shape[3:])
            shape = (channels, values.shape[2], height, width)
            around = (height // 2, width // 2)
            first = replace(
                first,
                weight=self._weights(shape),
                padding=around,
                stride=(1, 1),
                dilation=(1, 1),
                groups=1,
            )
        names = []
        for index in range(count):
            name = f"side{number}.{index}"
            weight = self._weights(first.narrow_weight.shape)
            synapse: Synapse = replace(first, name=f"{name}.weights", weight=weight)
            self.nodes.append(synapse)
            self._neurons(name, [synapse])
            names.append(name)
        return names

    def product(self, names: list[str]) -> str:
        """Add a product of some of these values, and return its name."""
        rng, name, shape = self.rng, f"product{len(self.nodes)}", self.shape_of(names[0])
        same = [each for each in names if self.shape_of(each) == shape]
        if self.attends and len(shape) > 1 and rng.random() < 0.4:
            return self._attention(name, same, shape)
        first, second = (str(each) for each in rng.choice(same, 2))
        if rng.random() < 0.3:
            axis = int(rng.integers(len(shape)))
            start = int(rng.integers(shape[axis]))
            self.nodes.append(Slice(f"{name}.mask", Edge(second), axis, start, start + 1))
            second = f"{name}.mask"
        edges = [self._edge(first), self._edge(second)]
        order = rng.permutation(2)
        read = tuple(edges[index] for index in order)
        self.nodes.append(Multiply(name, read, bool(rng.random() < 0.4)))
        return name

    def layer_behind(self, source: str) -> None:
        """Add neurons that read a product: through weights, without any, or both in a sum."""
        rng, name, shape = self.rng, f"layer{len(self.nodes)}", self.shape_of(source)
        self.values = np.zeros((*self.inputs.shape[:2], *shape), np.int64)
        way = rng.random()
        drives: list[Any] = []
        if way < 0.7 or len(shape) == 2:
            if len(shape) == 2:
                image = Reshape(f"{name}.image", Edge(source), (shape[0], 1, shape[1]))
                self.nodes.append(image)
                self.values, source = self.values[:, :, :, None], image.name
            drives.append(self._synapse(f"{name}.weights", Edge(source)))
            self.nodes.append(drives[0])
        if way > 0.85 and drives and self.shape_of(drives[0].name) == self.shape_of(source):
            drives.append(self._by_name(source))
        self._neurons(name, drives or [self._by_name(source)])

    def _attention(self, name: str, names: list[str], shape: Shape) -> str:
        rng = self.rng
        heads = [count for count in _HEADS if shape[0] % count == 0]
        read = tuple(self._edge(str(each)) for each in rng.choice(names, 3))
        self.nodes.append(Attention(name, read, heads[int(rng.integers(len(heads)))]))
        return name

    def _edge(self, name: str) -> Edge:
        late = self.late and self.rng.random() < 0.4 and isinstance(self._by_name(name), Neuron)
        return Edge(name, int(self.rng.integers(1, 3)) if late else 0)

    def _by_name(self, name: str) -> Any:
        return next(node for node in self.nodes if node.name == name)
