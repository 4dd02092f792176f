"""A float network's encoder becomes integers, and one without gets what its example needs."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.program import Input
from snncore import ann2snn, encoding, functional, layer, monitor, neuron

TARGETS = ("int8", "lynxi", "int4")


def images(*shape: int, scale: float = 1.0) -> Tensor:
    torch.manual_seed(1)
    return torch.rand(6, 2, *(shape or (1, 6, 6))) * scale


def body() -> list[nn.Module]:
    torch.manual_seed(0)
    return [
        layer.Conv2d(1, 4, 3, padding=1, bias=False),
        layer.BatchNorm2d(4),
        neuron.LIF(tau=2.0, threshold=0.2),
        layer.AvgPool2d(2),
        layer.Flatten(),
        layer.Linear(36, 5),
    ]


def prepared(network: nn.Module, target: str, x: Tensor, **options: Any) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", quant.EncoderWarning)
        warnings.simplefilter("ignore", monitor.SilenceWarning)
        return quant.prepare(network, target=target, example=x, **options).eval()


def hold(network: nn.Module, x: Tensor) -> Any:
    """Training, golden and fast agree on a user's samples, and something fires."""
    program = nd.lower(network, example=x)
    golden, fast = nd.simulate(program, x), nd.simulate(program, x, engine="fast")
    with torch.no_grad():
        functional.reset(network)
        assert (network(x).double().numpy() == golden.output).all()
        functional.reset(network)
    assert (golden.output == fast.output).all()
    assert golden.spikes() > 0
    assert nd.lower(quant.freeze(network), example=x) == program
    return program


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("bits", [3, 8, 11])
def test_direct_values_reach_weights_as_integers(target: str, bits: int) -> None:
    x = images(scale=0.7)
    form = hold(
        prepared(nn.Sequential(encoding.Direct(bits), *body()), target, x), x
    ).input.encoding
    largest, step = float(x.max()), 2.0**form.exponent
    assert (form.low, form.high) == (0, (1 << bits) - 1)
    assert largest / 2 < form.high * step
    assert largest <= (form.high + 0.5) * step


def test_the_factor_goes_into_the_weights() -> None:
    """The quantized network is as near to the float one as with spikes."""
    x, network = images(), nn.Sequential(encoding.Direct(), *body()).eval()
    floats = network(x).detach()
    functional.reset(network)
    sums = prepared(network, "int16", x)(x).detach()
    assert float((sums - floats).abs().mean()) < 0.05 * float(floats.abs().mean())


@pytest.mark.parametrize("make", [encoding.Rate, encoding.Latency, encoding.Delta, neuron.LIF])
@pytest.mark.parametrize("target", TARGETS)
def test_neurons_behind_an_encoder_keep_their_thresholds(make: Any, target: str) -> None:
    x = images(scale=1.4)
    floats = nn.Sequential(make(0.4) if make is not neuron.LIF else make(threshold=0.4), *body())
    network = prepared(floats.eval(), target, x)
    program = hold(network, x)
    first = program.layers[0]
    assert first.inputs[0].source == f"{first.name}.identity"
    expected = floats[0](x)
    spikes = nd.simulate(program, x)[first.name].s
    assert float((torch.from_numpy(spikes) != expected).float().mean()) < 0.05


@pytest.mark.parametrize("target", TARGETS)
def test_a_bias_behind_an_encoder_counts_in_its_unit(target: str) -> None:
    """Without input, a bias of a quarter alone fires in every fifth step."""
    bias = torch.full((3,), 0.25)
    neurons = neuron.CubaLIF(current_decay=1.0, voltage_decay=0.0, bias=bias)
    floats = nn.Sequential(encoding.Direct(8), neurons, layer.Linear(3, 2)).eval()
    network = prepared(floats, target, torch.rand(9, 2, 3))
    program = nd.lower(network, example=torch.zeros(9, 2, 3))
    nothing = torch.zeros(9, 2, 3)
    spikes = nd.simulate(program, nothing)[program.layers[0].name].s
    expected = floats[:2](nothing)
    assert expected.any()
    assert (torch.from_numpy(spikes) == expected).all()


def test_a_pool_between_counts_in_the_encoders_unit() -> None:
    x = images()
    pooled = nn.Sequential(
        encoding.Direct(), layer.AvgPool2d(2), neuron.IF(0.8), layer.Flatten(), layer.Linear(9, 3)
    )
    hold(prepared(pooled, "int8", x), x)


