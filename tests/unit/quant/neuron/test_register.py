"""Registers are data: what a chip's hold, and what every kind of neurons declares."""

from dataclasses import FrozenInstanceError

import pytest
import torch

import quant
from quant.grid.formats import Decays, Grid
from quant.neuron.register import Register, registers
from snncore.dynamics import select, spike, trace

COUNTED = Register("threshold", Grid(0, 100), above=-1)
SHARE = Register("leak", Decays(4))
TURN = Register("sine", Grid(-16, 16), fraction=4)


@pytest.mark.parametrize(
    ("register", "value", "integer"),
    [(COUNTED, 5.0, 9), (SHARE, 0.5, 8), (SHARE, 0.53, 8), (TURN, -0.5, -8), (TURN, 1.0, 16)],
)
def test_a_value_is_an_integer_of_the_register(
    register: Register, value: float, integer: int
) -> None:
    assert register.integer(value, 0.5, "N") == integer
    learned = torch.tensor([value, value], requires_grad=True)
    integers = register.integer(learned, 0.5, "N")
    assert isinstance(integers, torch.Tensor)
    assert integers.tolist() == [integer, integer]
    (gradient,) = torch.autograd.grad(integers.sum(), learned)
    assert gradient.all()


def test_a_number_meets_a_unit_a_channel() -> None:
    unit = torch.tensor([0.5, 0.25])
    integers = COUNTED.integer(5.0, unit, "N")
    assert isinstance(integers, torch.Tensor)
    assert integers.tolist() == [9, 19]
    assert SHARE.integer(0.25, unit, "N") == 4


def test_limits_are_in_the_numbers_of_training() -> None:
    assert COUNTED.limits(0.5) == (0.5, 50.5)
    assert SHARE.limits(0.5) == (0.0, 1.0)
    assert TURN.limits(0.5) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("register", "value", "message"),
    [
        (COUNTED, 51.0, r"N\.threshold: 51 is 101 units of 0\.5, not in 0\.\.100 .choose another"),
        (COUNTED, 0.1, r"N\.threshold: 0\.1 is -1 units"),
        (SHARE, 1.5, r"N\.leak: 1\.5 is not between 0 and 1"),
        (TURN, 1.1, r"N\.sine: 1\.1 is 18 units of 0\.0625, not in -16\.\.16"),
        (COUNTED, float("nan"), r"N\.threshold: the value is NaN or infinite"),
        (SHARE, float("inf"), r"N\.leak: the value is NaN or infinite"),
    ],
)
def test_what_a_register_does_not_hold_is_refused(
    register: Register, value: float, message: str
) -> None:
    for number in (value, torch.tensor([0.5, value])):
        with pytest.raises(ValueError, match=message):
            register.require(number, 0.5, "N")


def test_registers_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        COUNTED.above = 3


def test_every_kind_declares_its_registers() -> None:
    form = quant.chip_format("loihi")
    own = trace(
        lambda v, x, *, leak, jump: (select(spike(v - jump), 0.0, (1 - leak) * v + x), spike(v)),
        states=("v",),
        parameters=("leak", "jump"),
        name="Own",
    )
    kinds: dict[quant.ChipNeuron, dict[str, object]] = {
        quant.CubaLIF(): {
            "threshold": form.thresholds,
            "current_decay": form.decays,
            "voltage_decay": form.decays,
        },
        quant.LIF(): dict(
            zip(("threshold", "decay", "rest"), _of(quant.chip_format("int8")), strict=True)
        ),
        quant.DrivenCubaLIF(): {
            "gain": form.biases,
            "threshold": form.thresholds,
            "current_decay": form.decays,
            "voltage_decay": form.decays,
        },
        quant.Resonator(): {
            "sine": Grid(-4096, 4096),
            "cosine": Grid(-4096, 4096),
            "threshold": form.thresholds,
        },
        quant.Defined(own, leak=0.5, jump=1.0): {
            "leak": quant.chip_format("int8").decays,
            "jump": quant.chip_format("int8").biases,
        },
    }
    for neurons, grids in kinds.items():
        table = neurons._registers
        assert {name: each.grid for name, each in table.items() if name != "bias"} == grids
        assert table["bias"].grid == neurons.format.biases
        assert all(name == each.name for name, each in table.items())


def _of(form: quant.ChipFormat) -> tuple[object, ...]:
    return form.thresholds, form.decays, form.biases


def test_the_threshold_alone_bounds_the_unit_of_usual_neurons() -> None:
    form = quant.chip_format("int8")
    table = registers(form, ("rest", "threshold", "decay"))
    assert [each.name for each in table if each.bounds_unit] == ["threshold"]
    assert quant.LIF(threshold=2.0, rest=-3.0).reach == 2.0


def test_a_forward_leaves_no_history_in_the_neurons() -> None:
    """A block passes its values on as arguments, so that nothing has to be cleared afterwards."""
    block = quant.Block(quant.Linear(3, 2, bias=True, format="int8"), quant.LIF())
    with torch.no_grad():
        block.synapse.weight.fill_(1.0)
        block.synapse.bias.fill_(0.5)
    assert block(torch.ones(2, 1, 3)).requires_grad
    tensors = [value for value in vars(block.neuron).values() if isinstance(value, torch.Tensor)]
    assert not any(value.requires_grad for value in tensors)
    with pytest.raises(ValueError, match="an input is NaN"):
        block.neuron(torch.full((2, 1, 2), float("nan")))
    assert block.neuron.integers()["bias"] == 0
