"""Float networks on a chip's grid: every layer, what is refused, and that nothing else changes."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.program.ranges import ranges
from neurodeploy.report import Status
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron
from tests.unit.quant.grid.test_formats import traces

TARGETS = ("loihi", "lynxi", "shift16", "int4", "int8", "onnx")


class Residual(nn.Module):
    """Every layer that can be quantized: norms, sums of both kinds, pools, a dropout."""

    def __init__(self, pool: nn.Module | None = None) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(1, 6, 3, padding=1, bias=False)
        self.bn1, self.lif1 = layer.BatchNorm2d(6), neuron.LIF()
        self.conv2 = layer.Conv2d(6, 6, 3, padding=1)
        self.bn2, self.lif2 = layer.BatchNorm2d(6), neuron.LIF(tau=4.0, decay_input=False)
        self.mean, self.lif3 = layer.AvgPool2d(2), neuron.IF()
        self.pool = pool or layer.SumPool2d(1)
        self.all, self.flat = layer.AdaptiveAvgPool2d(1), layer.Flatten()
        self.drop, self.dense, self.lif4 = nn.Dropout(0.2), layer.Linear(6, 5), neuron.IF(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        x = self.lif1(self.bn1(self.conv1(x)))
        x = self.lif2(self.bn2(self.conv2(x)) + x)
        x = self.all(self.pool(self.lif3(self.mean(x))))
        spikes: Tensor = self.lif4(self.drop(self.dense(self.flat(x))))
        return spikes


def samples() -> Tensor:
    return (torch.rand(7, 3, 1, 8, 8, generator=torch.Generator().manual_seed(0)) < 0.5).float()


def trained(pool: nn.Module | None = None) -> nn.Module:
    """Return a network whose norms have statistics and whose neurons spike."""
    torch.manual_seed(0)
    network = Residual(pool)
    with torch.no_grad():
        network.dense.weight.mul_(8.0)
        network.dense.bias.uniform_(0, 0.4)
        for norm in (network.bn1, network.bn2):
            norm.weight.fill_(3.0)
            norm.momentum = 0.8
    for _ in range(3):
        network(samples() * 1.0)
        functional.reset(network)
    return network.eval()


def chain(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


def spikes_of(network: nn.Module, x: Tensor) -> Tensor:
    functional.reset(network)
    with torch.no_grad():
        spikes: Tensor = network(x)
    functional.reset(network)
    return spikes


@pytest.mark.parametrize("target", TARGETS)
def test_every_layer_is_exact_and_near(target: str) -> None:
    network = trained(layer.MaxPool2d(2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    prepared = quant.prepare(network, target=target, example=samples())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    golden, others = traces(prepared.eval(), samples())
    for name, other in others.items():
        assert compare(name, golden, other, 0.0).status == Status.EQUAL, name
    assert all(golden[name].s.sum() > 20 for name in golden)
    floats, grid = spikes_of(network, samples()), spikes_of(prepared, samples())
    assert floats.sum() > 20
    assert float((floats != grid).float().mean()) < 0.3


def test_sixteen_bits_are_the_floats() -> None:
    network = trained(layer.MaxPool2d(2))
    prepared = quant.prepare(network, target="int16", example=samples()).eval()
    assert torch.equal(spikes_of(prepared, samples()), spikes_of(network, samples()))


@pytest.mark.parametrize("scale", ["fixed", "learned"])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("form", ["int4", "loihi"])
def test_what_is_frozen_is_the_same_program(
    form: str, scale: str, per_channel: bool, tmp_path: Path
) -> None:
    network = trained(nn.Identity())
    options = {"scale": scale, "per_channel": per_channel}
    grid = quant.chip_format(form)
    prepared = quant.prepare(network, target=grid, example=samples(), **options)
    with torch.no_grad():
        for name, value in prepared.named_parameters():
            if name.endswith("log2"):
                value.add_(torch.linspace(-0.7, 0.7, value.numel()).reshape(value.shape))
    prepared.eval()
    program = nd.lower(prepared, example=samples())
    frozen = quant.freeze(prepared)
    assert not any(isinstance(module, layer.BatchNorm) for module in frozen.modules())
    assert not any(value.requires_grad for value in frozen.parameters())
    assert nd.lower(frozen, example=samples()) == program
    assert torch.equal(spikes_of(frozen, samples()), spikes_of(prepared, samples()))
    for kept in (prepared, frozen):
        nd.save(kept, tmp_path / "model.pt", example=samples())
        assert nd.lower(nd.load(tmp_path / "model.pt"), example=samples()) == program


def test_a_norm_is_folded_while_it_learns_and_gone_without_a_changed_bit() -> None:
    prepared = quant.prepare(trained(), target="int8", example=samples()).train()
    norm = prepared.get_submodule("lif1.norm")
    mean = norm.running_mean.clone()
    prepared(samples()).sum().backward()
    assert not torch.equal(norm.running_mean, mean)
    assert all(p.grad is not None for p in prepared.get_submodule("lif1").parameters())
    functional.reset(prepared)
    for module in prepared.modules():
        if isinstance(module, layer.BatchNorm):
            module.frozen = True
    mean = norm.running_mean.clone()
    spikes = prepared(samples())
    functional.reset(prepared)
    assert torch.equal(norm.running_mean, mean)
    assert torch.equal(spikes, spikes_of(quant.freeze(prepared), samples()))
    assert spikes.sum() > 20


def test_what_a_chip_does_otherwise_is_said() -> None:
    network = chain(layer.Linear(4, 3), neuron.LIF(tau=3.0, reset="soft"), neuron.IF())
    deviations = quant.deviations(quant.prepare(network, target="loihi"))
    assert deviations == {
        "1.neuron": (
            "a decay of 0.33333 becomes 0.33325",
            "a soft reset becomes a hard one",
        )
    }
    assert quant.deviations(quant.prepare(network, target="lynxi")) == {
        "1.neuron": ("a decay of 0.3333 becomes 0.25",)
    }


@pytest.mark.parametrize("target", ["loihi", "int8"])
@pytest.mark.parametrize("strict", [False, True])
def test_firing_at_a_threshold_and_above_it_agree(target: str, strict: bool) -> None:
    network = chain(layer.Linear(1, 1, bias=False), neuron.IF(1.0, strict=strict))
    with torch.no_grad():
        network[0].weight.fill_(0.5)
    x = torch.ones(7, 1, 1)
    prepared = quant.prepare(network, target=target)
    assert spikes_of(prepared, x).reshape(-1).tolist() == spikes_of(network, x).reshape(-1).tolist()


def test_current_based_neurons_and_learned_leaks_are_taken() -> None:
    network = chain(
        layer.Linear(4, 3),
        neuron.CubaLIF(0.5, voltage_decay=0.25),
        layer.Linear(3, 2),
        neuron.ParametricLIF(),
    )
    for target in ("loihi", "lynxi", "int8"):
        prepared = quant.prepare(network, target=target)
        names = {name for name, _ in prepared.named_parameters()}
        assert any(name.startswith("3.neuron.") and name.endswith("decay") for name in names)
        nd.lower(prepared, example=torch.zeros(1, 1, 4))


def test_what_pools_add_up_stays_within_what_a_format_allows() -> None:
    torch.manual_seed(0)
    network = chain(
        layer.Conv2d(1, 4, 3),
        neuron.IF(),
        layer.AvgPool2d(3),
        layer.Flatten(),
        layer.Linear(36, 3),
        neuron.IF(),
    )
    with torch.no_grad():
        network[4].weight.mul_(300.0)
    example = torch.zeros(1, 1, 1, 11, 11)
    prepared = quant.prepare(network, target="lynxi", example=example)
    limit = quant.chip_format("lynxi").fan_in
    assert 0.8 * limit < quant.largest_sums(prepared)["5"] <= limit
    program = nd.lower(prepared, example=example)
    values = ranges(program).values["5.synapse"]
    assert values.largest() <= limit
    assert nd.lower(quant.freeze(prepared), example=example) == program
    with pytest.raises(ValueError, match="largest_input: 0 is not a count"):
        quant.Linear(1, 1, largest_input=0)


class TwoReaders(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.one, self.two = layer.Conv2d(1, 1, 1), neuron.IF(), neuron.IF()

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        spikes: Tensor = self.one(y) + self.two(y)
        return spikes


class Halved(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.own = layer.Conv2d(1, 1, 1), neuron.IF()

    def forward(self, x: Tensor) -> Tensor:
        spikes: Tensor = self.own(0.5 * self.conv(x))
        return spikes


class Branching(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


WRONG: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    "an activation": (
        lambda: chain(layer.Linear(2, 2), nn.ReLU(), neuron.IF()),
        "int8",
        "1: torch.nn.ReLU has no",
    ),
    "a layer that hides others": (
        lambda: chain(layer.Steps(nn.Linear(2, 2)), neuron.IF()),
        "int8",
        "0: Steps has no",
    ),
    "a product": (Halved, "int8", "conv: mul reads its sums, which no chip can"),
    "weights after weights": (
        lambda: chain(layer.Linear(2, 2), layer.Linear(2, 2), neuron.IF()),
        "int8",
        "1: reads 0 with no neurons between",
    ),
    "sums that are moved": (
        lambda: chain(layer.Linear(2, 2), layer.Permute((0,)), neuron.IF()),
        "int8",
        "1: reads 0 with no neurons between them, and only spikes are moved .*that 0 drives",
    ),
    "a norm of spikes": (
        lambda: chain(neuron.IF(), layer.BatchNorm2d(1), neuron.IF()),
        "int8",
        "1: a batch norm that follows no weights",
    ),
    "two readers": (TwoReaders, "int8", "conv: neurons and something else read it"),
    "a branch": (Branching, "int8", "Branching: its forward cannot be traced"),
    "another neuron": (
        lambda: chain(layer.Linear(2, 2), neuron.EIF()),
        "shift16",
        "1: EIF has no near neuron on shift16",
    ),
    "a current": (
        lambda: chain(layer.Linear(2, 2), neuron.CubaLIF(current_decay=0.5)),
        "lynxi",
        "1: lynxi has no neurons with a current",
    ),
    "an unknown target": (
        lambda: chain(layer.Linear(2, 2), neuron.IF()),
        "abacus",
        "no format 'aba",
    ),
    "an image of unknown size": (
        lambda: chain(neuron.IF(), layer.AdaptiveAvgPool2d(1), neuron.IF()),
        "int8",
        "1: the size of its image is not known",
    ),
    "a padded mean": (
        lambda: chain(neuron.IF(), layer.AvgPool2d(2, padding=1), neuron.IF()),
        "int8",
        "1: a padded mean is not a sum",
    ),
    "a threshold of zero": (
        lambda: chain(layer.Linear(2, 2), neuron.IF(0.0)),
        "int8",
        "1: the chip needs a threshold above zero",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_has_no_place_is_named(name: str) -> None:
    make, target, words = WRONG[name]
    with pytest.raises(ValueError, match=words):
        quant.prepare(make(), target=target)


def test_an_example_that_the_network_does_not_take_is_refused() -> None:
    network = chain(layer.Linear(4, 2), neuron.IF())
    with pytest.raises(ValueError, match=r"example: the network does not take \(3, 1, 5\): "):
        quant.prepare(network, target="int8", example=torch.zeros(3, 1, 5))


def test_a_weight_that_is_no_number_is_named() -> None:
    network = chain(layer.Linear(2, 2), neuron.IF())
    with torch.no_grad():
        network[0].weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="1: a weight is NaN or infinite"):
        quant.prepare(network, target="int8")


def test_calibration_comes_nearer_and_says_what_it_did() -> None:
    network = trained(layer.MaxPool2d(2))
    prepared = quant.prepare(network, target="int3", example=samples()).eval()
    wanted = spikes_of(network, samples())
    before = float((spikes_of(prepared, samples()).mean(0) - wanted.mean(0)).abs().mean())
    report = quant.calibrate(prepared, samples(), network)
    after = float((spikes_of(prepared, samples()).mean(0) - wanted.mean(0)).abs().mean())
    assert after < before
    assert [entry.name for entry in report.layers] == ["lif1", "lif2", "lif3", "lif4"]
    for entry in report.layers:
        assert entry.float_rate > 0
        assert 0 <= entry.clipped < 0.5
    assert 0.01 < report.layers[0].error < 0.5
    golden, others = traces(prepared, samples())
    assert compare("x", golden, others["training"], 0.0).status == Status.EQUAL


@pytest.mark.parametrize(
    "bad", [torch.zeros(0, 1, 4), torch.full((1, 1, 4), float("nan")), torch.zeros(2, 1, 5)]
)
def test_calibration_refuses_what_are_no_samples(bad: Tensor) -> None:
    network = chain(layer.Linear(4, 3), neuron.IF())
    prepared = quant.prepare(network, target="int8")
    with pytest.raises(ValueError, match="samples: "):
        quant.calibrate(prepared, bad, network)
