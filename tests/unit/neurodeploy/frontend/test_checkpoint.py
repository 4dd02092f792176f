"""Model files: what is saved is loaded, computes the same bits and lowers to the same program."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import OutputError, UnsupportedLayerError
from snncore import functional, layer, learning, neuron, surrogate, training
from tests.unit.networks import KINDS, drawn_network, random_spikes


def block(inputs: int = 4, outputs: int = 4) -> quant.Block:
    result = quant.Block(quant.Linear(inputs, outputs), quant.CubaLIF(0.5))
    with torch.no_grad():
        result.synapse.weight.mul_(3)
    return result


class Named(nn.Module):
    """Layers of any names, and a forward given from outside."""

    def __init__(self, forward: Callable[[nn.Module, Tensor], Tensor], *names: str) -> None:
        super().__init__()
        self.replacement = forward
        for name in names:
            setattr(self, name, block())

    def forward(self, x: Tensor) -> Tensor:
        return self.replacement(self, x)


class Nested(nn.Module):
    """Modules within modules, in a dictionary too, and a skipped layer."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({"a": quant.Linear(4, 4), "lif": quant.CubaLIF(0.25)})
        self.deep = nn.Sequential(nn.Identity(), nn.Sequential(quant.Linear(4, 4)))
        self.last = quant.CubaLIF()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.deep(self.parts["lif"](self.parts["a"](x))) + x)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "a block": block,
    "neurons": lambda: quant.CubaLIF(0.5),
    "a chain": lambda: nn.Sequential(block(), nn.Dropout(0.5), block()),
    "a nested chain": lambda: nn.Sequential(nn.Sequential(block()), nn.Sequential(block())),
    "nested modules": Nested,
    "layers never called": lambda: Named(lambda m, x: m.b(x), "a", "b", "c"),
    "one value twice": lambda: Named(lambda m, x: m.b(x + x), "b"),
    "an input passed on": lambda: nn.Sequential(nn.Dropout(0.5), nn.Identity(), block()),
    "a layer called calls": lambda: Named(lambda m, x: m.b(m.calls(x) + x), "calls", "b"),
    "a layer called add": lambda: Named(lambda m, x: m.add(m.a(x) + x), "a", "add"),
    "a layer called add_1": lambda: Named(lambda m, x: m.add_1(m.a(x) + x + x), "a", "add_1"),
    "layers called in another order": lambda: Named(lambda m, x: m.a(m.b(x)), "a", "b"),
    "a sum in place": lambda: Named(lambda m, x: m.b(m.a(x).add_(x)), "a", "b"),
}


