"""Resonators against the complex numbers that they are."""

import cmath
import math

import pytest

from snncore.dynamics.zoo.resonator import resetting_resonator_step, resonator_step

ANGLE, LEFT = 0.4, 0.9
TURN = {"sine": LEFT * math.sin(ANGLE), "cosine": LEFT * math.cos(ANGLE)}


@pytest.mark.parametrize("step", [resonator_step, resetting_resonator_step(6)])
def test_a_state_turns_as_a_complex_number_does(step: object) -> None:
    assert callable(step)
    state, drive = (0.3, -0.2), (0.05, 0.01)
    expected = complex(*state)
    for _ in range(9):
        real, imag, fired = step(*state, *drive, **TURN, threshold=1e9)
        expected = expected * cmath.rect(LEFT, ANGLE) + complex(*drive)
        assert (real, imag) == pytest.approx((expected.real, expected.imag))
        assert not fired
        state = (real, imag)


def test_it_fires_where_its_phase_passes_zero() -> None:
    # Half a turn in eight steps, from below: the imaginary part rises through zero once a turn.
    quarter = {"sine": math.sin(math.pi / 8), "cosine": math.cos(math.pi / 8)}
    state, fired = (0.0, -1.0), []
    for _ in range(32):
        real, imag, spike = resonator_step(*state, 0.0, 0.0, **quarter, threshold=0.5)
        fired.append(bool(spike))
        state = (real, imag)
    moments = [t for t, spike in enumerate(fired) if spike]
    assert len(moments) == 2
    assert moments[1] - moments[0] == 16
    silent = resonator_step(1.0, -0.1, 0.0, 0.0, **quarter, threshold=2.0)
    assert not silent[2]


def test_the_other_kind_is_set_just_below_its_threshold() -> None:
    real, imag, fired = resetting_resonator_step(6)(0.5, 1.0, 0.0, 0.3, **TURN, threshold=1.0)
    assert fired
    assert (real, imag) == (0.0, pytest.approx(1.0 - 2.0**-6))
