"""How many synapses lead where: against every connection, asked for one after another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.data.structure import Shape
from neurodeploy.program import Conv2d, Dense, Edge, Synapse
from neurodeploy.simulator.golden import combine

RNG = np.random.default_rng(3)


def kernel(*shape: int) -> np.ndarray:
    return RNG.integers(0, 2, shape) * RNG.integers(1, 9, shape)


NODES: list[tuple[Synapse, Shape]] = [
    (Dense("d", Edge("in"), kernel(4, 6)), (6,)),
    (Conv2d("c", Edge("in"), kernel(3, 2, 2, 3), (2, 1), (1, 2), (1, 2)), (2, 5, 6)),
    (Conv2d("g", Edge("in"), kernel(4, 1, 2, 2), (1, 2), groups=2), (2, 4, 5)),
    (Conv2d("s", Edge("in"), np.ones((1, 1, 1, 1)), (3, 3)), (1, 5, 4)),
]


def connections(node: Synapse, shape: Shape) -> np.ndarray:
    """Which value of the source reaches which neuron: each source alone, through weights of 1."""
    ones = np.eye(int(np.prod(shape)), dtype=np.int64).reshape(-1, *shape)
    return combine(replace(node, weight=(node.weight != 0).astype(np.int64)), ones)


@pytest.mark.parametrize(("node", "shape"), NODES, ids=lambda x: getattr(x, "name", ""))
def test_counts_every_connection(node: Synapse, shape: Shape) -> None:
    each = connections(node, shape)
    assert 0 < each.sum() < each.size
    assert np.array_equal(node.fan_in(shape), each.sum(axis=0))
    reached = each.reshape(each.shape[0], -1).sum(axis=1).reshape(shape)
    assert np.array_equal(node.fan_out(shape), reached)
