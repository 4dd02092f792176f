"""Seeded random programs that add spikes: sums of layers, sums of sums, and sums of windows.

Weights, neurons, max pools and further sums read the counts; in a late one they read earlier steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.data.structure import Edge, Shape
from neurodeploy.program import Add, Flatten, MaxPool2d, SumPool2d
from quant import chip_format
from tests.conformance.attentive_networks import AttentiveBuild
from tests.conformance.moving_networks import FORMATS
from tests.conformance.networks import Case

# The kinds that no other generator makes.
SUMS = {"Add", "SumPool2d"}
SHAPES: tuple[Shape, ...] = ((2, 6, 5), (3, 4, 4), (24,), (1, 7, 6), (4, 5, 5), (2, 8, 3))


def summing_case(seed: int, form: str | None = None, *, late: bool = False) -> Case:
    """Return the network of this seed; in a late one, sums read earlier steps."""
    rng = np.random.default_rng([9, seed])
    build = SummingBuild(rng, chip_format(form or FORMATS[seed % len(FORMATS)]), late)
    build.begin(SHAPES[seed % len(SHAPES)])
    for _ in range(int(rng.integers(1, 4))):
        build.block()
    return build.case(f"summing {seed}")


class SummingBuild(AttentiveBuild):
    """Layers side by side, sums of what they send, and layers behind those."""

    def __init__(self, rng: np.random.Generator, form: Any, late: bool) -> None:
        super().__init__(rng, form, late, attends=False)

    def block(self) -> None:
        """Add layers that read the last value, sums of their spikes, and neurons."""
        names = self.side_by_side(int(self.rng.integers(2, 4)))
        for _ in range(int(self.rng.integers(1, 4))):
            # Products of counts are sums' terms too.
            add = self.product if self.rng.random() < 0.15 else self.sum
            names.append(add(names))
        self.layer_behind(self.pooled(names[-1]))

    def sum(self, names: list[str]) -> str:
        """Add a sum of some of these values, one of them perhaps twice, and return its name."""
        name, shape = f"sum{len(self.nodes)}", self.shape_of(names[0])
        same = [each for each in names if self.shape_of(each) == shape]
        # The last value is among them, so that sums become terms of sums.
        terms = [same[-1], *self.rng.choice(same, int(self.rng.integers(1, 4)))]
        self.nodes.append(Add(name, tuple(self._edge(str(each)) for each in terms)))
        return name

    def pooled(self, source: str) -> str:
        """Add a pool of these counts, perhaps of the whole image, and return its name."""
        rng, shape, name = self.rng, self.shape_of(source), f"pool{len(self.nodes)}"
        if len(shape) < 3 or min(shape[1:]) < 2 or rng.random() < 0.3:
            return source
        down, right = (int(rng.integers(1, 3)) for _ in range(2))
        if rng.random() < 0.25:
            self.nodes.append(MaxPool2d(name, Edge(source), (2, 2), (down, right)))
            return name
        sides = [int(rng.integers(1, side + 1)) for side in shape[1:]]
        kernel = shape[1:] if rng.random() < 0.4 else sides
        self.nodes.append(SumPool2d(name, (Edge(source),), (kernel[0], kernel[1]), (down, right)))
        if rng.random() < 0.5:
            self.nodes.append(Flatten(f"{name}.flat", Edge(name)))
            return f"{name}.flat"
        return name
