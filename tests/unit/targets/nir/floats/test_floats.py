"""Float networks as NIR files: read back whole, and read as any receiver by the specification."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, DoesNotFitError
from neurodeploy.flow.pipeline import check
from neurodeploy.frontend.from_graph import network_of
from neurodeploy.frontend.from_torch import graph_of
from snncore import functional, layer, neuron
from targets.nir import target
from targets.nir.compile import FILE
from targets.nir.foreign.graph import Reading
from targets.nir.foreign.graph import graph_of as foreign_graph_of
from targets.nir.foreign.profiles import PROFILES
from tests.unit.targets.nir.foreign.files import chain, image

DT = 1e-4


def samples(*shape: int) -> Tensor:
    return (torch.rand(20, 3, *shape, generator=torch.Generator().manual_seed(1)) < 0.5).float()


def on_grid(network: nn.Module) -> nn.Module:
    """Put weights on eighths, whose sums round nothing in any order."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randint(-8, 9, parameter.shape, generator=generator) / 8)
    for module in network.modules():
        if isinstance(module, neuron.EquationNeuron):
            module.backend = "torch"
    return network.eval()


def recurrent(*, bias: bool = False, from_start: bool = False) -> nn.Module:
    return layer.Recurrent(neuron.IF(0.5), layer.Linear(6, 6, bias=bias), from_start=from_start)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "dense": (
        lambda: nn.Sequential(
            layer.Linear(4, 6),
            neuron.LIF(4.0, 0.5),
            layer.Linear(6, 6),
            neuron.IF(0.625, strict=True),
            layer.Linear(6, 3),
        ),
        (4,),
    ),
    "images": (
        lambda: nn.Sequential(
            layer.Conv2d(2, 3, 3, padding=1),
            neuron.LIF(2.0, 0.25, strict=True),
            layer.SumPool2d(2),
            layer.Flatten(),
            layer.Linear(27, 4, bias=False),
            neuron.IF(1.0),
        ),
        (2, 6, 6),
    ),
    "groups of oblong kernels": (
        lambda: nn.Sequential(
            layer.Conv2d(4, 6, (3, 1), groups=2, dilation=(2, 1)), neuron.LIF(2.0, 0.25)
        ),
        (4, 7, 6),
    ),
    "loop": (
        lambda: nn.Sequential(layer.Linear(4, 6), recurrent(bias=True, from_start=True)),
        (4,),
    ),
    "delay": (
        lambda: nn.Sequential(
            layer.Linear(4, 6), neuron.IF(0.5), layer.Delay(2), layer.Linear(6, 3)
        ),
        (4,),
    ),
}


def sent(network: nn.Module, x: Tensor) -> Any:
    functional.reset(network)
    with torch.no_grad():
        return network(x).numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_file_is_the_network_and_a_receiver_gets_the_same_bits(
    name: str, tmp_path: Path
) -> None:
    make, shape = NETWORKS[name]
    network, x = on_grid(make()), samples(*shape)
    expected = sent(network, x)
    assert 0 < np.count_nonzero(expected) < expected.size
    graph = graph_of(network, example=x)
    artifact = target.compile_graph(graph)
    assert target.read_graph(artifact) == graph
    assert target.compile_graph(target.read_graph(artifact)).files == artifact.files
    content = artifact.files[FILE]
    received, _ = network_of(foreign_graph_of(content, Reading(PROFILES["spec"], DT)))
    assert (sent(on_receiver(received), x) == expected).all()
    (tmp_path / "some.nir").write_bytes(content)
    assert (sent(on_receiver(nd.convert(tmp_path / "some.nir")), x) == expected).all()


def on_receiver(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, neuron.EquationNeuron):
            module.backend = "torch"
    return network


