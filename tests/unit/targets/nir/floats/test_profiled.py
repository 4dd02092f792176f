"""Networks that were read by a framework's profile, written again as that framework reads them."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import nn

from neurodeploy.errors import (
    ArtifactError,
    DoesNotFitError,
    NeurodeployError,
    SimulatorScopeError,
    UnsupportedLayerError,
    ValidationError,
)
from neurodeploy.frontend.from_graph import network_of
from neurodeploy.frontend.from_torch import graph_of
from neurodeploy.graph import Graph
from neurodeploy.target import Severity
from snncore import layer, neuron
from snncore.dynamics.zoo.spiking import Reset
from targets.nir import target
from targets.nir.compile import FILE
from targets.nir.foreign.graph import Reading
from targets.nir.foreign.graph import graph_of as foreign_graph_of
from targets.nir.foreign.profiles import PROFILES
from tests.unit.targets.nir.foreign.files import F, affine, chain, graph, image, numbers, ones

DT = 1e-4
FRAMEWORKS = [name for name in PROFILES if name != "spec"]


def read_by(profile: str, content: bytes, **choices: Any) -> Graph:
    foreign = foreign_graph_of(content, Reading(PROFILES[profile], DT, **choices))
    return graph_of(network_of(foreign)[0], shape=(3,))


def content_of(graph: Graph) -> bytes:
    return bytes(target.compile_graph(graph).files[FILE])


def two_of_every_kind(profile: str, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    kinds = [*PROFILES[profile].cells] * 2
    # A readout is last.
    kinds.sort(key=lambda kind: kind == "LI")
    nodes: list[tuple[str, dict[str, Any]]] = []
    for number, kind in enumerate(kinds):
        weights = rng.normal(size=(3, 3))
        nodes += [(f"fc{number}", affine(weights)), (f"n{number}", numbers(rng, kind, profile))]
    return image(chain(*nodes))


@pytest.mark.parametrize("profile", FRAMEWORKS)
def test_what_a_profile_read_is_written_as_it_reads_it(profile: str, full: bool) -> None:
    # Each file is read in a process of its own, twice.
    for seed in range(20 if full else 1):
        read = read_by(profile, two_of_every_kind(profile, seed))
        artifact = target.compile_graph(read)
        assert target.read_graph(artifact) == read
        assert target.compile_graph(target.read_graph(artifact)).files == artifact.files
        assert artifact.contract.get("profile") == profile
        again = read_by(profile, bytes(artifact.files[FILE]))
        assert len(read.layers) == len(again.layers) > 1
        for one, two in zip(read.layers, again.layers, strict=True):
            assert one.equations.same_computation(two.equations)
            assert one.parameters.keys() == two.parameters.keys()
            for name, value in one.parameters.items():
                assert (value == two.parameters[name]).all(), (one.name, name)


def test_the_file_says_who_reads_it_so_and_check_warns_of_all_others() -> None:
    findings = target.check_graph(read_by("norse", two_of_every_kind("norse", 0)))
    assert {each.severity for each in findings} == {Severity.WARNING}
    words = " / ".join(each.message for each in findings)
    assert "means this network as Norse 1.1 reads it, and by no other reading" in words
    # Norse's own import is not among those that compute something else.
    assert not any(each.message.startswith("Norse 1.1 computes") for each in findings)
    assert any(each.message.startswith("snnTorch 1.0") for each in findings)


def test_nirs_own_reading_is_no_judge_of_such_a_file() -> None:
    artifact = target.compile_graph(read_by("lava", two_of_every_kind("lava", 0)))
    with pytest.raises(SimulatorScopeError, match="as the converter of NIR's paper to Lava reads"):
        target.simulate(artifact, np.zeros((2, 1, 3), F))


def test_another_mark_is_an_edit() -> None:
    artifact = target.compile_graph(read_by("sinabs", two_of_every_kind("sinabs", 0)))
    content = io.BytesIO(artifact.files[FILE])
    with h5py.File(content, "r+") as file:
        group = file["node/metadata/neurodeploy"]
        kind = group["profile"].dtype
        del group["profile"]
        group.create_dataset("profile", data=np.bytes_(b"norse ").astype(kind))
    with pytest.raises(ArtifactError, match="was edited"):
        target.read_graph(replace(artifact, files={FILE: content.getvalue()}))


def refusal(graph: Graph, **options: Any) -> NeurodeployError:
    with pytest.raises((DoesNotFitError, ValidationError)) as caught:
        target.compile_graph(graph, **options)
    return caught.value


def test_a_reset_that_no_framework_has_is_refused() -> None:
    soft = read_by("lava", two_of_every_kind("lava", 0), reset=Reset.SOFT)
    assert "no reading of NIR has a LIF with these equations" in str(refusal(soft))


def test_layers_of_two_frameworks_are_refused_by_name() -> None:
    read = read_by("snntorch", two_of_every_kind("snntorch", 0))
    other = next(iter(read_by("lava", two_of_every_kind("lava", 0)).layers))
    mixed = replace(read.layers[0], equations=other.equations, parameters=other.parameters)
    nodes = tuple(mixed if node is read.layers[0] else node for node in read.nodes)
    words = str(refusal(Graph(nodes, read.output)))
    expected = f"{read.layers[1].name}: does not compute as the converter of NIR's paper to Lava"
    assert expected in words


def test_a_zoo_neuron_among_a_frameworks_own_is_refused() -> None:
    read = read_by("snntorch", two_of_every_kind("snntorch", 0))
    network = nn.Sequential(layer.Linear(3, 3), neuron.IF(strict=True))
    integrate = graph_of(network, shape=(3,)).layers[0]
    first = read.layers[0]
    mixed = replace(first, equations=integrate.equations, parameters=integrate.parameters)
    nodes = tuple(mixed if node is first else node for node in read.nodes)
    words = f"{first.name}: does not compute as snnTorch 1.0 does, as {read.layers[1].name} does"
    assert words in str(refusal(Graph(nodes, read.output)))


def test_a_frameworks_fixed_step_is_kept() -> None:
    read = read_by("snntorch", two_of_every_kind("snntorch", 0))
    assert "snnTorch 1.0, as which this network computes, takes a step of 0.0001 s" in str(
        refusal(read, dt="0.001")
    )


def test_states_that_start_elsewhere_are_refused_with_a_way_on() -> None:
    node = {**numbers(np.random.default_rng(0), "LIF", "norse"), "v_leak": ones(3, value=0.1)}
    with pytest.raises(UnsupportedLayerError, match="states start at zero") as caught:
        read_by("norse", image(chain(("n", node))))
    assert "quant.prepare" in str(caught.value)


def test_a_leak_elsewhere_is_not_written_where_states_start_at_zero() -> None:
    read = read_by("norse", two_of_every_kind("norse", 0))
    first = next(n for n in read.layers if "leak" in n.parameters)
    moved = replace(first, parameters={**first.parameters, "leak": np.array(0.25)})
    nodes = tuple(moved if node is first else node for node in read.nodes)
    words = str(refusal(Graph(nodes, read.output)))
    assert f"{first.name}: Norse 1.1 starts its " in words


@pytest.mark.parametrize("profile", ["norse", "spikingjelly", "snntorch"])
def test_a_loops_bias_counts_as_the_framework_counts_it(profile: str) -> None:
    rng = np.random.default_rng(0)
    neurons = numbers(rng, "CubaLIF", profile)
    loop = affine(rng.normal(size=(3, 3)), rng.normal(size=3))
    nodes = chain(("n", neurons))["nodes"] | {"back": loop}
    edges = [("input", "n"), ("n", "output"), ("n", "back"), ("back", "n")]
    read = read_by(profile, image(graph(nodes, edges)))
    content = content_of(read)
    assert read_by(profile, content).dumps() == read_by(profile, content_of(read)).dumps()
    network = foreign_graph_of(content, Reading(PROFILES[profile], DT))
    x = torch.rand(12, 2, 3, generator=torch.Generator().manual_seed(0))
    first = foreign_graph_of(image(graph(nodes, edges)), Reading(PROFILES[profile], DT))
    with torch.no_grad():
        sent, again = (network_of(each)[0](x) for each in (first, network))
    assert (sent == again).all()
    assert sent.any()
