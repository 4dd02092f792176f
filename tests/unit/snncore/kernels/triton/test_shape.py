"""The measures of Triton's kernels: no neuron's segment is so long that it compiles for minutes."""

from functools import partial
from itertools import cycle

import pytest

from snncore.kernels.triton.shape import _size, backward_config
from tests.unit.snncore.kernels.triton.compiled import MANY, planned
from tests.unit.snncore.neurons import NEURONS, SURROGATES


@pytest.mark.parametrize(("steps", "most"), [(16, 960), (17, 480), (64, 480)])
@pytest.mark.parametrize("itemsize", [2, 4])
def test_what_is_unrolled_is_short(steps: int, most: int, itemsize: int) -> None:
    longest = 0
    for name, slope in zip(NEURONS, cycle(SURROGATES), strict=False):
        plan = planned(partial(NEURONS[name], surrogate=slope))
        config = backward_config(plan, steps, MANY, itemsize)
        unrolled = min(steps, config.segment) * _size(plan)
        assert unrolled <= most, (name, slope, config)
        longest = max(longest, unrolled)
    assert longest > most // 2
