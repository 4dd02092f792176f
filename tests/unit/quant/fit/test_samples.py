"""Samples of any type: bools and bytes are the zeros and ones that they stand for."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from quant.grid.exact import largest
from snncore import functional, layer, neuron

RESONATOR = {"format": "loihi.resonator"}
DENSE, IMAGE = (6,), (1, 8, 8)
LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "Linear": (lambda: quant.Linear(6, 3), DENSE),
    "Conv2d": (lambda: quant.Conv2d(1, 2, 3), IMAGE),
    "SumPool2d": (lambda: quant.SumPool2d(2), IMAGE),
    "CubaLIF": (lambda: quant.CubaLIF(0.5), DENSE),
    "IF": (lambda: quant.IF(0.5), DENSE),
    "LIF": (lambda: quant.LIF(0.25, 0.5, backend="torch"), DENSE),
    "LIF in C++": (lambda: quant.LIF(0.25, 0.5, backend="cpp"), DENSE),
    "DrivenCubaLIF": (lambda: quant.DrivenCubaLIF(0.5), DENSE),
    "Block": (lambda: quant.Block(quant.Linear(6, 3), quant.CubaLIF(0.25)), DENSE),
    "Block with a norm": (
        lambda: quant.Block(
            quant.Conv2d(1, 2, 3), quant.CubaLIF(0.25), norm=layer.BatchNorm2d(2)
        ).train(),
        IMAGE,
    ),
    "Block of a pool": (lambda: quant.Block(quant.SumPool2d(2), quant.CubaLIF(0.5)), IMAGE),
    "ComplexBlock": (
        lambda: quant.ComplexBlock(
            quant.Linear(6, 3, **RESONATOR),
            quant.Linear(6, 3, **RESONATOR),
            quant.Resonator(0.1, **RESONATOR),
        ),
        DENSE,
    ),
    "Recurrent": (
        lambda: layer.Recurrent(quant.LIF(0.5, 0.5), quant.Linear(6, 6, format="int8")),
        DENSE,
    ),
    "pools in floats": (
        lambda: nn.Sequential(layer.MaxPool2d(2), layer.SumPool2d(2), layer.AvgPool2d(2)),
        IMAGE,
    ),
    "a largest first": (lambda: layer.MaxPool2d(2), IMAGE),
    "a mean first": (lambda: layer.AvgPool2d(2), IMAGE),
    "a sum first": (lambda: layer.SumPool2d(2), IMAGE),
    "weights in floats": (lambda: layer.Linear(6, 3), DENSE),
    "kernels in floats": (lambda: layer.Conv2d(1, 2, 3), IMAGE),
    "kernels in doubles": (lambda: layer.Conv2d(1, 2, 3).double(), IMAGE),
}


def spikes(shape: tuple[int, ...], steps: int = 6) -> Tensor:
    return torch.rand(steps, 3, *shape, generator=torch.Generator().manual_seed(0)) < 0.5


@pytest.mark.parametrize("name", LAYERS)
def test_bools_are_zeros_and_ones(name: str) -> None:
    make, shape = LAYERS[name]
    torch.manual_seed(0)
    module = make()
    kind = torch.float64 if "doubles" in name else torch.float32
    expected = module(spikes(shape).to(kind))
    functional.reset(module)
    output = module(spikes(shape))
    assert output.dtype == expected.dtype
    assert torch.equal(output, expected)
    assert expected.any()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (torch.tensor([False, True]), 1.0),
        (torch.tensor([False]), 0.0),
        (torch.tensor([3, 200], dtype=torch.uint8), 200.0),
        (torch.tensor([-128, 5], dtype=torch.int8), 128.0),
        (torch.tensor([-7.5, 5.0]), 7.5),
        (torch.tensor([]), 0.0),
    ],
)
def test_the_largest_magnitude_of_any_type(values: Tensor, expected: float) -> None:
    assert largest(values) == expected


def test_the_smallest_byte_drives_neurons_as_it_should() -> None:
    drive = torch.full((400, 1, 2), -128, dtype=torch.int8)
    neurons = quant.CubaLIF(0.5, voltage_decay=1 / 256)
    neurons(drive)
    voltage = neurons.v
    functional.reset(neurons)
    neurons(drive.float())
    assert torch.equal(torch.as_tensor(voltage), torch.as_tensor(neurons.v))


def recurrent() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(
        layer.Linear(6, 6),
        layer.Recurrent(neuron.LIF(threshold=0.3), layer.Linear(6, 6, bias=False)),
        layer.Linear(6, 3),
        neuron.LIF(threshold=0.2),
    )
    with torch.no_grad():
        network[2].weight.abs_()
    return network.eval()


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("kind", [torch.bool, torch.uint8, torch.float32])
def test_calibration_takes_any_number_of_steps(steps: int, kind: torch.dtype) -> None:
    network, samples = recurrent(), spikes((6,), steps).to(kind)
    prepared = quant.prepare(network, target="int4", example=samples)
    report = quant.calibrate(prepared, samples, network)
    assert [entry.name for entry in report.layers] == ["1.body", "3"]
    assert report.layers[0].float_rate > 0
    again = quant.prepare(network, target="int4", example=samples.float())
    assert quant.calibrate(again, samples.float(), network) == report
    assert nd.lower(prepared, example=samples) == nd.lower(again, example=samples)


def test_progress_names_every_layer_before_it_is_fitted() -> None:
    torch.manual_seed(0)
    floats = nn.Sequential(
        layer.Linear(5, 4), neuron.LIF(), layer.Linear(4, 3), neuron.IF(threshold=0.5)
    )
    prepared = quant.prepare(floats, target="int8")
    calls: list[tuple[str, int, int]] = []
    samples = (torch.rand(6, 4, 5) < 0.7).float()
    quant.calibrate(prepared, samples, floats, progress=lambda *call: calls.append(call))
    assert calls == [("1", 0, 2), ("3", 1, 2)]
