"""Integer rewriting against exact rational arithmetic, and Loihi's neuron against its law."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snncore.dynamics import (
    Format,
    NumberSystem,
    Op,
    Overflow,
    Rounding,
    evaluate,
    select,
    spike,
    to_integers,
    trace,
)
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI
from tests.unit.drawn import PARAMETERS, Drawn, drawn_steps, integers_of, number_systems
from tests.unit.exact import Exact, RefusedError
from tests.unit.examples import few
from tests.unit.naive import PLAIN, loihi_step

VALUES = st.integers(-300, 300)


@settings(max_examples=few(400))
@given(drawn_steps(), number_systems(), st.data())
def test_integers_are_what_exact_fractions_say(
    drawn: Drawn, system: NumberSystem, data: st.DataObject
) -> None:
    equations = drawn.equations()
    states = {s: data.draw(integers_of(system.state(s))) for s in drawn.states}
    parameters = {name: data.draw(VALUES) for name in PARAMETERS}
    inputs = {"x": data.draw(VALUES)}
    given_values = {Op.STATE: states, Op.INPUT: inputs, Op.PARAMETER: parameters}
    try:
        expected = Exact(equations, system).step(given_values)
    except RefusedError:
        with pytest.raises(ValueError, match="Drawn"):
            to_integers(equations, system)
        return
    integers = to_integers(equations, system)
    assert evaluate(integers, PLAIN, states, inputs, parameters) == expected


CURRENTS = st.one_of(st.integers(-400, 400), st.integers(-(1 << 26), 1 << 26))
DECAYS = st.one_of(st.sampled_from([0, 1, 2048, 4095, 4096]), st.integers(0, 4096))
U = st.one_of(st.sampled_from([(1 << 23), 1 - (1 << 23), 0]), st.integers(1 - (1 << 23), 1 << 23))
V = st.one_of(
    st.sampled_from([(1 << 23) - 1, 1 - (1 << 23), 0]), st.integers(1 - (1 << 23), (1 << 23) - 1)
)
CUBA = to_integers(CUBA_LIF, LOIHI)


@settings(max_examples=few(500))
@given(U, V, CURRENTS, DECAYS, DECAYS, st.integers(0, 1 << 18), st.integers(-4096, 4095))
def test_cuba_lif_on_loihi_is_the_law(
    u: int, v: int, a: int, current: int, voltage: int, threshold: int, bias: int
) -> None:
    parameters = {
        "current_decay": current,
        "voltage_decay": voltage,
        "threshold": threshold,
        "bias": bias,
    }
    following, fired = evaluate(CUBA, PLAIN, {"u": u, "v": v}, {"x": a}, parameters)
    expected = loihi_step(u, v, a, **parameters)
    assert (following["u"], following["v"], fired) == expected
    given_values = {Op.STATE: {"u": u, "v": v}, Op.INPUT: {"x": a}, Op.PARAMETER: parameters}
    assert Exact(CUBA_LIF, LOIHI).step(given_values) == (following, fired)


# u, v, a, decay of both, threshold -> u, v, s; each line is one corner of the law.
END = 1 << 23
CORNERS = {
    "equality does not fire": ((0, 576, 1, 0, 10), (64, 640, 0)),
    "one more fires and resets": ((0, 577, 1, 0, 10), (64, 0, 1)),
    "a product is cut toward zero": ((-4095, -1, 0, 1, 10), (-4094, -4094, 0)),
    "the current stays at its end": ((END - 64, 0, 1, 0, 1 << 18), (END, END - 1, 0)),
    "the current wraps beyond its end": ((END, 0, 1, 0, 10), (64 - END, 64 - END, 0)),
    "the other end wraps at once": ((64 - END, 0, -1, 0, 10), (END, 0, 1)),
    "the current turns once, not twice": ((0, 0, 7 << 17, 4096, 10), (5 * END, 0, 1)),
    "the voltage saturates": ((-END // 2, 1 - END, 0, 0, 10), (-END // 2, 1 - END, 0)),
}


@pytest.mark.parametrize("name", CORNERS)
def test_corner(name: str) -> None:
    (u, v, a, decay, threshold), expected = CORNERS[name]
    parameters = {
        "current_decay": decay,
        "voltage_decay": decay,
        "threshold": threshold,
        "bias": 0,
    }
    following, fired = evaluate(CUBA, PLAIN, {"u": u, "v": v}, {"x": a}, parameters)
    assert (following["u"], following["v"], fired) == expected
    assert loihi_step(u, v, a, **parameters) == expected


def system(**formats: Format) -> NumberSystem:
    return NumberSystem("small", tuple(formats.items()), (("a", 4),))


WIDE, NARROW = Format(16, 4), Format(8, 4, Overflow.WRAP)


def test_a_reset_of_two_registers_shares_its_zero() -> None:
    def step(u: Any, v: Any, x: Any, *, a: Any) -> Any:
        u, v = u * a + x, v + u
        s = spike(v - 1.0)
        return select(s, 0.0, u), select(s, 0.0, v), s

    equations = trace(step, states=("u", "v"), parameters=("a",), name="Both")
    integers = to_integers(equations, system(u=WIDE, v=NARROW))
    states = {"u": 40, "v": 10}
    expected = ({"u": 0, "v": 0}, 1)
    assert evaluate(integers, PLAIN, states, {"x": 1}, {"a": 4}) == expected


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (lambda u, v, x, *, a: (u / a, v, spike(x)), "divide has no integer form"),
        (lambda u, v, x, *, a: (u + 0.3, v, spike(x)), "constant 0.3 is not exact with 4 bits"),
        (lambda u, v, x, *, a: (u, u, spike(x)), "becomes u, which does not fit"),
        (lambda u, v, x, *, a: (u, select(spike(x), 9.0, v), spike(x)), "becomes 9.0, which does"),
        (lambda u, v, x, *, a: (u + x, u + x, spike(x)), "two states of unlike format"),
    ],
    ids=["division", "constant", "register", "reset", "shared"],
)
def test_what_the_registers_cannot_hold_is_refused(step: object, words: str) -> None:
    equations = trace(step, states=("u", "v"), parameters=("a",), name="Odd")
    with pytest.raises(ValueError, match=f"Odd: .*{words}"):
        to_integers(equations, system(u=WIDE, v=NARROW))


def test_a_state_or_parameter_without_a_format_is_named() -> None:
    with pytest.raises(ValueError, match="small has no state v"):
        to_integers(CUBA_LIF, system(u=WIDE))
    with pytest.raises(ValueError, match="small has no parameter current_decay"):
        to_integers(CUBA_LIF, system(u=WIDE, v=WIDE))


@pytest.mark.parametrize("rounding", Rounding)
def test_negative_products_round_as_the_system_says(rounding: Rounding) -> None:
    def step(v: Any, x: Any, *, a: Any) -> Any:
        return v * a, spike(x)

    equations = trace(step, states=("v",), parameters=("a",), name="Scaled")
    chip = NumberSystem("chip", (("v", Format(16, 0)),), (("a", 4),), rounding=rounding)
    following, _ = evaluate(to_integers(equations, chip), PLAIN, {"v": -3}, {"x": 0}, {"a": 8})
    assert following["v"] == {Rounding.TO_ZERO: -1, Rounding.FLOOR: -2}[rounding]


@pytest.mark.parametrize(
    ("form", "lowest", "highest"),
    [
        (Format(24, 6), -8388607 / 64, 8388607 / 64),
        (Format(24, 6, symmetric=False), -131072.0, 8388607 / 64),
        (Format(24, 0), -8388607.0, 8388607.0),
        (Format(8, 4, Overflow.WRAP, symmetric=False), -8.0, 127 / 16),
    ],
)
def test_a_state_becomes_any_constant_that_its_register_holds(
    form: Format, lowest: float, highest: float
) -> None:
    unit = 2.0**-form.fraction
    chip = NumberSystem("chip", (("v", form),), (("a", 4),))

    def resetting(value: float) -> Any:
        def step(v: Any, x: Any, *, a: Any) -> Any:
            s = spike(v - x)
            return select(s, value, v), s

        return trace(step, states=("v",), parameters=("a",), name="Resetting")

    integer_limits = (float(int(highest)), float(int(lowest)))
    for value in (lowest, highest, *integer_limits, 0.0):
        integers = to_integers(resetting(value), chip)
        following, _ = evaluate(integers, PLAIN, {"v": 0}, {"x": -1}, {"a": 4})
        assert following["v"] == value / unit
    for value in (lowest - unit, highest + unit):
        with pytest.raises(ValueError, match="which does not fit"):
            to_integers(resetting(value), chip)
