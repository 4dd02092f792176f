"""A vendor's file as a network: it trains on from the same integers, or the reason why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.errors import ArtifactError, UnsupportedLayerError
from neurodeploy.flow import conversion
from neurodeploy.flow.conversion import converted
from neurodeploy.frontend.from_program import equal_but_for_names
from neurodeploy.frontend.training import training_trace
from neurodeploy.program import Program
from neurodeploy.simulator import run_golden
from neurodeploy.target import chip_part, random_samples
from snncore import functional
from targets.loihi.compile import FILE
from targets.loihi.target import target
from tests.conformance.files import conv, cuba, dense, image, net_file
from tests.conformance.networks import random_case
from tests.conformance.reading_networks import reading_case
from tests.unit.targets.loihi.programs import dense as dense_program
from tests.unit.targets.loihi.programs import driven
from tests.unit.targets.loihi.test_time import WEIGHT, delayed, recurrent

PLACES = np.array([[[1], [2]], [[3], [4]]])
LATE = np.broadcast_to([3, 0, 62], WEIGHT.shape)


def written(program: Program, folder: Path) -> Path:
    path = folder / "some.net"
    path.write_bytes(target.compile(program).files[FILE])
    return path


@pytest.mark.parametrize(
    "program",
    [
        dense_program(bias=[3, -4, 50], current_decay=[0, 4096, 7]),
        dense_program([[1, -3], [5, 7], [9, -11]], threshold=[1, 0, 131071]),
        recurrent(),
        delayed(LATE),
        driven(threshold=300),
        driven((2, 3, 4), threshold=300),
        *(random_case(seed).program for seed in (3, 5, 6)),
        chip_part(reading_case(0, "loihi").program),
        chip_part(reading_case(9, "loihi").program),
    ],
)
def test_the_network_is_the_file_in_every_integer(program: Program, tmp_path: Path) -> None:
    network = converted(written(program, tmp_path))
    samples = random_samples(program, 70, 2, 0.5, 3)
    lowered = nd.lower(network, example=samples)
    assert equal_but_for_names(program, lowered)
    golden = run_golden(lowered, samples)
    trained = training_trace(network, lowered, samples)
    for name in golden:
        for key, values in golden[name].values.items():
            assert np.array_equal(values, trained[name].values[key]), (name, key)
    again = target.compile(lowered)
    assert again.files[FILE] == target.compile(program).files[FILE]


def test_it_learns_and_is_saved(tmp_path: Path) -> None:
    program = random_case(3).program
    network = converted(written(program, tmp_path))
    nd.save(network, tmp_path / "model.pt")
    again = nd.load(tmp_path / "model.pt")
    samples = random_samples(program, 12, 2, 0.5, 3)
    assert nd.lower(again, example=samples) == nd.lower(network, example=samples)
    functional.reset(network)
    network(torch.from_numpy(samples).float()).sum().backward()
    weights = [value for name, value in network.named_parameters() if name.endswith("weight")]
    assert any(value.grad is not None and bool(value.grad.any()) for value in weights)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (target.compile(delayed(WEIGHT % 5)).files[FILE], "has a delay per weight"),
        (net_file(dense([[0, -64], [-3, 0]])), "has sums that the loader shifts"),
        (
            net_file(
                image(1, 2, 2),
                conv(np.ones((1, 1, 1, 1), int), (1, 2, 2), bias=PLACES),
            ),
            "has a bias per neuron of an image",
        ),
        (net_file(dense([[4, -3]], neuron={"type": "SDNN", "vThMant": 2})), "SigmaDelta neurons"),
        (net_file(dense([[4, -3]], neuron=cuba(threshold=1 << 18))), "threshold"),
    ],
)
def test_what_a_network_cannot_be_is_said(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "some.net"
    path.write_bytes(content)
    with pytest.raises((UnsupportedLayerError, ValueError), match=words):
        converted(path)


def test_other_readers_join_by_a_files_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some.thing"
    path.write_text("a network")
    with pytest.raises(ArtifactError, match="is not in a known format"):
        converted(path)
    monkeypatch.setitem(conversion.READERS, ".thing", lambda file: file.read_text("utf-8"))
    network: Any = converted(path)
    assert network == "a network"
