"""The words for a number that a chip rounds never say that it becomes itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import quant
from quant.grid.formats import unit_exponent
from snncore import layer, neuron


def deviations(tau: float, target: str) -> tuple[str, ...]:
    network = nn.Sequential(layer.Linear(4, 3), neuron.LIF(tau=tau, reset="hard"))
    return quant.deviations(quant.prepare(network, target=target)).get("1.neuron", ())


@pytest.mark.parametrize(
    ("tau", "said"),
    [
        (5.0, ("a decay of 0.2 becomes 0.19995",)),
        (1 / 0.3, ("a decay of 0.3 becomes 0.30005",)),
        (1 / 0.9, ("a decay of 0.9 becomes 0.8999",)),
        # A difference beyond the sixth digit alone does not count.
        (4.0, ()),
        (4.0000001, ()),
    ],
)
def test_a_decay_and_what_it_becomes_are_told_apart(tau: float, said: tuple[str, ...]) -> None:
    assert deviations(tau, "loihi") == said


@given(st.integers(1, 9999), st.sampled_from(["loihi", "lynxi", "int8"]))
def test_no_number_becomes_itself(decay: int, target: str) -> None:
    for said in deviations(10_000 / decay, target):
        before, after = re.fullmatch(r"a decay of (\S+) becomes (\S+)", said).groups()
        assert before != after
        assert float(before) == pytest.approx(decay / 10_000, rel=1e-3)


def test_a_number_that_is_refused_is_not_shown_as_one_that_is_not() -> None:
    with pytest.raises(ValueError, match=r"scale: 1\.0000001 is not a power of two"):
        unit_exponent(1.0000001)
    with pytest.raises(ValueError, match=r"decay: 1\.0000001 is not between 0 and 1"):
        quant.LIF(decay=1.0000001, format="int8")
