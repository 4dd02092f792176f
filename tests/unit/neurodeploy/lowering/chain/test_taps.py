"""Kernels by offset: their sum, and dense weights that compute the same."""

import numpy as np

from neurodeploy.lowering.chain.taps import one_to_one, taps_of, unrolled
from neurodeploy.program import Conv2d, Edge
from neurodeploy.simulator.golden import combine

RNG = np.random.default_rng(0)


def kernel(size: int, padding: int, **more: int) -> Conv2d:
    weight = RNG.integers(-9, 9, (4, 2, size, size))
    return Conv2d("c", Edge("x"), weight, (2, 1), (padding, padding), groups=2, **more)


def test_unrolled_weights_compute_the_convolution() -> None:
    node = kernel(3, 1)
    image = RNG.integers(0, 2, (5, 4, 6, 5))
    expected = combine(node, image)
    weight = unrolled(node, image.shape[1:], expected.shape[1:])
    flat = image.reshape(5, -1) @ weight.T
    assert (flat.reshape(expected.shape) == expected).all()


def test_unlike_kernels_add_up_by_offset() -> None:
    one, other = kernel(3, 1), kernel(1, 0)
    image = RNG.integers(0, 2, (3, 4, 6, 6))
    total = taps_of(one).plus(taps_of(other))
    assert total.by_offset.keys() == taps_of(one).by_offset.keys()
    joined = np.stack([total.by_offset[y, x] for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=-1)
    both = Conv2d("c", Edge("x"), joined.reshape(4, 4, 3, 3), (2, 1), (1, 1))
    assert (combine(both, image) == combine(one, image) + combine(other, image)).all()


def test_one_to_one_sends_every_channel_on() -> None:
    taps = one_to_one(3, 2)
    assert (taps.by_offset[0, 0] == 2 * np.eye(3)).all()
    assert taps.used(0) == {0}
