"""Golden vectors: one run of the whole network, and each layer's worst case.

A layer's worst case drives, in every step, exactly the inputs whose weights are positive for the
neuron with the largest sum, or exactly those whose weights are negative: no order of addition can
exceed these sums, and an accumulator that is too narrow shows in them first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Shape
from neurodeploy.program import Conv2d, Dense, MaxPool2d, Neuron
from neurodeploy.simulator import simulate
from neurodeploy.simulator.golden import combine, neuron_step
from neurodeploy.target import random_samples
from targets.lynxi.package.packer import Packer
from targets.lynxi.reduced.branch import Branch, branches_of
from targets.lynxi.reduced.forms import WORST_STEPS
from targets.lynxi.reduced.plan import NetworkPlan, PlanPart

GOLDEN = "golden.bin"
_RATE, _SEED = 0.3, 0
# The number of steps of the run of the whole network, and of each worst case.
SAMPLES = 2

Array = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WorstCase:
    """One layer alone: sample 0 drives it as far up as possible, sample 1 as far down."""

    layer: str
    # By branch: the input of its weights, and their sums.
    inputs: Mapping[str, Array]
    sums: Mapping[str, Array]
    # Spikes and states, (steps, 2, ...).
    result: Mapping[str, Array]

    @property
    def largest_sum(self) -> int:
        """The largest magnitude of a sum."""
        return max(int(np.abs(value).max()) for value in self.sums.values())


def golden_vectors(plan: NetworkPlan, steps: int, file: Packer) -> dict[str, Any]:
    """Return the document's description of the vectors, which go into their own file."""
    samples = random_samples(plan.program, steps, SAMPLES, _RATE, _SEED)
    # The fast engine equals the golden interpreter, which would take minutes for large images.
    trace = simulate(plan.program, samples, engine="fast", again=False)
    return {
        "network": {
            "input": file.integers(samples),
            "layers": {
                # Spikes of every step, and the states after the last one.
                name: {
                    key: file.integers(value if key == "s" else value[-1])
                    for key, value in trace[name].values.items()
                }
                for name in trace
            },
        },
        "layers": [_described(case, file) for case in worst_cases(plan)],
    }


def worst_cases(plan: NetworkPlan) -> list[WorstCase]:
    """Return the worst case of every layer of neurons."""
    inputs: dict[str, Array] = {}
    return [_worst_case(plan, part, inputs) for part in plan.layers]


def _described(case: WorstCase, file: Packer) -> dict[str, Any]:
    return {
        "layer": case.layer,
        "steps": WORST_STEPS,
        "inputs": {name: file.integers(value) for name, value in case.inputs.items()},
        "sums": {name: file.integers(value) for name, value in case.sums.items()},
        "result": {key: file.integers(value) for key, value in case.result.items()},
        "largest_sum": case.largest_sum,
    }


def _worst_case(plan: NetworkPlan, part: PlanPart, inputs_by_name: dict[str, Array]) -> WorstCase:
    """Return the worst case of a layer; a value that another layer reads too has one input."""
    branches = branches_of(plan, part)
    chosen = {sign: _extreme(branches, sign) for sign in (1, -1)}
    for b in branches:
        if b.name not in inputs_by_name:
            driven = [_driven(b, sign, output) for sign, output in chosen.items()]
            inputs_by_name[b.name] = np.stack(driven)
    inputs = {b.name: inputs_by_name[b.name] for b in branches}
    sums = {
        b.name: inputs[b.name] if b.synapse is None else combine(b.synapse, inputs[b.name])
        for b in branches
    }
    drive = sum(_delivered(b, sums[b.name]) for b in branches)
    neurons = _neuron(part)
    (first,) = neurons.equations.inputs
    states, seen = _rest(part), []
    for _ in range(WORST_STEPS):
        states, spikes = neuron_step(neurons, states, {first: np.asarray(drive)})
        seen.append({"s": spikes, **states})
    result = {key: np.stack([row[key] for row in seen]) for key in seen[0]}
    return WorstCase(part.name, inputs, sums, result)