def outputs(network: nn.Module, samples: Tensor) -> Tensor:
    functional.reset(network)
    with torch.no_grad():
        return network.eval()(samples)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_loaded_network_is_the_saved_one(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = NETWORKS[name]()
    samples = random_spikes((4,), 1, 9, 3)
    expected = outputs(network, samples)
    assert expected.sum() > 0
    nd.save(network, tmp_path / "m.pt")
    loaded = nd.load(tmp_path / "m.pt")
    assert not loaded.training
    assert torch.equal(outputs(loaded, samples), expected)
    assert nd.lower(loaded) == nd.lower(network, example=samples)
    # Saved again, it is the same network still.
    nd.save(loaded, tmp_path / "again.pt")
    assert torch.equal(outputs(nd.load(tmp_path / "again.pt"), samples), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_random_networks_are_read_back(kind: str, tmp_path: Path) -> None:
    spikes = 0.0
    for seed in range(6):
        network, shape = drawn_network(kind, seed)
        samples = random_spikes(shape, seed, 6, 2)
        expected = outputs(network, samples)
        nd.save(network, tmp_path / "m.pt", example=samples)
        loaded = nd.load(tmp_path / "m.pt")
        assert torch.equal(outputs(loaded, samples), expected)
        assert nd.lower(loaded) == nd.lower(network, example=samples)
        spikes += float(expected.sum())
    assert spikes > 0


def floats() -> nn.Sequential:
    """Layers of floats, with options that are not their defaults."""
    steep = surrogate.Sigmoid(2.0)
    return nn.Sequential(
        layer.Conv2d(2, 4, (3, 2), (1, 2), (1, 0), (1, 1), 2, bias=False),
        neuron.LIF(3.0, 0.2, decay_input=False, reset="soft", surrogate=steep),
        layer.SumPool2d((2, 1), (1, 1)),
        layer.Flatten(),
        layer.Linear(4 * 5 * 3, 6),
        neuron.IF(0.3, reset="none"),
        nn.Dropout(0.5),
        layer.Linear(6, 3, bias=False),
        neuron.CubaLIF(0.3, current_decay=0.5, voltage_decay=0.25, bias=0.01),
    )


def test_a_network_of_floats_is_read_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = floats()
    samples = torch.rand(7, 3, 2, 6, 6)
    expected = outputs(network, samples)
    assert 0 < expected.mean() < 1
    nd.save(network, tmp_path / "m.pt")
    loaded = nd.load(tmp_path / "m.pt")
    assert torch.equal(outputs(loaded, samples), expected)
    assert repr(loaded) == repr(network)
    assert isinstance(loaded, nn.Sequential)


def stepping() -> nn.Sequential:
    """Layers that run step by step, with chains and further such layers within."""
    inner = layer.Recurrent(neuron.LIF(threshold=0.1), layer.Linear(5, 5))
    chain = nn.Sequential(layer.Linear(5, 5), inner, layer.Delay(1))
    return nn.Sequential(
        layer.Linear(4, 5),
        layer.Recurrent(chain),
        layer.Steps(nn.Sequential(layer.Linear(5, 6), neuron.IF(0.1, step_mode="s"))),
        layer.Recurrent(layer.SynapticFilter(2.0), nn.Sequential(layer.Linear(6, 6))),
    )


def test_layers_that_run_step_by_step_are_read_back(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network, samples = stepping(), torch.rand(6, 2, 4) * 2
    expected = outputs(network, samples)
    assert len(expected.unique()) > 4
    nd.save(network, tmp_path / "m.pt")
    loaded = nd.load(tmp_path / "m.pt")
    assert torch.equal(outputs(loaded, samples), expected)
    assert repr(loaded) == repr(network)


def test_a_layer_of_torch_within_is_named(tmp_path: Path) -> None:
    network = layer.Recurrent(nn.Sequential(nn.Linear(2, 2), neuron.IF()))
    with pytest.raises(UnsupportedLayerError, match="Linear is not a layer that can be saved"):
        nd.save(network, tmp_path / "m.pt")


def test_a_network_of_single_steps_is_read_back(tmp_path: Path) -> None:
    network = nn.Sequential(
        quant.Block(quant.Conv2d(1, 2, 2), quant.CubaLIF(0.25, step_mode="s")),
        layer.Flatten("s"),
        quant.Block(quant.Linear(18, 2), quant.CubaLIF(0.25, step_mode="s")),
    )
    samples = random_spikes((1, 4, 4), 0, 5, 2)
    expected = [network(step) for step in samples]
    nd.save(network, tmp_path / "m.pt")
    loaded = nd.load(tmp_path / "m.pt")
    assert all(torch.equal(loaded(x), y) for x, y in zip(samples, expected, strict=True))
    assert nd.lower(loaded).input.shape == (1, 4, 4)


def test_the_shape_that_was_seen_or_told_is_remembered(tmp_path: Path) -> None:
    def network() -> nn.Module:
        return nn.Sequential(quant.Block(quant.Conv2d(1, 2, 3), quant.CubaLIF()))

    nd.save(network(), tmp_path / "unseen.pt")
    with pytest.raises(nd.NeurodeployError, match="shape of the network's input is not known"):
        nd.lower(nd.load(tmp_path / "unseen.pt"))
    nd.save(network(), tmp_path / "told.pt", example=torch.zeros(1, 1, 1, 6, 5))
    assert nd.lower(nd.load(tmp_path / "told.pt")).input.shape == (1, 6, 5)
    seen = network()
    seen(torch.zeros(2, 1, 1, 7, 4))
    nd.save(seen, tmp_path / "seen.pt")
    assert nd.lower(nd.load(tmp_path / "seen.pt")).input.shape == (1, 7, 4)
    # Dense weights know it by themselves.
    nd.save(block(), tmp_path / "dense.pt")
    assert nd.lower(nd.load(tmp_path / "dense.pt")).input.shape == (4,)


def test_what_cannot_be_loaded_is_not_saved(tmp_path: Path) -> None:
    class Mine(surrogate.Surrogate):
        pass

    with pytest.raises(UnsupportedLayerError, match="ReLU"):
        nd.save(nn.Sequential(block(), nn.ReLU()), tmp_path / "m.pt")
    with pytest.raises(UnsupportedLayerError, match="Mine is a surrogate of your own"):
        nd.save(neuron.IF(surrogate=Mine()), tmp_path / "m.pt")
    with pytest.raises(UnsupportedLayerError, match=r"input: .*rename the layer"):
        nd.save(Named(lambda m, x: m.input(x), "input"), tmp_path / "m.pt")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "m.pt"):
        with pytest.raises(OutputError, match=str(path)):
            nd.save(block(), path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_replaces_the_one_before_it(tmp_path: Path) -> None:
    first, second = block(), block()
    nd.save(first, tmp_path / "m.pt")
    nd.save(second, tmp_path / "m.pt")
    loaded = nd.load(tmp_path / "m.pt")
    assert torch.equal(loaded.synapse.weight, second.synapse.weight)
    assert not torch.equal(loaded.synapse.weight, first.synapse.weight)
    assert [path.name for path in tmp_path.iterdir()] == ["m.pt"]


def test_what_training_made_of_a_network_is_undone_before_it_is_saved(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(layer.Linear(3, 4), layer.BatchNorm1d(4), neuron.LIF(threshold=0.1))
    x = torch.rand(5, 2, 3) * 4
    expected = outputs(network, x)
    assert bool(expected.any())
    training.fuse_norms(network)
    with pytest.raises(UnsupportedLayerError, match=r"2: NormNeuron .*unfuse_norms\(network\)"):
        nd.save(network, tmp_path / "m.pt", example=x)
    training.unfuse_norms(network)
    learning.online(network)
    with pytest.raises(UnsupportedLayerError, match=r"0: TraceSynapse .*offline\(network\)"):
        nd.save(network, tmp_path / "m.pt", example=x)
    nd.save(learning.offline(network), tmp_path / "m.pt", example=x)
    assert torch.equal(outputs(nd.load(tmp_path / "m.pt"), x), expected)
