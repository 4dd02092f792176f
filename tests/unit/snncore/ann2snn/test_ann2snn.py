"""Converted networks: exact where theory says so, near the ANN where it does not."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import ann2snn, encoding, neuron
from snncore.ann2snn.convert import prepared
from snncore.data import digits
from snncore.data.digits import Images
from tests.unit.snncore.ann2snn.networks import Everything, ResNet, accuracy, run, train, warmed


@lru_cache
def images() -> Images:
    """Return the embedded digits; the library that holds them takes seconds to import."""
    return digits()


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    torch.manual_seed(0)
    network = ResNet()
    train(network, images(), 10, 1e-2)
    return network


def test_a_rate_is_a_quantized_clip_of_the_input() -> None:
    x = torch.linspace(-1, 3, 401).reshape(1, -1).double()
    for steps in (1, 3, 8):
        qcfs = ann2snn.QCFS(steps, 1.75).double()
        neurons = ann2snn.RateIF(level=1.75 / 2, drop=1.75)
        assert torch.allclose(run(neurons, x, steps) * 1.75, qcfs(x))


def test_qcfs_has_the_gradient_of_a_clip() -> None:
    x = torch.tensor([-1.0, 0.6, 3.0], requires_grad=True)
    qcfs = ann2snn.QCFS(4, 2.0)
    levels = qcfs(x)
    assert levels.tolist() == [0.0, 0.5, 2.0]
    levels.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 0]
    # Clipped values grow with it; between, by how far the level is off.
    assert qcfs.threshold.grad.item() == pytest.approx(1 + (0.5 - 0.6) / 2)


def test_batch_norms_are_folded_to_the_same_function() -> None:
    torch.manual_seed(0)
    network, x = warmed(Everything(), 2, 8, 8), torch.rand(16, 2, 8, 8)
    folded = prepared(network)
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in folded.modules())
    assert torch.allclose(folded(x), network(x), atol=1e-5)


@pytest.mark.parametrize("channelwise", [True, False])
def test_outputs_approach_those_of_the_network(channelwise: bool) -> None:
    torch.manual_seed(0)
    network, x = warmed(Everything(), 2, 8, 8), torch.rand(16, 2, 8, 8)
    # Pooling spikes would pool rates only where no two neurons share a window.
    network.pool = nn.AvgPool2d(2)
    spiking = ann2snn.convert(network, x, scaling=ann2snn.Largest(), channelwise=channelwise)
    expected = network(x).detach()
    errors = [float((run(spiking, x, t) - expected).norm() / expected.norm()) for t in (8, 64, 512)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.02
    curves = ann2snn.rate_errors(network, spiking, x, 256)
    assert len(curves) == 4
    for curve in curves.values():
        assert curve.shape == (256,)
        assert curve[255] < 0.1 < curve[0]


class Pooled(nn.Module):
    """Max pools in a row behind a ReLU, one of which keeps the size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act = nn.Conv2d(2, 6, 3, padding=1), nn.ReLU()
        self.same, self.smaller = nn.MaxPool2d(3, 1, 1), nn.MaxPool2d(2)
        self.next, self.last, self.dense = nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.smaller(self.same(self.act(self.conv(x))))
        return self.dense(self.last(self.next(x)).flatten(1))


