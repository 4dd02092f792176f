"""The grid, and the training dialect: integers carried in floats, for any equations."""

from fractions import Fraction
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quant import Grid
from quant.grid import straight_through as ste
from quant.neuron import integer_step
from snncore.dynamics import evaluate
from snncore.dynamics.printing.render import compile_step, render
from snncore.dynamics.rewriting.simplify import simplified
from snncore.dynamics.zoo.spiking import CUBA_LIF
from snncore.surrogate import ATan
from targets.loihi.chip.format import LOIHI
from tests.unit.drawn import NEURONS, Case, cases
from tests.unit.examples import few
from tests.unit.naive import PLAIN, loihi_step

GRIDS = st.builds(
    lambda low, size, step: Grid(low, low + size, step),
    st.integers(-300, 0),
    st.integers(1, 600),
    st.integers(1, 4),
)


@settings(max_examples=few(200))
@given(GRIDS, st.floats(-20, 20, width=32), st.integers(-8, 0))
def test_a_value_goes_to_the_nearest_point_of_the_grid(
    grid: Grid, value: float, exponent: int
) -> None:
    points = [p for p in range(grid.minimum, grid.maximum + 1) if p % grid.step == 0]
    if not points:
        return
    unit = 2.0**exponent
    integer = int(ste.integers_on_grid(torch.tensor([value]), grid, unit))
    exact = Fraction(value) / Fraction(unit)
    assert integer in points
    assert abs(integer - exact) == min(abs(point - exact) for point in points)
    placed = ste.on_grid(torch.tensor([value]), grid, unit, "x")
    assert float(placed) == integer * unit


@pytest.mark.parametrize("ends", [(3, 3), (4, 3), (0, 5, 0)])
def test_a_grid_without_points_is_refused(ends: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no grid"):
        Grid(*ends)


def fires(distance: Any, strict: bool) -> Any:
    return ste.SpikeRule(ATan(), 1.0)(distance, strict)


@settings(max_examples=few(200))
@given(cases())
def test_the_training_dialect_is_plain_integers(case: Case) -> None:
    largest = max(bound.largest() for bound in case.bounds)
    if largest >= integer_step.EXACT:
        return
    source = render(simplified(case.integers, case.bounds), integer_step.TRAINING)
    step = compile_step(source, integer_step._NAMES | {"fires": fires})
    states = [torch.from_numpy(case.states[name]).double() for name in case.drawn.states]
    x = torch.from_numpy(case.inputs["x"]).double().requires_grad_()
    results = step(*states, x, **case.parameters)
    for neuron in range(NEURONS):
        following, fired = evaluate(case.integers, PLAIN, *case.one(neuron))
        wanted = [*following.values(), fired]
        trained = [torch.as_tensor(r).broadcast_to((NEURONS,))[neuron].item() for r in results]
        assert trained == wanted, source
    graded = [r for r in results if isinstance(r, torch.Tensor) and r.requires_grad]
    if graded:
        (gradient,) = torch.autograd.grad(sum(r.sum() for r in graded), x, allow_unused=True)
        assert gradient is None or bool(torch.isfinite(gradient).all())


@pytest.mark.parametrize("drive", [0.0, 1.0, 7.0, 8.0, 1e6, 2.0**31 - 1])
def test_a_step_is_exact_for_every_drive_up_to_its_own(drive: float) -> None:
    parameters = {"current_decay": 17, "voltage_decay": 300, "threshold": 99, "bias": -5}
    bounds = tuple((name, -abs(v), abs(v)) for name, v in parameters.items())
    step = integer_step.training_step(CUBA_LIF, LOIHI, drive, bounds, fires)
    u = v = torch.zeros(1, dtype=torch.float64)
    wanted = (0, 0, 0)
    for x in (drive, -drive, drive, drive, 0.0, drive) * 5:
        given_x = torch.tensor([x], dtype=torch.float64)
        u, v, s = step(u, v, given_x, **parameters)
        wanted = loihi_step(*wanted[:2], int(x), **parameters)
        assert (int(u), int(v), int(s)) == wanted


def test_a_value_beyond_exact_floats_is_refused() -> None:
    bounds = tuple((name, 0, 1 << 30) for name in CUBA_LIF.parameters)
    with pytest.raises(ValueError, match=r"CubaLIF: a value may reach .*, beyond exact floats"):
        integer_step.training_step(CUBA_LIF, LOIHI, 1.0, bounds, fires)


@pytest.mark.parametrize("kind", [torch.float64])
def test_gradients_look_through_rounding_and_wrapping(kind: torch.dtype) -> None:
    x = torch.tensor([-9.0, 5.0, 300.0], dtype=kind, requires_grad=True)
    for name, (value, slope) in {
        "shift to zero": (ste.shift_to_zero(x, 1), 0.5),
        "shift down": (ste.shift_floor(x, 1), 0.5),
        "scale": (ste.scale_to_zero(x, 3 / 8), 3 / 8),
        "wrap": (ste.wrap(x, 128), 1.0),
        "wrap once": (ste.wrap_once(x, 128), 1.0),
    }.items():
        (gradient,) = torch.autograd.grad(value.sum(), x)
        assert gradient.tolist() == [slope] * 3, name
