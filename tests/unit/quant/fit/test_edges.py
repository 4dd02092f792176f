"""Ends at which one unit, one threshold or one step more would be another answer."""

from typing import Any

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from quant.fit.calibrate import _Fitting
from quant.fit.joined import fits
from quant.grid.scale import best_exponents, fitting_log2, unit_of_one
from snncore import layer, neuron


def format_of(**changes: Any) -> quant.ChipFormat:
    """Return a format whose thresholds go from 1 to 127, with some things changed."""
    data = quant.chip_format("int8").to_json() | {"name": "small"}
    data["thresholds"] = {"minimum": 1, "maximum": 127, "step": 1}
    return quant.ChipFormat.from_json(data | changes)


@pytest.mark.parametrize("exponent", [-3, 0, 2])
def test_the_only_unit_that_a_format_has_is_taken(exponent: int) -> None:
    ends = {"minimum": exponent, "maximum": exponent, "step": 1}
    with pytest.raises(ValueError, match="no grid from"):
        quant.ChipFormat.from_json(format_of().to_json() | {"exponents": ends})
    # As many units as thresholds leave: from the smallest of 1 to the largest of half of 127.
    weight, unit = torch.linspace(-9, 9, 6).reshape(2, 3), 2.0**exponent
    thresholds = torch.tensor([unit, 63 * unit])
    best = best_exponents(weight, format_of(), thresholds, per_channel=False, name="fc")
    assert int(best) == exponent
    for wrong in ([unit * 0.999, 63 * unit], [unit, 63.01 * unit]):
        with pytest.raises(ValueError, match="fc: small has no unit for thresholds of"):
            best_exponents(weight, format_of(), torch.tensor(wrong), per_channel=False, name="fc")


@pytest.mark.parametrize("spikes", [False, True])
def test_a_unit_of_one_is_the_largest_for_plain_spikes(spikes: bool) -> None:
    weight = torch.full((1, 4), 500.0)
    for threshold, allowed in ((63.0, True), (64.0, not spikes)):
        options: dict[str, Any] = {"per_channel": False, "name": "fc", "spikes": spikes}
        if allowed:
            best = best_exponents(weight, format_of(), threshold, **options)
            assert int(best) <= 0 if spikes else int(best) > 0
        else:
            with pytest.raises(ValueError, match=r"fc: adds plain spikes, and .* at least 2\^1"):
                best_exponents(weight, format_of(), threshold, **options)


@pytest.mark.parametrize(
    ("form", "threshold", "allowed"),
    [
        # Of a chip's grid that goes down to zero the smallest that makes sense is 1.
        ("loihi", 0.25, False),
        ("loihi", 0.49, False),
        ("loihi", 0.51, True),
        ("loihi", 1.0, True),
        ("loihi", 65535.0, True),
        ("loihi", 65536.0, False),
        ("lynxi", 0.49, False),
        ("lynxi", 1.0, True),
        ("lynxi", 255.0, True),
        ("lynxi", 256.0, False),
    ],
)
def test_which_thresholds_a_unit_fits(form: str, threshold: float, allowed: bool) -> None:
    kind: Any = quant.CubaLIF if form == "loihi" else quant.LIF
    neurons = kind(threshold=1.0, format=form, exponent=0)
    neurons.threshold = threshold
    assert fits(neurons, 1.0) is allowed
    assert fits(neurons, torch.tensor(1.0)) is allowed
    neurons.threshold = torch.tensor([1.0, threshold])
    assert fits(neurons, 1.0) is allowed


def test_the_smallest_threshold_of_a_grid_counts() -> None:
    neurons = quant.LIF(threshold=8.0, format=format_of(), exponent=0)
    high = format_of(thresholds={"minimum": 8, "maximum": 127, "step": 1})
    other = quant.LIF(threshold=8.0, format=high, exponent=0)
    assert [fits(neurons, 2.0**e) for e in (0, 3, 4)] == [True, True, False]
    assert [fits(other, 2.0**e) for e in (0, 1)] == [True, False]


@pytest.mark.parametrize(
    ("form", "threshold", "exponent"),
    [
        ("int8", 16383 / 64, -6),
        ("int8", 16384 / 64, -5),
        ("int8", 16383.0, 0),
        ("int8", 16383.5, None),
        ("lynxi", 255 / 64, -6),
        ("lynxi", 255.5 / 64, -5),
        ("lynxi", 255.0, 0),
        ("lynxi", 256.0, None),
        # Its weights are even: a unit of one half is the largest of which one is a weight.
        ("loihi", 65535 / 128, -7),
        ("loihi", 65535 / 2, -1),
        ("loihi", 65536 / 2, None),
    ],
)
def test_the_finest_unit_of_one(form: str, threshold: float, exponent: int | None) -> None:
    chosen = quant.chip_format(form)
    if exponent is not None:
        assert unit_of_one(chosen, threshold, "pool") == exponent
        return
    with pytest.raises(ValueError, match=r"pool: a threshold of .* is too high"):
        unit_of_one(chosen, threshold, "pool")


def test_calibration_leaves_no_states_behind() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(layer.Linear(6, 5), neuron.LIF(threshold=0.2), layer.Linear(5, 3))
    network.append(layer.Recurrent(neuron.LIF(), layer.Linear(3, 3, bias=False)))
    prepared = quant.prepare(network, target="int8")
    samples = (torch.rand(7, 4, 6) < 0.5).float()
    for search in (False, True):
        quant.calibrate(prepared, samples, network, search=search, correct=search)
        for module in (network, prepared):
            states = [m.states for m in module.modules() if hasattr(m, "states")]
            assert len(states) >= 3
            assert not any(states)


