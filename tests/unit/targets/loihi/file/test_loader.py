"""The model of Lava's loader against the rules of the vendor's own code, written a second time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.loihi.file.loader import loaded_weights

Array = Any


def optimized(weight: Array) -> tuple[Array, int, int]:
    """Return the loader's part: weights shifted up, their number of bits, and its exponent."""
    high, low = weight.max(), weight.min()
    if high > 254 and low < 0:
        weight = np.clip(weight, -256, 254)
        high = weight.max()
    if low < -256 and high > 0:
        weight = np.clip(weight, -256, 254)
        low = weight.min()
    mixed = int(low < 0 <= high)
    with np.errstate(divide="ignore"):
        if mixed:
            scale = min(np.float64(127) / high, np.float64(-128) / low)
        else:
            scale = np.float64(-256) / low if high < 0 else np.float64(255) / high
    up = int(np.floor(np.log2(scale))) + mixed
    exact = [n for n in range(1, 9) if np.all(weight / 2**n == np.round(weight / 2**n))]
    bits = 8 - up - (max(exact, default=0) - mixed)
    return left(weight, up), bits, -up


def left(values: Array, bits: int) -> Array:
    """Return NumPy's shift, which leaves nothing when the number of bits is negative."""
    return values << bits if bits >= 0 else values * 0


def right(values: Array, bits: int) -> Array:
    """Return NumPy's shift the other way: a negative number of bits leaves the sign."""
    return values >> bits if bits >= 0 else np.where(values < 0, -1, 0)


def process(weight: Array, bits: int) -> Array:
    """Return the simulated process's part: clip to the sign's range, drop the low bits."""
    mode = "positive" if weight.min() >= 0 else "negative" if weight.max() <= 0 else "mixed"
    mixed = int(mode == "mixed")
    turned = -weight if mode == "negative" else weight
    turned = np.clip(turned, -256 * mixed, 255)
    drop = 8 - bits + mixed
    turned = left(right(turned, drop), drop)
    return -turned if mode == "negative" else turned


def sums(weight: Array, spikes: Array) -> Array:
    """Return what the simulation adds to the currents."""
    shifted, bits, exponent = optimized(weight)
    total = spikes @ process(shifted, bits).T
    return total << exponent if exponent > 0 else total >> -exponent


EDGES = (-511, -300, -257, -256, -255, -254, -130, -129, -128, -127, -64, -8, -2, -1, 0)
VALUES = st.sampled_from([*EDGES, *(-value for value in EDGES)]) | st.integers(-600, 600)
SIGNS = st.sampled_from([abs, lambda value: -abs(value), int])


@st.composite
def matrices(draw: Any) -> Array:
    """Return three inputs to some neurons, of one sign or of both, often all even."""
    sign, step = draw(SIGNS), draw(st.sampled_from([1, 2, 16]))
    rows = draw(st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=1, max_size=3))
    return np.array([[sign(value) // step * step for value in row] for row in rows])


@given(matrices())
def test_model_computes_the_vendors_sums(weight: Array) -> None:
    loaded = loaded_weights(weight)
    if not weight.any():
        assert loaded is None
        return
    assert loaded is not None
    spikes = np.arange(8)[:, None] >> np.arange(3) & 1
    assert np.array_equal(spikes @ loaded.weight.T >> loaded.shift, sums(weight, spikes))


@given(matrices())
def test_mixed_weights_within_the_range_stay_as_they_are(weight: Array) -> None:
    weight = np.clip(weight, -256, 254)
    weight[0, :2] = (-2, 2)
    loaded = loaded_weights(weight)
    assert loaded is not None
    assert loaded.shift == 0
    assert np.array_equal(loaded.weight, weight)


@given(matrices())
def test_what_the_loader_made_is_loaded_as_it_is_where_it_is_exact(weight: Array) -> None:
    loaded = loaded_weights(weight)
    if loaded is None or loaded.shift or not loaded.weight.any():
        return
    again = loaded_weights(loaded.weight)
    assert again is not None
    if np.array_equal(loaded.weight, weight):
        assert np.array_equal(again.weight, weight)


@pytest.mark.parametrize(
    ("weight", "effective"),
    [
        ([[100, 300]], [[0, 0]]),
        ([[-100, -300]], [[0, 0]]),
        ([[0, -300]], [[0, 0]]),
        ([[0, -129]], [[0, 0]]),
        ([[-256, -1]], [[-255, -1]]),
        ([[-256, -2]], [[-254, -2]]),
        ([[300, -300]], [[254, -256]]),
        ([[300, -1]], [[254, -1]]),
        ([[255, 1]], [[255, 1]]),
        ([[253, -255]], [[253, -255]]),
        ([[0, -128]], [[0, -64]]),
        ([[1]], [[1]]),
        ([[-1]], [[0]]),
        ([[-3]], [[-3]]),
        ([[-(1 << 40), 5]], [[-256, 5]]),
        ([[1 << 40, 5]], [[0, 0]]),
    ],
)
def test_known_corners(weight: list[list[int]], effective: list[list[float]]) -> None:
    loaded = loaded_weights(np.array(weight))
    assert loaded is not None
    assert (loaded.weight / 2**loaded.shift).tolist() == effective


def test_all_zero_weights_cannot_be_loaded() -> None:
    assert loaded_weights(np.zeros((2, 2), dtype=np.int64)) is None


def test_the_weights_given_are_not_changed() -> None:
    weight = np.array([[300, -300], [-8, 1]])
    weight.setflags(write=False)
    loaded = loaded_weights(weight)
    assert loaded is not None
    assert weight.tolist() == [[300, -300], [-8, 1]]
