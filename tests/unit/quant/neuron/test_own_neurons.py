"""A user's own neurons on a chip's grid: exact, trained, saved, and refused in words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron
from snncore.dynamics import log, select, spike
from tests.unit.own_neuron import Tiring
from tests.unit.quant.grid.test_formats import traces


@neuron.define(states={"v": 0.0}, params={"decay": 0.5, "threshold": 1.0})
def Leaky(v: Any, x: Any, *, decay: Any, threshold: Any) -> Any:  # noqa: N802
    h = decay * v + x
    s = spike(h - threshold)
    return select(s, 0.0, h), s


@neuron.define(states={"v": 0.0, "a": 0.0}, params={"jump": 0.5, "forget": 0.75})
def Constant(v: Any, a: Any, x: Any, *, jump: Any, forget: Any) -> Any:  # noqa: N802
    h = v - 0.25 * v + x
    s = spike(h - 1.0 - jump * a)
    return select(s, h - 1.0, h), forget * a + s, s


@neuron.define(states={"v": 0.5}, params={"threshold": 1.0})
def Charged(v: Any, x: Any, *, threshold: Any) -> Any:  # noqa: N802
    s = spike(v + x - threshold)
    return select(s, 0.0, v + x), s


@neuron.define(states={"v": 0.0}, params={"gain": 1.0})
def Squared(v: Any, x: Any, *, gain: Any) -> Any:  # noqa: N802
    s = spike(v + x + gain * v * v - 1.0)
    return select(s, 0.0, v + x), s


@neuron.define(states={"v": 0.0}, params={"tau": 2.0, "threshold": 1.0})
def Divided(v: Any, x: Any, *, tau: Any, threshold: Any) -> Any:  # noqa: N802
    h = v + (x - v) / tau
    s = spike(h - threshold)
    return select(s, 0.0, h), s


NEURONS: dict[str, Callable[[], nn.Module]] = {
    "one state": Leaky,
    "a value a channel": lambda: Leaky(threshold=torch.linspace(0.4, 0.9, 4)),
    "two states": lambda: Tiring(threshold=0.5, jump=0.25),
    "constants": Constant,
    "a start": Charged,
    "a square": Squared,
    "a division": lambda: Divided(threshold=0.25),
}


def network(make: Callable[[], nn.Module]) -> nn.Module:
    """Return weights with a bias and a norm, a mean, and weights added to a shortcut."""
    torch.manual_seed(3)
    layers = nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1),
        layer.BatchNorm2d(4),
        make(),
        layer.AvgPool2d(2),
        make(),
        layer.Conv2d(4, 4, 1),
        make(),
    )
    with torch.no_grad():
        layers[0].weight.mul_(4.0)
        layers[5].weight.uniform_(0.0, 2.0)
        layers[1].weight.uniform_(1.0, 3.0)
        for _ in range(3):
            layers(samples())
            functional.reset(layers)
    return layers.eval()


def samples() -> Tensor:
    return (torch.rand(9, 3, 2, 6, 6, generator=torch.Generator().manual_seed(0)) < 0.5).float()


@pytest.mark.parametrize("form", ["lynxi", "int3", "int8"])
@pytest.mark.parametrize("name", NEURONS)
def test_the_forward_is_the_program_is_the_file(name: str, form: str, tmp_path: Path) -> None:
    prepared = quant.prepare(network(NEURONS[name]), target=form, example=samples()).eval()
    golden, others = traces(prepared, samples())
    for which, other in others.items():
        link = compare(which, golden, other, 0.0)
        assert link.same, link.divergence or link.reason
    assert list(golden) == ["2", "4", "6"]
    assert all(golden[layer].s.sum() > 20 for layer in golden)
    program = nd.lower(prepared, example=samples())
    assert nd.lower(quant.freeze(prepared), example=samples()) == program
    nd.save(prepared, tmp_path / "model.pt", example=samples())
    assert nd.lower(nd.load(tmp_path / "model.pt")) == program
    artifact = nd.export(prepared, target="onnx", path=tmp_path / "onnx", example=samples())
    assert nd.read(artifact) == program


# Without a leak, what is squared leaves its register now and then.
@pytest.mark.parametrize("name", sorted(NEURONS.keys() - {"a square"}))
def test_sixteen_bits_are_nearly_the_floats(name: str) -> None:
    floats = network(NEURONS[name])
    prepared = quant.prepare(floats, target="int16", example=samples()).eval()
    with torch.no_grad():
        expected, got = floats(samples()), prepared(samples())
    assert expected.sum() > 20
    # Every so often a rounded weight moves a spike.
    assert float((expected != got).float().mean()) < 0.005


def test_a_shortcut_adds_to_the_weights() -> None:
    class Shortcut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.own = layer.Linear(5, 5), Tiring()

        def forward(self, x: Tensor) -> Tensor:
            spikes: Tensor = self.own(self.fc(x) + x)
            return spikes

    torch.manual_seed(1)
    x = (torch.rand(9, 3, 5) < 0.5).float()
    prepared = quant.prepare(Shortcut(), target="int8").eval()
    golden, others = traces(prepared, x)
    assert compare("x", golden, others["training"], 0.0).same
    assert golden.spikes() > 10


def test_parameters_and_weights_are_learned() -> None:
    # Weights with which the neurons fire, and tire.
    torch.manual_seed(1)
    tiring = Tiring(learnable=("jump", "forget"))
    prepared = quant.prepare(nn.Sequential(layer.Linear(4, 3), tiring), target="int8")
    with torch.no_grad():
        prepared.get_submodule("1.synapse").weight.mul_(3.0)
    x = (torch.rand(12, 8, 4, generator=torch.Generator().manual_seed(0)) < 0.6).float()
    prepared(x).sum().backward()
    learned = quant.learned_parameters(prepared)
    assert len(learned) == 2
    for value in (prepared.get_submodule("1.synapse").weight, *learned):
        assert value.grad is not None
        assert value.grad.abs().sum() > 1e-3


def test_the_gradient_is_near_that_of_the_floats() -> None:
    torch.manual_seed(2)
    floats = nn.Sequential(layer.Linear(6, 5), Tiring(decay=0.75, jump=0.3))
    prepared = quant.prepare(floats, target="int16")
    x = (torch.rand(10, 4, 6) < 0.5).float()
    expected, got = (
        torch.autograd.grad(net(x).sum(), weight)[0].reshape(-1)
        for net, weight in (
            (floats, floats[0].weight),
            (prepared, prepared.get_submodule("1.synapse").weight),
        )
    )
    assert float(torch.nn.functional.cosine_similarity(expected, got, 0)) > 0.95
    assert 0.8 < float(expected.norm() / got.norm()) < 1.25


def test_what_becomes_of_a_number_is_said() -> None:
    prepared = quant.prepare(nn.Sequential(layer.Linear(4, 3), Leaky(decay=0.9)), target="lynxi")
    assert quant.deviations(prepared) == {"1.neuron": ("a decay of 0.9 becomes 1",)}
    assert "Leaky, decay=0.9" in repr(prepared.get_submodule("1.neuron"))


def test_units_are_fitted_and_calibrated_as_for_other_neurons() -> None:
    floats = network(Leaky)
    prepared = quant.prepare(floats, target="int4", example=samples()).eval()
    report = quant.calibrate(prepared, samples(), floats)
    assert [entry.name for entry in report.layers] == ["2", "4", "6"]
    quant.fit_units(prepared)
    golden, others = traces(prepared, samples())
    assert compare("x", golden, others["training"], 0.0).same


@neuron.define(states={"v": 0.0}, params={}, inputs=2)
def Gated(v: Any, x: Any, gate: Any) -> Any:  # noqa: N802
    s = spike(v + x - gate)
    return select(s, 0.0, v + x), s


@neuron.define(states={"v": 0.0}, params={"unit": 1.0})
def Named(v: Any, x: Any, *, unit: Any) -> Any:  # noqa: N802
    s = spike(v + x - unit)
    return select(s, 0.0, v + x), s


@neuron.define(states={"v": 0.0}, params={"threshold": 1.0})
def Measured(v: Any, x: Any, *, threshold: Any) -> Any:  # noqa: N802
    s = spike(v + log(x * x + 1.0) * threshold - threshold)
    return select(s, 0.0, v + x), s


@pytest.mark.parametrize(
    ("neurons", "form", "words"),
    [
        (Measured(), "int8", "1: Measured: what log is taken of counts in the unit of the inputs"),
        (Gated(), "int8", "1: Gated: has the inputs x, gate; a chip drives one"),
        (Measured(), "loihi", r"on loihi, which has no neurons of your own, only quant\.CubaLIF"),
        (Named(), "int8", r"Named\.unit: chip neurons have that \(rename it\)"),
    ],
)
def test_what_has_no_place_is_named(neurons: nn.Module, form: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        quant.prepare(nn.Sequential(layer.Linear(4, 3), neurons), target=form)


def test_a_share_is_between_zero_and_one() -> None:
    with pytest.raises(ValueError, match=r"Defined\.decay: 1\.5 is not between 0 and 1"):
        quant.Defined(Leaky().equations, decay=1.5, threshold=1.0)


def test_equations_need_a_value_for_each_parameter() -> None:
    with pytest.raises(TypeError, match=r"Leaky\.threshold: has no value"):
        quant.Defined(Leaky().equations, decay=0.5)
