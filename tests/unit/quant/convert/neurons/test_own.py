"""The zoo's neurons on a grid: exact in every step, counted where they count, refused in words."""

from collections import Counter
from typing import Any

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.target import targets
from neurodeploy.verification.compare import compare
from snncore import layer, neuron
from snncore.dynamics import maximum, select, spike
from tests.conformance.zoo_networks import NEURONS, zoo_case
from tests.unit.quant.grid.test_formats import traces


@pytest.mark.parametrize("number", range(len(NEURONS)))
def test_training_is_golden_is_fast(number: int, full: bool) -> None:
    spiking = Counter[bool]()
    for seed in range(number, len(NEURONS) * (30 if full else 2), len(NEURONS)):
        case = zoo_case(seed)
        golden, others = traces(case.model, torch.from_numpy(case.samples).float())
        for name, other in others.items():
            link = compare(name, golden, other, 0.0)
            assert link.same, f"{case.name}: {link.divergence or link.reason}"
        spiking[golden.spikes() > 0] += 1
    assert spiking[True] > 10 * spiking[False]


@pytest.mark.parametrize("name", NEURONS)
def test_frozen_saved_and_exported_it_stays_the_same(name: str, tmp_path: Any) -> None:
    case = zoo_case(list(NEURONS).index(name), "lynxi")
    spikes = torch.from_numpy(case.samples).float()
    assert nd.lower(quant.freeze(case.model), example=spikes) == case.program
    nd.save(case.model, tmp_path / "model.pt", example=spikes)
    assert nd.lower(nd.load(tmp_path / "model.pt")) == case.program
    for target in ("onnx", "lynxi"):
        chip = targets()[target]
        assert chip.read(chip.compile(case.program)) == case.program


@neuron.define(states={"v": 0.0, "wait": 0.0}, params={"threshold": 0.5, "pause": 3.0})
def Pausing(v: Any, wait: Any, x: Any, *, threshold: Any, pause: Any) -> Any:  # noqa: N802
    h = select(wait > 0.0, v, v + x)
    s = spike(h - threshold)
    return select(s, 0.0, h), select(s, pause, maximum(wait - 1.0, 0.0)), s


@pytest.mark.parametrize("target", ["onnx", "lynxi"])
def test_a_number_may_be_larger_than_a_share(target: str) -> None:
    floats, x = chain(Pausing()), (torch.rand(16, 3, 6) < 0.5).float()
    prepared = quant.prepare(floats, target=target, example=x).eval()
    with torch.no_grad():
        sent, expected = prepared(x), floats(x)
    assert expected.sum() > 20
    assert (sent != expected).float().mean() < 0.1
    # Nothing fires while it waits.
    assert float((sent[1:] * sent[:-1]).sum()) == 0
    assert (nd.simulate(nd.lower(prepared, example=x), x).output == sent.numpy()).all()


def chain(*neurons: nn.Module, scale: float = 4.0) -> nn.Sequential:
    torch.manual_seed(5)
    layers = [each for part in neurons for each in (layer.Linear(6, 6), part)]
    for weights in layers[::2]:
        with torch.no_grad():
            weights.weight.mul_(scale)
    return nn.Sequential(*layers)


def test_layers_that_read_counts_leave_room_for_them() -> None:
    prepared = quant.prepare(chain(neuron.IntegerLIF(most=5), neuron.LIF()), target="lynxi")
    first, second = (prepared.get_submodule(f"{name}.synapse") for name in ("1", "3"))
    assert (first.largest_input, second.largest_input) == (1, 5)
    with torch.no_grad():
        second.weight.fill_(1.0)
    # Whatever is sent, no sum is beyond the format's largest.
    assert int(second.integer_weight().sum(1).max()) * 5 <= quant.chip_format("lynxi").fan_in


def test_a_leak_that_only_floats_compute_is_learned_as_one_parameter() -> None:
    prepared = quant.prepare(
        chain(neuron.AdaptiveLIF(learnable=("tau", "adaptation"))), target="int8"
    )
    names = {name for name, _ in prepared.get_submodule("1.neuron").named_parameters()}
    assert names == {"per_tau", "adaptation"}
    x = (torch.rand(12, 8, 6, generator=torch.Generator().manual_seed(0)) < 0.6).float()
    prepared(x).sum().backward()
    for value in quant.learned_parameters(prepared):
        assert value.grad is not None
        assert value.grad.abs().sum() > 1e-4


def test_sixteen_bits_are_nearly_the_floats() -> None:
    x = (torch.rand(20, 16, 6, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    for kind in (neuron.QIF, neuron.AdaptiveLIF, neuron.IntegerLIF):
        floats = chain(kind())
        prepared = quant.prepare(floats, target="int16")
        with torch.no_grad():
            expected, got = floats(x), prepared(x)
        assert expected.sum() > 50
        assert float((expected != got).float().mean()) < 0.01


@pytest.mark.parametrize(
    ("neurons", "form", "words"),
    [
        (neuron.Izhikevich(), "loihi", r"1: Izhikevich has no near neuron on loihi.*use neuron"),
        (neuron.EIF(), "shift16", r"1: EIF has no near neuron on shift16.*target=\"int8\""),
        (neuron.LIF(decay_input=True, tau=torch.tensor([2.0, 3, 2, 3, 2, 3])), "int8", "1: leaks"),
        (neuron.QIF(gain=1e9), "int8", r"1: Defined.gain: .* \(choose another exponent"),
    ],
)
def test_what_a_chip_cannot_hold_is_refused(neurons: nn.Module, form: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        quant.prepare(chain(neurons), target=form)


def test_what_becomes_lines_or_is_rounded_is_said() -> None:
    prepared = quant.prepare(chain(neuron.EIF(tau=3.0)), target="int8")
    (notes,) = quant.deviations(prepared).values()
    assert notes == (
        "a per_tau of 0.3333 becomes 0.332",
        "exp of a state becomes straight lines",
    )
