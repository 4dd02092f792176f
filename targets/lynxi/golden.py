"""Golden vectors: one run of the whole network, and each layer driven as hard as it can be.

A layer's worst case drives, in every step, exactly the inputs whose weights are positive for the
neuron with the largest sum, or exactly those whose weights are negative: no order of adding can
pass what these sums reach, and an accumulator that is too narrow shows in them first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Conv2d, Dense, Flatten, Input, Neuron, Node, Synapse
from neurodeploy.simulator.golden import combine, neuron_step, run_golden
from neurodeploy.target import random_samples
from targets.lynxi.plan import Part, Plan
from targets.lynxi.tensors import Packer

GOLDEN = "golden.bin"
_RATE, _SEED, _COUNT = 0.3, 0, 2

Array = NDArray[np.int64]
WORST_STEPS = 4


def golden_vectors(plan: Plan, steps: int, file: Packer) -> dict[str, Any]:
    """What the document says of the vectors, which go into a file of their own."""
    samples = random_samples(plan.program, steps, _COUNT, _RATE, _SEED)
    trace = run_golden(plan.program, samples)
    return {
        "network": {
            "input": file.integers(samples),
            "layers": {
                name: {key: file.integers(value) for key, value in trace[name].values.items()}
                for name in trace
            },
        },
        "layers": [_worst_case(plan, part, file) for part in plan.layers],
    }


def _worst_case(plan: Plan, part: Part, file: Packer) -> dict[str, Any]:
    """One layer alone: sample 0 with the largest sums, sample 1 with the lowest."""
    branches = [_Branch(plan, edge.source) for edge in part.node.sources]
    chosen = [_extreme(branches, sign) for sign in (1, -1)]
    inputs = {b.name: b.inputs(chosen) for b in branches}
    sums = {b.name: b.sums(inputs[b.name]) for b in branches}
    drive = sum(b.delivered(sums[b.name]) for b in branches)
    states, seen = _rest(part), []
    for _ in range(WORST_STEPS):
        states, spikes = neuron_step(_neuron(part), states, np.asarray(drive))
        seen.append({"s": spikes, **states})
    return {
        "layer": part.name,
        "steps": WORST_STEPS,
        "inputs": {name: file.integers(value) for name, value in inputs.items()},
        "sums": {name: file.integers(value) for name, value in sums.items()},
        "result": {key: file.integers(np.stack([row[key] for row in seen])) for key in seen[0]},
        "largest_sum": max(int(np.abs(value).max()) for value in sums.values()),
    }


class _Branch:
    """What leads to a layer: weights and what only moves their sums, or values as they are."""

    def __init__(self, plan: Plan, name: str) -> None:
        self.moved: list[Node] = []
        node = plan.by_name[name].node
        while not isinstance(node, Synapse | Input | Neuron):
            self.moved.insert(0, node)
            node = plan.by_name[node.sources[0].source].node
        self.node, self.name = node, node.name
        self.synapse = node if isinstance(node, Synapse) else None
        source = node.sources[0].source if self.synapse is not None else node.name
        self.shape = plan.by_name[source].shape
        self.range = plan.values[source]

    def reach(self, sign: int) -> Array:
        """The largest sum (or the lowest, without its sign) of every output or channel."""
        low, high = self.range.low, self.range.high
        if self.synapse is None:
            return np.full(self.shape[0], high if sign > 0 else -low)
        flat = sign * self.synapse.weight.reshape(len(self.synapse.weight), -1)
        reached: Array = np.maximum(flat * low, flat * high).sum(axis=1)
        return reached

    def inputs(self, chosen: list[int | None]) -> Array:
        """The inputs (2, ...) that drive the chosen outputs as far as they go."""
        pairs = zip((1, -1), chosen, strict=True)
        return np.stack([self._driven(sign, index) for sign, index in pairs])

    def sums(self, inputs: Array) -> Array:
        """The weighted sums of inputs, or these where there are no weights."""
        return inputs if self.synapse is None else combine(self.synapse, inputs)

    def delivered(self, sums: Array) -> Array:
        """What of the sums reaches the neurons."""
        for node in self.moved:
            sums = combine(node, sums)
        return sums

    def _driven(self, sign: int, index: int | None) -> Array:
        low, high = self.range.low, self.range.high
        if self.synapse is None:
            return np.full(self.shape, high if sign > 0 else low)
        output = int(self.reach(sign).argmax()) if index is None else index
        weight = sign * self.synapse.weight[output]
        best = np.where(weight > 0, high, np.where(weight < 0, low, 0))
        if isinstance(self.synapse, Dense):
            return best
        return _in_the_middle(self.synapse, best, output, self.shape)


def _in_the_middle(node: Conv2d, window: Array, output: int, shape: tuple[int, ...]) -> Array:
    """An image with this window where a kernel in the middle looks."""
    image = np.zeros(shape, dtype=np.int64)
    first = output * node.groups // len(node.weight) * node.weight.shape[1]
    rows, columns = (_seen(shape[axis + 1], window.shape[axis + 1], axis, node) for axis in (0, 1))
    for i, row in rows:
        for j, column in columns:
            image[first : first + len(window), row, column] = window[:, i, j]
    return image


def _seen(size: int, kernel: int, axis: int, node: Conv2d) -> list[tuple[int, int]]:
    """Places of the kernel and of the image, where the window in the middle meets it."""
    stride, padding, apart = node.stride[axis], node.padding[axis], node.dilation[axis]
    count = (size + 2 * padding - apart * (kernel - 1) - 1) // stride + 1
    begin = count // 2 * stride - padding
    places = ((i, begin + i * apart) for i in range(kernel))
    return [(i, place) for i, place in places if 0 <= place < size]


def _extreme(branches: list[_Branch], sign: int) -> int | None:
    """The output or channel that all branches together drive furthest, where they agree on one."""
    reached = [branch.reach(sign) for branch in branches]
    flat = any(isinstance(node, Flatten) for branch in branches for node in branch.moved)
    if flat or len({len(each) for each in reached}) > 1:
        return None
    return int(np.sum(reached, axis=0).argmax())


def _neuron(part: Part) -> Neuron:
    assert isinstance(part.node, Neuron)
    return part.node


def _rest(part: Part) -> dict[str, Array]:
    zero = np.zeros((2, *part.shape), dtype=np.int64)
    return dict.fromkeys(part.states, zero)