def test_without_an_encoder_the_network_gets_one_and_a_warning_names_it() -> None:
    x = images()
    with pytest.warns(quant.EncoderWarning, match=r"^encoder: .* 2\^-7 from 0 to 255 \(put"):
        network = quant.prepare(nn.Sequential(*body()), target="int8", example=x).eval()
    assert isinstance(network.encoder, quant.InputEncoder)
    hold(network, x)


def test_spikes_need_none_and_counts_keep_their_values() -> None:
    spikes = (images() > 0.5).float()
    with warnings.catch_warnings():
        warnings.simplefilter("error", quant.EncoderWarning)
        network = quant.prepare(nn.Sequential(*body()), target="int8", example=spikes).eval()
    assert nd.lower(network, example=spikes).input.encoding is None
    counts = (images() * 5).round()
    program = hold(prepared(nn.Sequential(*body()), "int8", counts), counts)
    assert str(program.input.encoding) == "2^0 * 0..255"


def test_an_ann_with_direct_coding_goes_through() -> None:
    torch.manual_seed(0)
    ann = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3), nn.ReLU())
    x = torch.rand(20, 1, 6, 6)
    spiking = ann2snn.to_integers(
        ann2snn.convert(ann.eval(), x, steps=8, pool_currents=False), bits=8
    )
    samples = encoding.direct(x[:4], 8)
    hold(prepared(spiking, "int8", samples), samples)


@pytest.mark.parametrize(
    ("network", "example", "words"),
    [
        (lambda: [encoding.Direct(), *body()], None, r"0: its step is not known \(give an example"),
        (
            lambda: [encoding.Direct(), *body()],
            torch.zeros(2, 1, 1, 6, 6),
            "0: every value .* zero",
        ),
        (lambda: [neuron.IF(), encoding.Direct(), *body()], images(), "1: encodes samples, and"),
        (
            lambda: [layer.Dropout(0.1), encoding.Direct(), encoding.Direct(), *body()],
            images(),
            "encodes samples, and",
        ),
        (lambda: [encoding.Direct(), neuron.LeakyIntegrator()], images(), "reads out"),
    ],
)
def test_what_cannot_be_encoded_is_one_error(network: Any, example: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        quant.prepare(nn.Sequential(*network()), target="int8", example=example)
    assert "(" in str(raised.value), "a remedy"


def test_a_given_or_learned_step_needs_no_example() -> None:
    torch.manual_seed(3)
    learned = encoding.Direct(6, exponent=-5, learned=True)
    network = quant.prepare(
        nn.Sequential(learned, layer.Linear(4, 3), neuron.IF(0.02)), target="int8"
    )
    x = images(4)
    program = hold(network.eval(), x)
    assert str(program.input.encoding) == "2^-5 * -32..31"


def test_loihi_drives_input_neurons_or_names_the_remedy() -> None:
    x = images()
    with pytest.raises(
        ValueError, match=r"2: weighs .*encoding.Rate\(\), before the first weights"
    ):
        prepared(nn.Sequential(*body()), "loihi", x)
    network = prepared(nn.Sequential(encoding.Rate(), *body()), "loihi", x)
    program = nd.lower(network, example=x, target="loihi")
    assert program.layers[0].inputs[0].source == "input"
    assert program.layers[0].equations.name == "DrivenCubaLIF"
    hold(network, x)


def test_neurons_that_no_step_drives_are_named() -> None:
    high = nn.Sequential(
        encoding.Direct(exponent=-8), neuron.IF(1e6), layer.Linear(6, 2), neuron.IF()
    )
    with pytest.raises(ValueError, match=r"1: a threshold of 1e\+06 is too high"):
        quant.prepare(high, target="loihi", example=images(6))


def test_it_trains() -> None:
    """Gradients pass through the encoder into what comes before the network."""
    x = images().requires_grad_()
    network = prepared(nn.Sequential(encoding.Direct(), *body()), "int8", x.detach()).train()
    network(x).sum().backward()
    assert x.grad is not None
    assert bool(x.grad.abs().sum() > 0)
    assert all(p.grad is not None for p in network.parameters())


def test_the_input_is_the_first_node() -> None:
    program = nd.lower(prepared(nn.Sequential(*body()), "int8", images()), example=images())
    assert isinstance(program.nodes[0], Input)
