"""Bits of synapse memory, against a plain count of blocks and words."""

from __future__ import annotations

import numpy as np
import pytest

from targets.loihi.chip.encoding import axon_bits, index_bits, weight_bits


def plain(synapses: int, each: int) -> int:
    bits = 0
    for start in range(0, synapses, 64):
        block = min(64, synapses - start) * each + 10
        bits += 64 * -(-block // 64)
    return bits


@pytest.mark.parametrize("synapses", [0, 1, 5, 63, 64, 65, 128, 700])
@pytest.mark.parametrize("each", [1, 8, 18])
def test_axons_take_blocks_of_words(synapses: int, each: int) -> None:
    assert axon_bits(np.array([synapses]), each) == plain(synapses, each)
    assert axon_bits(np.array([synapses, 3]), each) == plain(synapses, each) + plain(3, each)


@pytest.mark.parametrize(
    ("weights", "bits"),
    [
        *(([254, -256], 8), ([255, 0], 8), ([-255], 8), ([1, -1], 2), ([64, 0], 1)),
        *(([127, -128], 8), ([2, 4, -6], 3), ([255, -1], 9), ([33, 1], 6), ([65, 1], 8)),
    ],
)
def test_weights_share_an_exponent(weights: list[int], bits: int) -> None:
    assert weight_bits(np.array(weights)) == bits


def test_an_index_is_as_wide_as_the_range() -> None:
    assert [index_bits(count) for count in (1, 64, 65, 1024, 4096, 9000)] == [6, 6, 7, 10, 12, 12]
