"""Quantized modules: what they refuse, and that they copy, save and describe themselves whole."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import quant
from snncore import functional, surrogate

NAN = float("nan")


def filled(module: Any, value: float, name: str = "weight") -> Any:
    with torch.no_grad():
        getattr(module, name).view(-1)[0] = value
    return module


def run(module: nn.Module, *shape: int, value: float = 1.0) -> object:
    return module(torch.full(shape, value))


def block(synapse: Any = None, **options: Any) -> quant.Block:
    return quant.Block(synapse or quant.Linear(2, 2), quant.CubaLIF(**options))


def shifted() -> None:
    network = block()
    run(network, 2, 4, 2)
    run(network, 2, 5, 2)


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "a NaN threshold": (lambda: quant.CubaLIF(NAN), r"CubaLIF\.threshold: the value is NaN"),
    "a threshold too high": (
        lambda: quant.CubaLIF(3000.0),
        r"CubaLIF\.threshold: 3000 is 192000 units of 0\.015625, not in 0\.\.131071 .*exponent",
    ),
    "a threshold below zero": (lambda: quant.CubaLIF(-1.0), r"CubaLIF\.threshold: -1 is -64 units"),
    "a current decay above one": (
        lambda: quant.CubaLIF(current_decay=1.01),
        r"CubaLIF\.current_decay: 1\.01 is not between 0 and 1",
    ),
    "a voltage decay below zero": (
        lambda: quant.CubaLIF(voltage_decay=-0.1),
        r"CubaLIF\.voltage_decay: -0\.1 is not between",
    ),
    "a NaN decay": (lambda: quant.CubaLIF(voltage_decay=NAN), r"voltage_decay: the value is NaN"),
    "an unknown chip": (
        lambda: quant.CubaLIF(format="abacus"),
        "no format 'abacus'; there are .*loihi",
    ),
    "half an exponent": (
        lambda: quant.Linear(2, 2, exponent=0.5),
        "exponent: 0.5 is not an integer",
    ),
    "unlike exponents": (
        lambda: block(quant.Linear(2, 2, exponent=-5)),
        r"Block: the synapse counts in 2\^-5 and the neuron in 2\^-6 .*same exponent",
    ),
    "two biases": (
        lambda: block(quant.Linear(2, 2, bias=True), bias=2),
        "Block: the synapse and the neuron each have a bias",
    ),
    "a bias outside a block": (
        lambda: run(quant.Linear(2, 2, bias=True), 1, 1, 2),
        r"Linear: the chip adds a bias to the voltage.*quant\.Block.*CubaLIF\(bias",
    ),
    "a kernel's bias outside a block": (
        lambda: run(quant.Conv2d(1, 1, 1, bias=True), 1, 1, 1, 2, 2),
        "Conv2d: the chip adds a bias",
    ),
    "a weight off the grid": (lambda: quant.SumPool2d(2, weight=0.1), "SumPool2d.weight: 0.1 is"),
    "an odd weight": (lambda: quant.SumPool2d(2, weight=3 / 64), "SumPool2d.weight: 0.046875"),
    "a NaN weight": (
        lambda: run(filled(quant.Linear(2, 2), NAN), 1, 1, 2),
        r"Linear\.weight: a value is NaN or infinite",
    ),
    "an endless kernel": (
        lambda: run(filled(quant.Conv2d(1, 1, 1), float("inf")), 1, 1, 1, 2, 2),
        r"Conv2d\.weight: a value is NaN",
    ),
    "a NaN bias": (
        lambda: run(filled(quant.CubaLIF(bias=2), NAN, "bias"), 1, 1, 2),
        r"CubaLIF\.bias: a value is NaN",
    ),
    "a NaN input": (lambda: run(quant.CubaLIF(), 1, 1, 2, value=NAN), "an input is NaN"),
    "an input beyond 32 bits": (lambda: run(quant.CubaLIF(), 1, 1, 2, value=1e9), "32 bits"),
    "a bias of other channels": (
        lambda: run(quant.CubaLIF(bias=3), 1, 1, 2),
        r"CubaLIF\.bias: 3 values for 2 channels",
    ),
    "states of another batch": (shifted, r"CubaLIF\.u: .*\(4, 2\).*\(5, 2\).*functional\.reset"),
    "an unknown option": (lambda: quant.CubaLIF(step_mode="x"), "x"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_no_chip_holds_is_refused_and_named(name: str) -> None:
    make, words = WRONG[name]
    with pytest.raises(ValueError, match=words):
        make()


def test_what_registers_hold_is_the_nearest() -> None:
    neurons = quant.CubaLIF(0.7, current_decay=0.3, voltage_decay=1 / 5000)
    expected = {"current_decay": 1229, "voltage_decay": 1, "threshold": 45, "bias": 0}
    assert neurons.integers() == expected
    ends = quant.CubaLIF(131071 / 64, current_decay=0.0, voltage_decay=1.0)
    expected = {"current_decay": 0, "voltage_decay": 4096, "threshold": 131071, "bias": 0}
    assert ends.integers() == expected


MODULES: dict[str, Callable[[], nn.Module]] = {
    "Linear": lambda: quant.Linear(3, 2, True, exponent=-4),
    "Conv2d": lambda: quant.Conv2d(2, 4, (1, 2), (2, 1), (0, 1), (1, 2), 2, True, exponent=-7),
    "SumPool2d": lambda: quant.SumPool2d((2, 1), (1, 3), weight=0.5, exponent=-5),
    "CubaLIF": lambda: quant.CubaLIF(
        0.7,
        current_decay=0.3,
        voltage_decay=0.2,
        bias=4,
        exponent=-5,
        surrogate=surrogate.Triangle(0.5),
        step_mode="s",
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_config_makes_an_equal_module(name: str) -> None:
    module: Any = MODULES[name]()
    config = module.config()
    described = config.pop("surrogate", None)
    if described is not None:
        config["surrogate"] = surrogate.KINDS[described.pop("type")](**described)
    again = type(module)(**config)
    assert again.config() == module.config()
    assert repr(again) == repr(module)
    shapes = {key: value.shape for key, value in module.state_dict().items()}
    assert shapes == {key: value.shape for key, value in again.state_dict().items()}


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Sequential(
        quant.Block(quant.Conv2d(1, 2, 2, bias=True), quant.CubaLIF(0.25, current_decay=0.5)),
        nn.Flatten(2),
        quant.Linear(8, 3),
        quant.CubaLIF(0.25, bias=3),
    )
    with torch.no_grad():
        layers[0].synapse.bias.fill_(0.125)
        layers[3].bias.fill_(0.0625)
    return layers


X = torch.ones(6, 2, 1, 3, 3)


def test_a_state_dict_carries_everything_that_is_learned() -> None:
    first, second = network(), network()
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(0.3)
    names = {"0.synapse.weight", "0.synapse.bias", "2.weight", "3.bias"}
    assert set(first.state_dict()) == names
    assert not torch.equal(first(X), second(X))
    second.load_state_dict(first.state_dict())
    functional.reset(first)
    functional.reset(second)
    assert torch.equal(first(X), second(X))


def test_a_copy_goes_on_alone() -> None:
    module = network()
    module(X)
    twin = copy.deepcopy(module)
    assert torch.equal(module(X), twin(X))
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    functional.reset(twin)
    assert twin(X).sum() == 0
    functional.reset(module)
    assert module(X).sum() > 0
    # The bias of a block is its own in the copy too.
    assert twin[0].bias is twin[0].synapse.bias
    assert twin[0].bias is not module[0].bias


def test_a_block_has_the_bias_of_whichever_has_one() -> None:
    with_synapse, with_neuron = block(quant.Linear(2, 2, True)), block(bias=2)
    assert with_synapse.bias is with_synapse.synapse.bias
    assert with_neuron.bias is with_neuron.neuron.bias
    assert block().bias is None


def test_a_bias_starts_at_zero_and_weights_as_torchs() -> None:
    assert not quant.Linear(3, 2, True).bias.any()
    assert not quant.CubaLIF(bias=3).bias.any()
    torch.manual_seed(1)
    mine = quant.Linear(30, 20)
    torch.manual_seed(1)
    assert torch.equal(mine.weight, nn.Linear(30, 20, bias=False).weight)