REFUSED: dict[str, tuple[nn.Module, tuple[int, ...], str]] = {
    "a soft reset": (
        nn.Sequential(layer.Linear(4, 3), neuron.IF(reset="soft")),
        (4,),
        "1: a spike subtracts the threshold",
    ),
    "a max pool": (
        nn.Sequential(layer.Conv2d(2, 3, 3), neuron.IF(), layer.MaxPool2d(2)),
        (2, 6, 6),
        "2: NIR has no primitive for a MaxPool2d",
    ),
    "an oblong kernel": (
        nn.Sequential(layer.Conv2d(2, 2, (3, 2)), neuron.IF()),
        (2, 6, 6),
        "0: a kernel of 3 x 2, and nir 1.0.8 takes every kernel as square",
    ),
    "axes in another order": (
        nn.Sequential(layer.Permute((2, 0, 1)), layer.Conv2d(6, 2, 2), neuron.IF()),
        (2, 6, 6),
        "NIR has no primitive for a Permute",
    ),
    "a late bias": (
        nn.Sequential(layer.Linear(4, 6), recurrent(bias=True)),
        (4,),
        "1.feedback: its bias waits with its sums",
    ),
    "other neurons": (
        nn.Sequential(layer.Linear(4, 3), neuron.QIF()),
        (4,),
        "1: NIR has no primitive for QIF",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_nir_cannot_carry_is_refused_by_name(name: str) -> None:
    network, shape, words = REFUSED[name]
    with pytest.raises(DoesNotFitError, match=words):
        check(graph_of(network, shape=shape), "nir")


def test_an_edited_number_is_seen() -> None:
    make, shape = NETWORKS["dense"]
    artifact = target.compile_graph(graph_of(on_grid(make()), shape=shape))
    image = io.BytesIO(artifact.files[FILE])
    with h5py.File(image, "r+") as file:
        file["node/nodes/1/v_threshold"][0] = 0.75
    edited = replace(artifact, files={FILE: image.getvalue()})
    with pytest.raises(ArtifactError, match="was edited: /node/nodes/1/v_threshold"):
        target.read_graph(edited)
    assert isinstance(edited, Artifact)


def test_receivers_that_would_compute_something_else_are_warned_of() -> None:
    def warned(*parts: nn.Module) -> dict[str, str]:
        graph = graph_of(nn.Sequential(layer.Linear(4, 3), *parts), example=samples(4))
        findings = target.check_graph(graph)[1:]
        return {each.message.split()[0]: each.message for each in findings}

    # sinabs always subtracts the threshold, and Rockpool reads CubaLIF alone.
    inside = warned(neuron.LIF(4.0, decay_input=True))
    assert inside.keys() == {"sinabs", "Rockpool", "Norse"}
    assert inside["Norse"].startswith("Norse 1.1 reads this, and its own export does not write it")
    beside = warned(neuron.LIF(4.0, decay_input=False, strict=True))
    assert beside.keys() == {"sinabs", "Rockpool", "Norse", "SpikingJelly"}
    assert beside["Norse"] == "Norse 1.1 computes other neurons: Norse ignores r (4)"
    assert "fires at the threshold" in beside["SpikingJelly"]
    integrate = warned(neuron.IF())
    assert integrate["snnTorch"] == "snnTorch 1.0 takes an IF with r = 1 only"
    assert "Flatten" in warned(layer.Flatten(), layer.Linear(3, 2), neuron.LIF(4.0))["Norse"]


def any_neurons(rng: np.random.Generator, kind: str, plain: bool) -> dict[str, Any]:
    """Return neurons of NIR with a number for each, or with those that change nothing."""

    def drawn(low: float, high: float) -> Any:
        return rng.uniform(low, high, 3).astype(np.float32)

    numbers = {"r": np.ones(3, np.float32) if plain else drawn(0.5, 3)}
    if kind in ("I", "IF"):
        numbers = {"r": np.full(3, 1e4, np.float32) if plain else drawn(3e3, 2e4)}
    else:
        tau = "tau_mem" if kind.startswith("Cuba") else "tau"
        numbers[tau] = drawn(2e-4, 1e-3)
        numbers["v_leak"] = np.zeros(3, np.float32) if plain else drawn(-0.1, 0.2)
    if kind.startswith("Cuba"):
        numbers |= {"tau_syn": drawn(1e-4, 5e-4), "w_in": drawn(0.5, 2)}
    if kind.endswith("F"):
        reset = np.zeros(3, np.float32) if plain else drawn(-0.2, 0.2)
        numbers |= {"v_threshold": drawn(0.2, 1), "v_reset": reset}
    return {"type": kind, **numbers}


@pytest.mark.parametrize("kind", ["I", "IF", "LI", "LIF", "CubaLI", "CubaLIF"])
def test_what_was_read_by_the_specification_is_written_again(kind: str, full: bool) -> None:
    # Each file is read in a process of its own, twice.
    for seed in range(8 if full else 2):
        rng = np.random.default_rng(seed)
        node = any_neurons(rng, kind, plain=seed % 2 == 0)
        read = foreign_graph_of(image(chain(("n", node))), Reading(PROFILES["spec"], DT)).graph
        content = target.compile_graph(read).files[FILE]
        again = foreign_graph_of(bytes(content), Reading(PROFILES["spec"], DT)).graph
        (one,), (two,) = read.layers, again.layers
        assert one.equations.same_computation(two.equations)
        assert one.parameters.keys() == two.parameters.keys()
        for name, value in one.parameters.items():
            assert (value == two.parameters[name]).all(), name
