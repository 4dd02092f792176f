"""Models: the papers' sizes, shapes through the layers, and a loss that falls."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from snncore import ann2snn, functional, layer, loss, models, monitor, neuron

# Of the papers' tables in millions; exact numbers are those of the networks they build on.
SIZES: dict[str, tuple[Callable[[], nn.Module], float]] = {
    "spiking_resnet18": (models.spiking_resnet18, 11.689512),
    "spiking_resnet34": (models.spiking_resnet34, 21.797672),
    "spiking_resnet50": (models.spiking_resnet50, 25.557032),
    "spiking_resnet101": (models.spiking_resnet101, 44.549160),
    "spiking_resnet152": (models.spiking_resnet152, 60.192808),
    "sew_resnet18": (models.sew_resnet18, 11.689512),
    "recurrent_sew_resnet18": (models.recurrent_sew_resnet18, 11.689512),
    "sew_resnet34": (models.sew_resnet34, 21.797672),
    "sew_resnet50": (models.sew_resnet50, 25.557032),
    "sew_resnet101": (models.sew_resnet101, 44.549160),
    "sew_resnet152": (models.sew_resnet152, 60.192808),
    "spiking_vgg11": (models.spiking_vgg11, 132.868840),
    "spiking_vgg13": (models.spiking_vgg13, 133.053736),
    "spiking_vgg16": (models.spiking_vgg16, 138.365992),
    "spiking_vgg19": (models.spiking_vgg19, 143.678248),
    "PLIF net for gestures": (models.plif_net, 1.698311),
    # One layer: (700 + 128 + 20) * 128.
    "SHD": (models.SHDNet, 0.108544),
}
ROUNDED: dict[str, tuple[Callable[[], nn.Module], float]] = {
    "Spikformer-8-384": (partial(models.Spikformer, 8, 384), 16.81),
    "Spikformer-6-512": (partial(models.Spikformer, 6, 512), 23.37),
    "Spikformer-8-512": (partial(models.Spikformer, 8, 512), 29.68),
    "Spikformer-10-512": (partial(models.Spikformer, 10, 512), 36.01),
    "Spikformer-8-768": (partial(models.Spikformer, 8, 768, heads=12), 66.34),
    "MS-ResNet-18": (models.ms_resnet18, 11.69),
    "MS-ResNet-34": (models.ms_resnet34, 21.80),
    "MS-ResNet-104": (models.ms_resnet104, 77.28),
    "Spike-driven transformer 8-384": (partial(models.SpikeDrivenTransformer, 8, 384), 16.81),
    "Spike-driven transformer 6-512": (partial(models.SpikeDrivenTransformer, 6), 23.37),
    "Spike-driven transformer 8-512": (models.SpikeDrivenTransformer, 29.68),
    "Spike-driven transformer 10-512": (partial(models.SpikeDrivenTransformer, 10), 36.01),
    "Spike-driven transformer 8-768": (partial(models.SpikeDrivenTransformer, 8, 768), 66.34),
}


# The PLIF paper's table in its own notation: a convolution of 3 x 3 with its norm, a pool of 2 x 2,
# a dense layer without bias; and the images they are for.
STRUCTURES = {
    "mnist": ("c128-MP-c128-MP-FC2048-FC100", (1, 28)),
    "cifar10": ("c256-c256-c256-MP-c256-c256-c256-MP-FC2048-FC100", (3, 32)),
    "nmnist": ("c128-MP-c128-MP-FC2048-FC100", (2, 34)),
    "cifar10dvs": ("c128-MP-c128-MP-c128-MP-c128-MP-FC512-FC100", (2, 128)),
    "dvs128gesture": ("c128-MP-c128-MP-c128-MP-c128-MP-c128-MP-FC512-FC110", (2, 128)),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_plif_nets_have_the_layers_of_the_papers_table(name: str) -> None:
    structure, (channels, size) = STRUCTURES[name]
    leaks = weights = norms = dense = 0
    for part in structure.split("-"):
        if part == "MP":
            size //= 2
            continue
        leaks += 1
        if part.startswith("c"):
            weights += 9 * channels * int(part[1:])
            channels = int(part[1:])
            norms += 2 * channels
        else:
            weights += (dense or channels * size**2) * int(part[2:])
            dense = int(part[2:])
    expected = (weights + norms + leaks) / 1e6
    assert millions(partial(models.plif_net, name)) == pytest.approx(expected, abs=1e-9)


def millions(make: Callable[[], nn.Module]) -> float:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in make().parameters()) / 1e6


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name: str) -> None:
    make, expected = SIZES[name]
    assert millions(make) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ROUNDED)
def test_sizes_that_papers_round(name: str) -> None:
    make, expected = ROUNDED[name]
    assert millions(make) == pytest.approx(expected, abs=0.01)


def test_recurrent_layers_for_speech_have_the_papers_size() -> None:
    """3.9 million, of which the paper counts four numbers a neuron that are one a layer here."""
    make = partial(models.SpeechNet, 20, (1024, 1024), inputs=700, recurrent=True)
    assert round(millions(make), 1) == 3.9


def shapes(network: nn.Module, names: list[str], *size: int) -> list[tuple[int, ...]]:
    with torch.no_grad(), monitor.outputs(network, names=names) as seen:
        network.eval()(torch.rand(*size))
    return [tuple(seen[name][0].shape[2:]) for name in names]


def test_shapes_of_a_resnet() -> None:
    stages = ["maxpool", "layer1", "layer2", "layer3", "layer4"]
    basic = models.spiking_resnet18(5, width=4)
    sizes = shapes(basic, stages, 1, 1, 3, 224, 224)
    assert sizes == [(4, 56, 56), (4, 56, 56), (8, 28, 28), (16, 14, 14), (32, 7, 7)]
    wide = models.sew_resnet50(5, width=4)
    assert shapes(wide, stages[1:], 1, 1, 3, 64, 64)[-1] == (128, 2, 2)
    small = models.spiking_resnet18(5, width=4, small_images=True)
    assert shapes(small, stages[1:], 1, 1, 3, 32, 32)[0] == (4, 32, 32)


def test_recurrent_neurons_see_their_own_spikes() -> None:
    x = 1.5 * torch.randn(6, 3, 5, generator=torch.Generator().manual_seed(0)) + 0.4
    sides = models.RecurrentLIF(), layer.Recurrent(neuron.LIF()), neuron.LIF()
    inputs = [x.clone().requires_grad_() for _ in sides]
    spikes = [each(source) for each, source in zip(sides, inputs, strict=True)]
    assert torch.equal(spikes[0], spikes[1])
    assert not torch.equal(spikes[0], spikes[2])
    for each in spikes:
        (each * torch.linspace(-1, 1, x.numel()).reshape(x.shape)).sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-6, atol=0)


def test_recurrent_networks_go_to_chips(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = models.recurrent_sew_resnet18(4, width=2, channels=2, small_images=True)
    x = (torch.rand(4, 2, 2, 8, 8) < 0.4).float()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, layer.BatchNorm2d) and module.bias is not None:
                # Enough for the deepest neurons to fire.
                module.bias.fill_(1.5)
    prepared = quant.prepare(network.eval(), target="onnx", example=x)
    artifact = nd.export(prepared, target="onnx", path=tmp_path, example=x)
    assert nd.verify(artifact, model=prepared, samples=x, simulator="none").equal
    functional.reset(prepared)
    with torch.no_grad(), monitor.outputs(prepared, names=["layer4.1.neuron"]) as seen:
        prepared(x)
    assert float(seen["layer4.1.neuron"][0].mean()) > 0


def test_names_are_torchvisions() -> None:
    with torch.device("meta"):
        names = dict(models.spiking_resnet50().named_parameters())
    for name, shape in {
        "conv1.weight": (64, 3, 7, 7),
        "bn1.bias": (64,),
        "layer1.0.conv3.weight": (256, 64, 1, 1),
        "layer2.0.downsample.0.weight": (512, 256, 1, 1),
        "layer2.0.downsample.1.weight": (512,),
        "layer4.2.bn3.weight": (2048,),
        "fc.weight": (1000, 2048),
    }.items():
        assert tuple(names[name].shape) == shape


# Neurons that fire from the start, and the images' shape.
EAGER = partial(neuron.LIF, threshold=0.4, detach_reset=True)
SMALL = {"width": 8, "channels": 1, "small_images": True, "neuron": EAGER}
VGG = {"channels": 1, "width": 8, "hidden": 32, "grid": 1, "dropout": 0.0, "neuron": EAGER}
TINY: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "CSNN": (partial(models.CSNN, 4, width=8, size=8), (1, 8, 8)),
    "Spiking ResNet": (partial(models.spiking_resnet18, 4, **SMALL), (1, 16, 16)),
    "SEW ResNet of bottlenecks": (partial(models.sew_resnet50, 4, **SMALL), (1, 8, 8)),
    "SEW ResNet, add": (partial(models.sew_resnet18, 4, "add", **SMALL), (1, 16, 16)),
    "SEW ResNet, and": (partial(models.sew_resnet18, 4, "and", **SMALL), (1, 16, 16)),
    "SEW ResNet, iand": (partial(models.sew_resnet18, 4, "iand", **SMALL), (1, 16, 16)),
    "VGG": (partial(models.spiking_vgg11, 4, **VGG), (1, 32, 32)),
    "PLIF net": (partial(models.plif_net, "nmnist", width=8, hidden=32), (2, 34, 34)),
    "QKFormer": (
        partial(models.QKFormer, (1, 1), 16, 4, channels=1, heads=2, neuron=EAGER),
        (1, 32, 32),
    ),
    "Spikformer": (
        partial(models.Spikformer, 1, 16, 4, channels=1, heads=2, neuron=EAGER),
        (1, 32, 32),
    ),
    "MS-ResNet": (
        partial(models.MSResNet, (1, 1), 4, width=8, channels=1, small_images=True),
        (1, 8, 8),
    ),
    "Spike-driven transformer": (
        partial(models.SpikeDrivenTransformer, 1, 16, 4, channels=1, neuron=EAGER),
        (1, 32, 32),
    ),
    "SHD": (partial(models.SHDNet, 4, inputs=16, hidden=12), (16,)),
    "speech": (
        partial(models.SpeechNet, 4, (12, 12), inputs=16, recurrent=True, dropout=0.0),
        (16,),
    ),
}


@pytest.mark.parametrize("name", TINY)
def test_a_few_steps_of_training_lower_the_loss(name: str) -> None:
    make, shape = TINY[name]
    torch.manual_seed(0)
    network, labels = make(), torch.arange(8) % 4
    x = torch.rand(8, *shape).expand(4, -1, *[-1] * len(shape))
    optimizer = torch.optim.Adam(network.parameters(), 3e-2 if name == "PLIF net" else 1e-2)
    losses = []
    for _ in range(14):
        functional.reset(network)
        value = loss.rate_cross_entropy(network(x), labels)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert min(losses[-2:]) < 0.75 * losses[0]
    missing = [name for name, p in network.named_parameters() if p.grad is None]
    assert missing == []


@pytest.mark.parametrize("name", TINY)
def test_models_are_saved_and_read_back(name: str, tmp_path: Path) -> None:
    make, shape = TINY[name]
    torch.manual_seed(0)
    network, x = make().eval(), torch.rand(6, 2, *shape) * 4
    # A network that has learnt nothing is silent.
    for module in network.modules():
        if isinstance(module, layer.Linear | layer.Conv2d):
            module.weight.detach().add_(0.005).mul_(3)
    expected = network(x)
    assert len(expected.unique()) > 1
    nd.save(network, tmp_path / "m.pt", example=x)
    loaded = nd.load(tmp_path / "m.pt")
    assert torch.equal(loaded(x), expected)
    assert loaded.state_dict().keys() == network.state_dict().keys()


@pytest.mark.parametrize("name", TINY)
def test_step_by_step_is_layer_by_layer(name: str) -> None:
    make, shape = TINY[name]
    torch.manual_seed(0)
    network = make().eval()
    x = torch.round(torch.rand(5, 2, *shape) * 64) / 16
    # Sums of such numbers are exact, however many steps a product takes at once.
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, layer.Linear | layer.Conv2d):
                module.weight.copy_(torch.round(module.weight * 256) / 256)
    whole = network(x)
    functional.reset(network)
    functional.set_step_mode(network, "s")
    assert torch.equal(torch.stack([network(step) for step in x]), whole)


def test_attention_is_the_formula() -> None:
    torch.manual_seed(0)
    attention = models.SpikingSelfAttention(6, heads=2).eval()
    x = (torch.rand(3, 2, 6, 4, 5) < 0.5).float() * 3
    with monitor.outputs(attention) as spikes, monitor.inputs(attention, names=["fire"]) as sums:
        attention(x)
    q, k, v = (spikes[f"{part}.2"][0] for part in ("query", "key", "value"))
    assert all(0 < part.mean() < 1 for part in (q, k, v))
    expected = torch.zeros_like(x)
    for head in (slice(0, 3), slice(3, 6)):
        weights = torch.einsum("tnchw,tncij->tnhwij", q[:, :, head], k[:, :, head])
        expected[:, :, head] = torch.einsum("tnhwij,tncij->tnchw", weights, v[:, :, head]) / 8
    assert torch.allclose(sums["fire"][0], expected, atol=1e-6)


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="no depth 20; there are 18, 34"):
        models.ResNet(20)
    with pytest.raises(ValueError, match="no depth 12"):
        models.VGG(12)
    with pytest.raises(ValueError, match="nothing for 'x'; there are mnist"):
        models.plif_net("x")
    with pytest.raises(ValueError, match="a width of 12"):
        models.SpikeDrivenTransformer(1, 12)
    with pytest.raises(ValueError, match="one or more in each stage"):
        models.MSResNet((2, 0))
    with pytest.raises(ValueError, match="no hidden layer"):
        models.SpeechNet(4, ())
    with pytest.raises(ValueError, match="4 heads do not divide 6"):
        models.SpikingSelfAttention(6, 4)


def test_a_conversion_of_a_resnet_of_relus_has_the_models_layers() -> None:
    torch.manual_seed(0)
    make = partial(models.spiking_resnet18, 4, width=4, channels=1, small_images=True)
    relus = make(neuron=lambda **_: nn.ReLU())
    functional.set_step_mode(relus, "s")
    spiking = ann2snn.convert(relus, torch.rand(2, 1, 8, 8))
    fired = [name for name, m in spiking.named_modules() if isinstance(m, neuron.Neuron)]
    own = [name for name, m in make().named_modules() if isinstance(m, neuron.Neuron)]
    assert sorted(fired) == sorted(own)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (partial(models.spiking_vgg11, size=31), "leave nothing of images of 31 x 31"),
        (partial(models.spiking_vgg11, size=64, grid=7), r"grid of 7 x 7 does not divide \(grid=1"),
        (partial(models.CSNN, size=3), "leave nothing of images of 3 x 3"),
    ],
)
def test_an_image_that_does_not_fit_is_refused_when_the_model_is_built(
    make: Callable[[], nn.Module], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(("size", "grid"), [(32, 1), (64, 2), (224, 7), (256, 4), (448, 7)])
def test_vgg_chooses_a_grid_that_divides_the_images(size: int, grid: int) -> None:
    network = models.spiking_vgg11(4, size=size, width=1, hidden=4)
    assert network.avgpool.output_size == (grid, grid)