def _reach(branch: Branch, sign: int) -> Array:
    """Return the largest sum (or the lowest, without its sign) of every output or channel."""
    low, high = _ends(branch)
    if branch.synapse is None:
        return np.full(branch.shape[0], high if sign > 0 else -low)
    flat = branch.synapse.narrow_weight.reshape(branch.synapse.narrow_weight.shape[0], -1)
    positive = np.maximum(flat, 0).sum(axis=1, dtype=np.int64)
    negative = flat.sum(axis=1, dtype=np.int64) - positive
    best = positive * high + negative * low if sign > 0 else positive * low + negative * high
    reached: Array = sign * best
    return reached


def _ends(branch: Branch) -> tuple[int, int]:
    """Return the lowest and the highest input, as far as a module's float16 has them."""
    low, high = (_within(np.float64(end)) for end in (branch.range.low, branch.range.high))
    return low, high


def _within(end: np.float64) -> int:
    """Return the nearest float16 that is not beyond a number."""
    limits = np.finfo(np.float16)
    near = np.float16(np.clip(end, limits.min, limits.max))
    return int(near if abs(near) <= abs(end) else np.nextafter(near, np.float16(0)))


def _driven(branch: Branch, sign: int, chosen: int | None) -> Array:
    """Return the input that drives the chosen output as far as possible."""
    low, high = _ends(branch)
    if branch.synapse is None:
        return np.full(branch.shape, high if sign > 0 else low)
    output = int(_reach(branch, sign).argmax()) if chosen is None else chosen
    weight = sign * branch.synapse.narrow_weight[output].astype(np.int64)
    best = np.where(weight > 0, high, np.where(weight < 0, low, 0))
    return _DRIVING(branch.synapse, best, output, branch.shape)


def _delivered(branch: Branch, sums: Array) -> Array:
    """Return the part of the sums that reaches the neurons."""
    for part in branch.moved:
        sums = combine(part.node, sums)
    return sums


_DRIVING = KindTable[[Array, int, Shape], Array]("the worst case of a reduced module")


@_DRIVING.register(Dense)
def _as_it_is(node: Dense, row: Array, output: int, shape: Shape) -> Array:
    """Return the input of one row of weights, which is the row."""
    return row


@_DRIVING.register(Conv2d)
def _in_the_middle(node: Conv2d, window: Array, output: int, shape: Shape) -> Array:
    """Return an image with this window where a kernel in the middle looks."""
    image = np.zeros(shape, dtype=np.int64)
    outputs, inputs = node.narrow_weight.shape[:2]
    first = output * node.groups // outputs * inputs
    rows, columns = (_seen(shape[axis + 1], window.shape[axis + 1], axis, node) for axis in (0, 1))
    for i, row in rows:
        for j, column in columns:
            image[first : first + len(window), row, column] = window[:, i, j]
    return image


def _seen(size: int, kernel: int, axis: int, node: Conv2d) -> list[tuple[int, int]]:
    """Return the positions of the kernel and of the image where the middle window meets it."""
    stride, padding, apart = node.stride[axis], node.padding[axis], node.dilation[axis]
    count = (size + 2 * padding - apart * (kernel - 1) - 1) // stride + 1
    begin = count // 2 * stride - padding
    places = ((i, begin + i * apart) for i in range(kernel))
    return [(i, position) for i, position in places if 0 <= position < size]


def _extreme(branches: Sequence[Branch], sign: int) -> int | None:
    """Return the output that all branches together drive furthest, if they agree on one."""
    reached = [_reach(branch, sign) for branch in branches]
    moved = [part.node for branch in branches for part in branch.moved]
    # A pool alone leaves every channel where it is.
    flat = any(not isinstance(node, MaxPool2d) for node in moved)
    if flat or len({len(each) for each in reached}) > 1:
        return None
    return int(np.sum(reached, axis=0).argmax())


def _neuron(part: PlanPart) -> Neuron:
    assert isinstance(part.node, Neuron)
    return part.node


def _rest(part: PlanPart) -> dict[str, Array]:
    zero = np.zeros((SAMPLES, *part.shape), dtype=np.int64)
    return dict.fromkeys(part.states, zero)
