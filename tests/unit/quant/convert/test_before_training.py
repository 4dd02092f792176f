"""Prepare refuses what a target cannot take whatever the weights are, and nothing else."""

import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.flow.post_training import quantized
from quant.convert.checks import GROUP
from snncore import layer, neuron
from targets.loihi.chip.chips import CHIPS

FORMATS = {"loihi": "loihi", "lynxi": "lynxi", "onnx": "int8"}


class Skip(nn.Module):
    """Plain spikes beside weights, or weights beside weights."""

    def __init__(self, weights: bool) -> None:
        super().__init__()
        self.first = nn.Sequential(layer.Conv2d(1, 2, 3, padding=1), neuron.LIF())
        self.inner = layer.Conv2d(2, 2, 3, padding=1)
        self.beside = layer.Conv2d(2, 2, 1) if weights else nn.Identity()
        self.last = neuron.LIF()

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        x = self.first(x)
        spikes: Tensor = self.last(self.inner(x) + self.beside(x))
        return spikes


class FlatTooEarly(nn.Module):
    """A flatten that takes the samples of a batch for one."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = neuron.LIF(), nn.Sequential(layer.Linear(64, 2), neuron.LIF())

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        spikes: Tensor = self.last(self.first(x).flatten(1, -1).unflatten(1, (1, 64)))
        return spikes


def conv(channels: int = 2) -> list[nn.Module]:
    return [layer.Conv2d(1, channels, 3, padding=1), neuron.LIF()]


def dense(inputs: int) -> list[nn.Module]:
    return [layer.Flatten(), layer.Linear(inputs, 3), neuron.LIF()]


def chain(*parts: nn.Module) -> nn.Module:
    return nn.Sequential(*parts)


# Networks for images (1, 8, 8), and whether Loihi, Lynxi and ONNX take them.
NETWORKS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "dense": (lambda: chain(*dense(64)), "loihi lynxi onnx"),
    "convolutions": (lambda: chain(*conv(), *dense(128)), "loihi lynxi onnx"),
    "batch norms": (
        lambda: chain(layer.Conv2d(1, 2, 3), layer.BatchNorm2d(2), neuron.LIF(), *dense(72)),
        "loihi lynxi onnx",
    ),
    "a mean before weights": (
        lambda: chain(*conv(), layer.AvgPool2d(2), nn.Dropout(), *dense(32)),
        "loihi lynxi onnx",
    ),
    "a mean before neurons": (
        lambda: chain(*conv(), layer.AvgPool2d(2), neuron.LIF(), *dense(32)),
        "loihi lynxi onnx",
    ),
    "a mean of all": (
        lambda: chain(*conv(), layer.AdaptiveAvgPool2d(1), *dense(2)),
        "loihi lynxi onnx",
    ),
    "a mean before a padded kernel": (
        lambda: chain(
            *conv(), layer.AvgPool2d(3, 1), layer.Conv2d(2, 2, 3, padding=1), *conv()[1:]
        ),
        "",
    ),
    "a max pool": (lambda: chain(*conv(), layer.MaxPool2d(2), *dense(32)), "loihi lynxi onnx"),
    "neurons behind neurons": (
        lambda: chain(*conv(), neuron.LIF(), *dense(128)),
        "loihi lynxi onnx",
    ),
    "a skip": (lambda: Skip(False), "loihi lynxi onnx"),
    "a branch": (lambda: Skip(True), "loihi lynxi onnx"),
    "recurrent": (
        lambda: chain(
            layer.Flatten(),
            layer.Linear(64, 4),
            layer.Recurrent(neuron.LIF(), layer.Linear(4, 4, bias=False)),
        ),
        "loihi onnx",
    ),
    "a delay": (
        lambda: chain(layer.Flatten(), layer.Delay(3), layer.Linear(64, 3), neuron.LIF()),
        "loihi onnx",
    ),
    "a delay beyond 62 steps": (
        lambda: chain(layer.Flatten(), layer.Delay(63), layer.Linear(64, 3), neuron.LIF()),
        "onnx",
    ),
    "a delay before recurrent weights": (
        lambda: chain(
            layer.Flatten(),
            layer.Delay(1),
            layer.Linear(64, 4),
            layer.Recurrent(neuron.LIF(), layer.Linear(4, 4, bias=False)),
        ),
        "onnx",
    ),
    "a pool before a delay": (
        lambda: chain(*conv(), layer.AvgPool2d(2), layer.Delay(1), *dense(32)),
        "onnx",
    ),
    "a delay before a pool": (
        lambda: chain(*conv(), layer.Delay(1), layer.AvgPool2d(2), *dense(32)),
        "loihi onnx",
    ),
    "a delay before a kernel": (lambda: chain(layer.Delay(1), *conv()), ""),
    "more groups than fit 8 bits": (
        lambda: chain(*conv(160), layer.AvgPool2d(2), neuron.LIF(), *dense(160 * 16)),
        "lynxi onnx",
    ),
    "a soft reset": (
        lambda: chain(layer.Flatten(), layer.Linear(64, 3), neuron.LIF(reset="soft")),
        "loihi lynxi onnx",
    ),
}


def example() -> Tensor:
    return (torch.rand(4, 2, 1, 8, 8) < 0.5).float()


def accepted(network: nn.Module, target: str | quant.ChipFormat) -> nn.Module | None:
    try:
        return quant.prepare(network, target=target, example=example())
    except ValueError:
        return None


def exported(network: nn.Module, target: str, folder: Path) -> bool:
    try:
        nd.export(network, target=target, path=folder, example=example())
    except nd.NeurodeployError:
        return False
    return True


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("name", NETWORKS)
def test_prepare_accepts_what_export_accepts(name: str, target: str, tmp_path: Path) -> None:
    make, takers = NETWORKS[name]
    torch.manual_seed(3)
    network = make().eval()
    taken = target in takers.split()
    assert (accepted(network, target) is not None) == taken
    # The same network on the same grid, of which nobody asked the target.
    unasked = accepted(network, quant.chip_format(FORMATS[target]))
    if unasked is not None:
        assert exported(unasked, target, tmp_path / "out") == taken
    else:
        assert not taken


def test_both_verdicts_were_seen() -> None:
    verdicts = [takers.split() for _, takers in NETWORKS.values()]
    for target in FORMATS:
        assert 2 <= sum(target in each for each in verdicts) <= len(verdicts) - 2


@pytest.mark.parametrize(
    ("name", "target", "words"),
    [
        ("a pool before a delay", "loihi", r"fit loihi: 2: no weights .* a delay before the pool"),
        (
            "a pool before a delay",
            "lynxi",
            r"fit lynxi: 6\.synapse\.delays: .*leave the delays",
        ),
        ("a delay", "lynxi", r"fit lynxi: 3\.synapse\.delays: .*leave the delays out"),
        ("recurrent", "lynxi", "fit lynxi: 2.feedback: reads 2 1 steps late"),
        ("a delay beyond 62 steps", "loihi", "63 steps are more than the 62"),
    ],
)
def test_the_layer_and_a_remedy_are_named(name: str, target: str, words: str) -> None:
    with pytest.raises(DoesNotFitError, match=words):
        quant.prepare(NETWORKS[name][0](), target=target, example=example())


# Each is refused by an export as it is, and by none once it has been trained.
VALUES: dict[str, tuple[str, Callable[[nn.Module], None]]] = {
    "weights of zero": ("loihi", lambda network: network[1].weight.zero_()),
    "no weight above zero, and the lowest a power of two": (
        "loihi",
        lambda network: network[1].weight.fill_(-0.5),
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_training_can_change_is_no_reason(name: str, tmp_path: Path) -> None:
    target, spoil = VALUES[name]
    torch.manual_seed(0)
    network = nn.Sequential(layer.Flatten(), layer.Linear(64, 3, bias=False), neuron.LIF())
    with torch.no_grad():
        spoil(network)
    prepared = quant.prepare(network, target=target, example=example())
    assert not exported(prepared, target, tmp_path / "before")
    with torch.no_grad():
        prepared.get_submodule("2.synapse").weight.normal_()
    assert exported(prepared, target, tmp_path / "after")


def test_sums_beyond_the_accumulators_are_no_reason() -> None:
    network = nn.Sequential(layer.Conv2d(1, 2, 7), neuron.LIF())
    with torch.no_grad():
        network[0].weight.fill_(1.0)
    narrow = quant.chip_format("int8").to_json() | {"name": "narrow", "kernel_bits": 10}
    form = quant.ChipFormat.from_json(narrow)
    prepared = quant.prepare(network, target="onnx", format=form, example=example())
    with pytest.raises(nd.NeurodeployError, match="a sum may reach"):
        nd.lower(prepared, example=example())


def test_a_layer_that_no_chip_has_room_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    network = nn.Sequential(layer.Conv2d(1, 128, 1), neuron.LIF())
    wide = torch.zeros(1, 1, 1, 128, 128)
    assert quant.prepare(network, target="loihi", example=wide) is not None
    alone = tuple(replace(chip, boards=()) for chip in CHIPS)
    monkeypatch.setattr("targets.loihi.check.CHIPS", alone)
    with pytest.raises(DoesNotFitError, match=r"fit loihi: 1: takes 2048 of the 2048 cores"):
        quant.prepare(network, target="loihi", example=wide)


def test_a_shape_that_nobody_knows_leaves_the_check_to_the_export() -> None:
    network = NETWORKS["a pool before a delay"][0]()
    assert quant.prepare(network, target="loihi") is not None
    flat = nn.Sequential(layer.Linear(4, 4), neuron.LIF(), layer.Delay(1), *dense(4)[1:])
    with pytest.raises(DoesNotFitError, match="fit lynxi: "):
        quant.prepare(flat, target="lynxi")


def test_a_format_is_no_target() -> None:
    network = NETWORKS["a pool before a delay"][0]()
    for target in ("int8", "shift16", quant.chip_format("loihi")):
        assert accepted(network, target) is not None, target


def test_another_grid_is_checked_for_the_target() -> None:
    with pytest.raises(DoesNotFitError, match=r"fit loihi: 2: Loihi's neuron is CUBA LIF"):
        quant.prepare(chain(*dense(64)), target="loihi", format="int8", example=example())


def test_the_network_is_left_as_it_was() -> None:
    network = chain(layer.Conv2d(1, 2, 3), layer.BatchNorm2d(2), neuron.LIF(), *dense(72)).train()
    torch.manual_seed(1)
    with torch.no_grad():
        network[0].weight.zero_()
    prepared = quant.prepare(network, target="loihi", example=example())
    unasked = quant.prepare(network, target=quant.chip_format("loihi"), example=example())
    assert prepared.training
    for (name, one), other in zip(
        prepared.state_dict().items(), unasked.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name


def test_quantize_says_so_before_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("it was fitted")

    monkeypatch.setattr(quant, "calibrate", never)
    with pytest.raises(DoesNotFitError, match="fit loihi: 2: no weights"):
        quantized(NETWORKS["a pool before a delay"][0](), target="loihi", samples=example().numpy())


def test_the_door_is_an_entry_point() -> None:
    """Whoever sees this fail has metadata of before: install the project again."""
    assert "neurodeploy" in {entry.name for entry in entry_points(group=GROUP)}


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, source: str) -> None:
    """Put a distribution with a check into the path."""
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{module} = {module}:check\n")
    monkeypatch.syspath_prepend(folder)


def test_a_check_of_a_third_party_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "asked = []\n"
        "def check(network, example, target):\n"
        "    asked.append(target)\n"
        "    if target == 'shift16':\n"
        "        raise ValueError('0: my chip has no room')\n"
    )
    install(tmp_path, monkeypatch, "my_check", source)
    network = chain(layer.Linear(4, 3), neuron.IF(reset="soft"))
    assert isinstance(quant.prepare(network, target="int8"), nn.Module)
    with pytest.raises(ValueError, match="0: my chip has no room"):
        quant.prepare(network, target="shift16")
    assert sys.modules["my_check"].asked == ["int8", "shift16"]


def test_a_broken_check_is_a_warning_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "bad_check", "import no_such_package\n")
    with pytest.warns(UserWarning, match=r"check bad_check is broken: ModuleNotFoundError"):
        prepared = quant.prepare(chain(layer.Linear(4, 3), neuron.IF()), target="int8")
    assert isinstance(prepared, nn.Module)
