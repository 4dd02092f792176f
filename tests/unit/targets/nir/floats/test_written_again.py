"""Primitives beside neurons: a file that was read is written as those that it came from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.frontend.from_graph import network_of
from neurodeploy.frontend.from_torch import graph_of
from targets.nir import target
from targets.nir.compile import FILE
from targets.nir.foreign.graph import Reading
from targets.nir.foreign.graph import graph_of as foreign_graph_of
from targets.nir.foreign.profiles import PROFILES
from tests.unit.targets.nir.floats.test_floats import DT, on_receiver, samples, sent
from tests.unit.targets.nir.foreign.files import affine, chain, image, integrate, lif

RNG = np.random.default_rng(5)


def eighths(*shape: int) -> Any:
    return RNG.integers(-4, 9, shape) / 8


def conv1d(weight: Any, length: int, padding: Any = 1, **others: int) -> dict[str, Any]:
    sizes = {"stride": 1, "dilation": 1, "groups": 1, "input_shape": length} | others
    numbers = {key: np.int64(size) for key, size in sizes.items()}
    bias = np.full(len(weight), 0.25, np.float32)
    padded = padding if isinstance(padding, str) else np.int64(padding)
    weight = np.asarray(weight, np.float32)
    return {"type": "Conv1d", "weight": weight, "bias": bias, "padding": padded, **numbers}


def pool(kind: str, size: int, step: int, around: int) -> dict[str, Any]:
    form = {"kernel_size": size, "stride": step, "padding": around}
    return {"type": kind} | {key: np.array((value, value)) for key, value in form.items()}


def flat(*shape: int, start: int = 0, end: int = -1) -> dict[str, Any]:
    sides = {"start_dim": np.int64(start), "end_dim": np.int64(end)}
    return {"type": "Flatten", "input_type": np.array(shape), **sides}


def each(kind: str, values: Any) -> dict[str, Any]:
    return {"type": kind, kind.lower(): np.asarray(values, np.float32)}


FILES: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "lines": (
        chain(
            ("a", conv1d(eighths(4, 2, 3), 12, stride=2)),
            ("b", integrate(4, 6)),
            ("c", conv1d(eighths(3, 4, 3), 6, "same")),
            ("d", lif(3, 6)),
            ("e", flat(3, 6)),
            ("f", affine(eighths(2, 18))),
            ("g", integrate(2)),
            inputs=(2, 12),
            outputs=(2,),
        ),
        (2, 12),
    ),
    "pools with zeros around them": (
        chain(
            ("a", pool("SumPool2d", 3, 2, 1)),
            ("b", integrate(2, 4, 4, threshold=2.0)),
            ("c", pool("AvgPool2d", 2, 2, 1)),
            ("d", integrate(2, 3, 3, threshold=0.5)),
            inputs=(2, 7, 7),
            outputs=(2, 3, 3),
        ),
        (2, 7, 7),
    ),
    "some axes": (
        chain(
            ("a", integrate(2, 3, 4)),
            ("b", flat(2, 3, 4, start=1)),
            ("c", lif(2, 12, threshold=0.25)),
            ("d", flat(2, 12, start=0, end=1)),
            inputs=(2, 3, 4),
            outputs=(24,),
        ),
        (2, 3, 4),
    ),
    "values": (
        chain(
            ("a", affine(eighths(4, 3), eighths(4))),
            ("b", each("Scale", [0.5, 1, 2, 4])),
            ("c", each("Threshold", np.full(4, 0.75))),
            ("d", affine(eighths(2, 4))),
            ("e", integrate(2)),
            outputs=(2,),
        ),
        (3,),
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_its_primitives_come_back_with_every_spike(name: str) -> None:
    node, shape = FILES[name]
    reading = Reading(PROFILES["spec"], DT)
    foreign = foreign_graph_of(image(node), reading)
    network, x = on_receiver(network_of(foreign)[0]), samples(*shape)
    expected = sent(network, x)
    assert 0 < np.count_nonzero(expected) < expected.size
    graph = graph_of(network, example=x)
    artifact = target.compile_graph(graph)
    assert target.read_graph(artifact) == graph
    again = foreign_graph_of(artifact.files[FILE], reading)
    kinds = [kind for kind, _ in again.became.values()]
    written = [each["type"] for each in node["nodes"].values()][1:-1]
    # A Linear is an Affine without a bias.
    assert kinds == [kind.replace("Linear", "Affine") for kind in written]
    assert (sent(on_receiver(network_of(again)[0]), torch.as_tensor(x)) == expected).all()


def test_who_does_not_read_them_is_named() -> None:
    network = network_of(foreign_graph_of(image(FILES["values"][0]), Reading(PROFILES["spec"], DT)))
    graph = graph_of(network[0], example=samples(3))
    words = {each.message for each in target.check_graph(graph)}
    assert {f"{PROFILES[p].title} does not read a Scale" for p in ("norse", "sinabs")} <= words