SHAPES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Linear": (lambda: quant.Linear(5, 3), (5,)),
    "Conv2d": (lambda: quant.Conv2d(2, 3, 3), (2, 7, 6)),
    "SumPool2d": (lambda: quant.SumPool2d(2), (2, 7, 6)),
    "Block": (lambda: quant.Block(quant.Conv2d(2, 3, 3), quant.CubaLIF()), (2, 7, 6)),
    "CubaLIF": (lambda: quant.CubaLIF(), (2, 7, 6)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_layer_remembers_the_shape_of_one_step(name: str) -> None:
    make, shape = SHAPES[name]
    module = make()
    module(torch.zeros(4, 9, *shape))
    assert module.input_shape == shape


def test_a_percentile_of_few_weights_keeps_at_least_one() -> None:
    weight, grid = torch.linspace(1, 100, 100).reshape(1, 100), quant.Grid(-1, 1)
    for percentile, kept in ((0.1, 1.0), (1.0, 1.0), (2.0, 2.0), (100.0, 100.0)):
        log2 = fitting_log2(weight, grid, per_channel=False, percentile=percentile)
        assert float(2.0**log2) == pytest.approx(kept)


@pytest.mark.parametrize("form", ["int8", "lynxi", "shift16", "loihi"])
def test_a_decays_gradient_is_that_of_the_number_it_stands_for(form: str) -> None:
    """One more of the decay changes the voltage as it does in floats."""
    kind: Any = quant.CubaLIF if form == "loihi" else quant.LIF
    name = "voltage_decay" if form == "loihi" else "decay"
    options: dict[str, Any] = {name: 0.5, "learnable": (name,), "format": form}
    if form != "loihi":
        # What flows back through a reset is the surrogate's.
        options |= {"reset": quant.chip_format(form).resets[0].value, "detach_reset": True}
    unit = 2.0 ** quant.chip_format(form).exponent
    neurons = kind(threshold=400 * unit, **options)
    neurons(torch.tensor([40 * unit, 0.0]).reshape(2, 1, 1))
    voltage = torch.as_tensor(neurons.v)
    assert float(voltage.detach()) == 20 * unit
    voltage.sum().backward()
    # The second step leaves v (1 - decay) of v, and the first all of it.
    assert float(getattr(neurons, name).grad) == pytest.approx(-40 * unit)


@pytest.mark.parametrize("exponent", [-1, 0, 1])
def test_neurons_that_measurements_drive_keep_their_exponent(exponent: int) -> None:
    neurons = quant.DrivenCubaLIF(2.0**exponent, scale=2.0 * 2.0**exponent, exponent=exponent)
    program = nd.lower(nn.Sequential(neurons), example=torch.zeros(1, 1, 3))
    assert program.layers[0].exponent == exponent
    assert int(program.layers[0].parameters["gain"]) == 2


@pytest.mark.parametrize(
    ("form", "threshold"), [("loihi", 129 / 128), ("int8", 1.0), ("lynxi", 1.0)]
)
def test_current_based_neurons_fire_above_their_threshold_alone(
    form: str, threshold: float
) -> None:
    """Also one unit above it, the least that the grid tells from it."""
    network = nn.Sequential(
        layer.Linear(2, 2, bias=False),
        neuron.CubaLIF(threshold, current_decay=1.0, voltage_decay=1.0),
    )
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 65 / 64]]))
    prepared = quant.prepare(network, target=quant.chip_format(form))
    x = torch.eye(2).reshape(2, 1, 2)
    expected = network(x)
    assert expected.flatten().tolist() == [0.0, 0.0, 0.0, 1.0]
    assert torch.equal(prepared(x), expected)


def test_of_units_that_lose_the_same_the_largest_is_taken() -> None:
    """It leaves the threshold the most room."""
    weight = torch.tensor([[2.0, -8.0, 6.0]])
    # All are multiples of the largest that is tried, which keeps two bits to spare.
    for threshold, exponent in ((1.0, -1), (0.5, -1), (0.25, -2)):
        best = best_exponents(weight, format_of(), threshold, per_channel=False, name="fc")
        assert int(best) == exponent


@pytest.mark.parametrize("wanted", [-9, -8, -7, -6, -5, -4, -3])
def test_the_units_around_a_blocks_are_tried(wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two smaller ones and the next larger, of those that leave the threshold its room."""
    prepared = quant.prepare(nn.Sequential(layer.Linear(6, 5), neuron.IF()), target="int8")
    block: Any = prepared.get_submodule("1")
    block.set_exponents(torch.tensor(-6.0))
    fitting = _Fitting(prepared, torch.zeros(1, 1, 6), {})
    monkeypatch.setattr(fitting, "distance", lambda _: abs(block.synapse.exponent - wanted))
    fitting.search("1", block, block.synapse)
    assert block.synapse.exponent == block.neuron.exponent == min(max(wanted, -8), -5)


@pytest.mark.parametrize(("bits", "taken"), [(-1, False), (0, True), (16, True), (17, False)])
def test_how_many_bits_a_decay_has(bits: int, taken: bool) -> None:
    if taken:
        assert quant.Decays(bits).bits == bits
        return
    with pytest.raises(ValueError, match=f"a decay has 0 to 16 bits, not {bits}"):
        quant.Decays(bits)
