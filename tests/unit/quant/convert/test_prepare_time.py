"""Recurrent layers and delays of float networks on a chip's grid."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.flow.post_training import quantized
from neurodeploy.report import Status
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron
from tests.unit.quant.grid.test_formats import traces

FORMATS = ("loihi", "lynxi", "shift16", "int3", "int8")


def network() -> nn.Module:
    """Return recurrent weights, a bias, a norm and a delay."""
    torch.manual_seed(5)
    layers = nn.Sequential(
        layer.Linear(6, 8),
        layer.BatchNorm1d(8),
        layer.Recurrent(neuron.LIF(decay_input=False), layer.Linear(8, 8, bias=False)),
        layer.Delay(2),
        layer.Linear(8, 4),
        neuron.LIF(decay_input=False),
    )
    with torch.no_grad():
        for module in layers.modules():
            if isinstance(module, layer.Linear):
                module.weight.mul_(4.0)
    layers(samples())
    functional.reset(layers)
    return layers.eval()


def samples() -> Tensor:
    return (torch.rand(9, 5, 6, generator=torch.Generator().manual_seed(1)) < 0.5).float()


@pytest.mark.parametrize("form", FORMATS)
def test_recurrent_layers_and_delays_are_exact(form: str, tmp_path: Path) -> None:
    prepared = quant.prepare(network(), target=quant.chip_format(form)).eval()
    golden, others = traces(prepared, samples())
    for name, other in others.items():
        assert compare(name, golden, other, 0.0).status == Status.EQUAL, name
    assert list(golden) == ["2", "5"]
    assert all(golden[name].s.sum() > 10 for name in golden)
    program = nd.lower(prepared, example=samples())
    assert nd.lower(quant.freeze(prepared), example=samples()) == program
    nd.save(prepared, tmp_path / "model.pt", example=samples())
    assert nd.lower(nd.load(tmp_path / "model.pt")) == program


def test_sixteen_bits_are_the_floats_and_learn() -> None:
    floats = network()
    prepared = quant.prepare(floats, target="int16")
    with torch.no_grad():
        expected = floats(samples())
        assert torch.equal(prepared(samples()), expected)
    assert expected.sum() > 10
    functional.reset(prepared)
    prepared.train()(samples()).sum().backward()
    feedback = prepared.get_submodule("2.feedback")
    assert feedback.weight.grad is not None
    assert feedback.weight.grad.abs().sum() > 0


def test_calibration_sees_the_neurons_within() -> None:
    floats = network()
    prepared = quant.prepare(floats, target="int8")
    report = quant.calibrate(prepared, samples(), floats)
    assert [entry.name for entry in report.layers] == ["2.body", "5"]
    assert all(entry.float_rate > 0 for entry in report.layers)


WRONG: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "weights within": (
        lambda: layer.Recurrent(nn.Sequential(layer.Linear(6, 6), neuron.LIF())),
        "1: a recurrent layer of Sequential and no feedback has no quantized form.*bias=False",
    ),
    "a convolution": (
        lambda: layer.Recurrent(neuron.LIF(), layer.Conv2d(1, 1, 1)),
        "1: its feedback is Conv2d, and only dense weights come back.*flatten the sums",
    ),
    "a bias": (
        lambda: layer.Recurrent(neuron.LIF(), layer.Linear(6, 6)),
        "1: its feedback has a bias.*bias=False",
    ),
    "a delay of sums": (lambda: layer.Delay(1), "1: reads 0 with no neurons between"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_has_no_place_is_named(name: str) -> None:
    make, words = WRONG[name]
    with pytest.raises(ValueError, match=words):
        quant.prepare(nn.Sequential(layer.Linear(6, 6), make(), neuron.IF()), target="int8")


def test_a_float_model_is_quantized_and_exported_in_floats(tmp_path: Path) -> None:
    floats, spikes = network(), samples().numpy()
    prepared = quantized(floats, target="loihi", samples=spikes)
    assert nd.simulate(prepared.program, spikes).spikes() > 20
    del floats[3]
    exported = nd.export(floats, target="onnx", path=tmp_path / "onnx", example=spikes)
    report = nd.verify(exported, model=floats, samples=spikes, simulator="none")
    assert report.equal
    assert report.links[0].spikes > 20