@pytest.mark.parametrize("pool_currents", [True, False])
def test_layers_behind_a_max_pool_have_a_curve_too(pool_currents: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, x = Pooled().eval(), torch.rand(8, 2, 8, 8)
    spiking = ann2snn.convert(network, x, scaling=ann2snn.Largest(), pool_currents=pool_currents)
    curves = ann2snn.rate_errors(network, spiking, x, 128)
    assert curves.keys() == {"act", "last"}
    assert curves["act"][127] < 0.03 < curves["act"][0]
    nd.save(spiking, tmp_path / "m.pt", example=x.unsqueeze(0))
    again = ann2snn.rate_errors(network, nd.load(tmp_path / "m.pt"), x, 128)
    assert all(torch.equal(again[name], curve) for name, curve in curves.items())


def test_what_is_converted_is_binary_and_linear() -> None:
    torch.manual_seed(0)
    network, x = warmed(Everything(), 2, 8, 8), torch.rand(4, 2, 8, 8)
    spiking = ann2snn.convert(network, x)
    kinds = {type(module).__name__ for module in spiking.modules()} - {"Module", "Everything"}
    assert kinds == {"Conv2d", "Linear", "MaxPool2d", "SumPool2d", "Flatten", "RateIF", "Dropout"}
    # The original is as it was.
    assert isinstance(network.norm, nn.BatchNorm2d)


def test_a_max_pool_works_on_currents_or_on_spikes() -> None:
    torch.manual_seed(0)
    network, x = warmed(Everything(), 2, 8, 8), torch.rand(4, 2, 8, 8)
    order = {}
    for pool_currents in (True, False):
        spiking = ann2snn.convert(network, x, pool_currents=pool_currents)
        names = [str(n.target) for n in spiking.graph.nodes if n.op == "call_module"]
        order[pool_currents] = names.index("pool") < names.index("act")
        assert run(spiking, x, 4).isfinite().all()
    assert order == {True: True, False: False}


def test_a_resnet_keeps_its_accuracy(resnet: nn.Module) -> None:
    expected = accuracy(resnet(images().test), images())
    assert expected > 0.97
    for scaling in (ann2snn.LeastSquares(8), ann2snn.Balanced(8)):
        spiking = ann2snn.convert(resnet, images().train[:256], scaling=scaling)
        with torch.no_grad():
            outputs = spiking(encoding.direct(images().test, 32))
        assert expected - accuracy(outputs.mean(0), images()) <= 0.005
        assert expected - accuracy(outputs[:8].mean(0), images()) <= 0.02
    integers = ann2snn.to_integers(spiking)
    assert expected - accuracy(run(integers, images().test, 32), images()) <= 0.005


def test_the_initial_membrane_and_the_scale_matter_at_few_steps(resnet: nn.Module) -> None:
    def at_four(**options: Any) -> float:
        spiking = ann2snn.convert(resnet, images().train[:256], **options)
        return accuracy(run(spiking, images().test, 4), images())

    best = at_four()
    assert best - at_four(half_charged=False) > 0.3
    assert best >= at_four(scaling=ann2snn.Largest(), channelwise=False)


def test_qcfs_is_trained_and_keeps_its_thresholds(resnet: nn.Module) -> None:
    torch.manual_seed(0)
    network = ann2snn.with_qcfs(resnet, levels=4, threshold=2.0)
    count = sum(isinstance(module, ann2snn.QCFS) for module in network.modules())
    assert count == 7
    train(network, images(), 4, 3e-3)
    spiking = ann2snn.convert(network, images().train[:16])
    learned = network.get_submodule("stem.2").threshold.item()
    assert learned != 2.0
    assert torch.allclose(spiking.get_submodule("stem.2").drop, torch.tensor(learned))
    expected = accuracy(network(images().test), images())
    assert expected > 0.95
    assert expected - accuracy(run(spiking, images().test, 8), images()) <= 0.02


def test_integers_are_integers_of_one_unit_a_layer(resnet: nn.Module) -> None:
    spiking = ann2snn.to_integers(ann2snn.convert(resnet, images().train[:64]), bits=6)
    units = 0
    for module in spiking.modules():
        if not hasattr(module, "weight"):
            continue
        largest = float(module.weight.detach().abs().max())
        unit = 2.0 ** -(5 - torch.tensor(largest).log2().floor().long().item() - 1)
        scaled = module.weight / (unit / 32)
        assert torch.equal(scaled, scaled.round())
        units += len(module.weight.unique()) > 8
    assert units > 4
    neurons = [m for m in spiking.modules() if isinstance(m, neuron.Defined)]
    for module in neurons:
        # The level is half the drop, or half a unit below it.
        off = (module.drop / 2 - module.level) / module.drop
        assert bool((off >= 0).all())
        assert bool((off <= 0.5).all())
    assert len(neurons) == 7


def test_a_converted_network_is_saved_and_read_back(resnet: nn.Module, tmp_path: Path) -> None:
    spiking = ann2snn.convert(resnet, images().train[:64])
    x = images().test[:8]
    expected = run(spiking, x, 6)
    nd.save(spiking, tmp_path / "m.pt", example=x.unsqueeze(0))
    assert torch.equal(run(nd.load(tmp_path / "m.pt"), x, 6), expected)


def test_a_chips_grid_changes_nothing_of_integers(resnet: nn.Module) -> None:
    # Chips take spikes, and hand out spikes.
    ends_in_spikes = nn.Sequential(resnet, nn.ReLU()).eval()
    spiking = ann2snn.convert(ends_in_spikes, images().train[:256], steps=16)
    integers = ann2snn.to_integers(spiking)
    assert all(module.config()["reset"] == "soft" for module in neurons_of(integers))
    x = encoding.level(images().test[:60], 16)
    chip = quant.prepare(integers, target="onnx", format="int8", example=x[:1]).eval()
    assert quant.deviations(chip) == {}
    with torch.no_grad():
        expected, spikes = integers(x), chip(x)
    assert 0.01 < expected.mean() < 0.5
    assert torch.equal(spikes, expected)
    rights = (expected.mean(0).argmax(1) == images().test_labels[:60]).float().mean()
    assert rights > 0.9
    # On to the program of integers, whose spikes are the same too.
    program = nd.lower(chip, example=x[:, :2], target="onnx")
    golden = nd.simulate(program, x[:, :2].numpy().astype("int64"), engine="golden")
    assert torch.equal(torch.from_numpy(golden.output).float(), expected[:, :2])


def neurons_of(network: nn.Module) -> list[neuron.Neuron]:
    return [module for module in network.modules() if isinstance(module, neuron.Neuron)]


@pytest.mark.parametrize(("percent", "expected"), [(50.0, 6.0), (89.0, 9.0), (100.0, 10.0)])
def test_a_percentile_is_the_activation_that_so_many_do_not_exceed(
    percent: float, expected: float
) -> None:
    activations = torch.randperm(10, generator=torch.Generator().manual_seed(0)).float() + 1
    thresholds = ann2snn.Percentile(percent).thresholds(activations.reshape(1, -1))
    assert thresholds.tolist() == [expected]


@pytest.mark.parametrize(
    "scaling", [ann2snn.Largest(), ann2snn.Percentile(99.0), ann2snn.LeastSquares(8)]
)
def test_scalings_are_what_they_say(scaling: ann2snn.Scaling) -> None:
    values = torch.rand(3, 2000, generator=torch.Generator().manual_seed(0)).sort(1).values
    values = values * torch.tensor([[1.0], [2.0], [0.0]])
    values[:2, -1] = 5
    thresholds = scaling.thresholds(values)
    assert thresholds.shape == (3,)
    if isinstance(scaling, ann2snn.Largest):
        assert thresholds[:2].tolist() == [5, 5]
    elif isinstance(scaling, ann2snn.Percentile):
        assert torch.allclose(thresholds[:2], torch.tensor([0.99, 1.98]), atol=0.02)
    else:
        # One value of two thousand is not worth the levels of all others.
        assert bool((thresholds[:2] < 4).all())


def test_balancing_finds_a_least_error() -> None:
    values = torch.rand(4, 4000, generator=torch.Generator().manual_seed(0)).square() * 3

    def error(thresholds: Tensor) -> Tensor:
        rates = (
            torch.floor(values * 8 / thresholds[:, None] + 0.5).clamp(max=8)
            * thresholds[:, None]
            / 8
        )
        return (rates - values).square().mean(1)

    balanced = ann2snn.Balanced(8).thresholds(values)
    squares = ann2snn.LeastSquares(8).thresholds(values)
    assert bool((error(balanced) < 1.1 * error(squares)).all())
    assert bool((error(balanced) < 0.95 * error(values.amax(1))).all())


class Odd(nn.Module):
    """A forward given from outside."""

    def __init__(self, forward: Any) -> None:
        super().__init__()
        self.function = forward
        self.layer = nn.Linear(2, 2)
        self.other = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (lambda m, x: m.layer(x) * 2, "mul has no spiking counterpart"),
        (lambda m, x: m.other(m.layer(x)), "other: GELU has no spiking counterpart"),
        (lambda m, x: m.layer(m.layer(x)), "layer: this layer is used twice"),
        (lambda m, x: m.layer(x) if x.sum() > 0 else x, "its forward cannot be traced"),
    ],
)
def test_what_cannot_be_converted_is_named(forward: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ann2snn.convert(Odd(forward), torch.rand(3, 2))


def test_one_relu_may_be_used_many_times() -> None:
    class Reused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.relu = nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.relu(self.b(self.relu(self.a(x))))

    torch.manual_seed(0)
    network, x = Reused(), torch.rand(20, 4)
    spiking = ann2snn.convert(network, x, scaling=ann2snn.Largest())
    # What leaves are spikes, each worth the neurons' drop.
    rates = run(spiking, x, 1000) * neurons_of(spiking)[-1].drop
    assert torch.allclose(rates, network(x), atol=0.02)
