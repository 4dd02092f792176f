"""Limits of accumulators, units and decays, met exactly."""

import pytest
import torch

import quant
from quant.grid.exact import require_accumulator
from quant.grid.straight_through import decays_on_grid


def test_a_sum_fits_an_accumulator_up_to_its_last_number() -> None:
    require_accumulator("x", (1 << 23) - 1, 24)
    with pytest.raises(ValueError, match="x: a sum may reach 8388608, beyond the 24 bits"):
        require_accumulator("x", 1 << 23, 24)


def test_without_a_fan_in_sums_are_held_to_half_of_the_accumulator() -> None:
    data = quant.chip_format("int8").to_json() | {"name": "narrow", "dense_bits": 10}
    synapse = quant.Linear(3, 1, format=quant.ChipFormat.from_json(data), exponent=0)
    for largest, penalized in ((85.0, False), (86.0, True)):
        with torch.no_grad():
            synapse.weight.fill_(largest)
        assert bool(quant.fan_in_penalty(synapse) > 0) == penalized


@pytest.mark.parametrize("largest", [0.3, 0.5, 0.9])
def test_a_fixed_unit_that_fits_every_weight_clips_none(largest: float) -> None:
    block = quant.Block(quant.Linear(3, 1, format="int4"), quant.LIF(format="int4"))
    with torch.no_grad():
        block.synapse.weight.copy_(torch.tensor([[largest, -largest / 2, 0.1]]))
    quant.fit_units(block, percentile=100)
    assert largest / 2 < block.unit * 7
    assert largest <= block.unit * 7


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_a_gradient_that_leads_beyond_the_ends_of_a_decay_is_none(end: float) -> None:
    decays = quant.chip_format("int8").decays
    value = torch.tensor(end, requires_grad=True)
    outwards = 1.0 if end == 0.0 else -1.0
    for direction, passes in ((outwards, False), (-outwards, True)):
        value.grad = None
        (direction * decays_on_grid(value, decays)).backward()
        assert value.grad is not None
        assert bool(value.grad != 0) == passes
