"""Quotients as products, for every numerator of a divisor."""

import numpy as np
import pytest

from snncore.kernels.loop.reciprocal import is_safe, reciprocal

NUMERATORS = np.arange(2**23, 2**24).astype(np.float32)


def wrong(divisor: float) -> int:
    """Count the numerators, up to an exponent, for which two products are not enough."""
    parts = reciprocal(divisor)
    lower = NUMERATORS * np.float32(parts.low)
    # The product of two floats is exact in 64 bits, and its sum nearly.
    total = NUMERATORS.astype(np.float64) * parts.high + lower
    return int((total.astype(np.float32) != NUMERATORS / np.float32(divisor)).sum())


@pytest.mark.parametrize("divisor", [1.1, 3.0, 7.0, 20.0, 1.5690259, 1000.0])
def test_most_divisors_need_two_products(divisor: float) -> None:
    assert not reciprocal(divisor).corrected
    assert wrong(divisor) == 0


@pytest.mark.parametrize("divisor", [1.4392289, 16777215.0])
def test_a_divisor_that_needs_more_is_known(divisor: float) -> None:
    assert reciprocal(divisor).corrected
    assert wrong(divisor) > 0


def test_drawn_divisors_are_judged_as_all_their_numerators_are() -> None:
    drawn = np.random.default_rng(7).uniform(1, 2, 24).astype(np.float32)
    for divisor in drawn.tolist():
        assert reciprocal(divisor).corrected or wrong(divisor) == 0


def test_the_parts_are_positive_and_their_sum_is_the_reciprocal() -> None:
    for divisor in (1.0, 2.0, 3.0, 1.1, 7e6):
        parts = reciprocal(divisor)
        assert parts.high > 0 < parts.low
        assert parts.high + parts.low == pytest.approx(1 / parts.divisor, rel=2.0**-46)


def test_what_could_overflow_is_not_safe() -> None:
    assert [is_safe(value) for value in (0.5, 1.0, 3.0, 2.0**24)] == [False, True, True, False]
