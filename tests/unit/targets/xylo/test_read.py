"""A specification becomes the program again, and every edit of it is refused or another program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from targets.xylo import target
from targets.xylo.compile import FILE
from targets.xylo.examples import EXAMPLES
from tests.conformance.xylo.networks import xylo_case
from tests.unit.targets.xylo.programs import network

Edit = Callable[[dict[str, Any]], Any]


def members(artifact: Artifact) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(bytes(artifact.files[FILE]))
    return content


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_written_is_read_back(name: str) -> None:
    assert target.read(target.compile(EXAMPLES[name])) == EXAMPLES[name]


def test_random_networks_are_read_back(full: bool) -> None:
    for seed in range(50 if full else 8):
        program = xylo_case(seed).program
        assert target.read(target.compile(program)) == program


def test_the_members_are_the_arguments_of_rockpool() -> None:
    first, second = ((30, -20), (9, 50)), ((64, -6),)
    numbers = members(target.compile(network(first, second, own=((0, 300), (-4, 0)))))
    # Sources first; the last axis is the synapse of a hidden neuron.
    assert numbers["weights_in"] == [[[30], [9]], [[-20], [50]]]
    assert numbers["weights_rec"] == [[[0], [-1]], [[75], [0]]]
    assert numbers["weight_shift_rec"] == 2
    assert numbers["weights_out"] == [[64], [-6]]
    assert numbers["dash_syn"] == [1, 1]
    assert numbers["dash_mem_out"] == [2]
    assert numbers["threshold"] == [40, 40]


def test_a_deeper_layer_is_a_block_of_the_recurrent_weights() -> None:
    program = EXAMPLES["three layers and a loop"]
    numbers = members(target.compile(program))
    inner = [[weight for (weight,) in row] for row in numbers["weights_rec"]]
    assert len(inner) == 8
    # The first layer's neurons send to the second's, and the second's to one another.
    assert any(any(row[5:]) for row in inner[:5])
    assert not any(any(row[:5]) for row in inner)
    assert numbers["weights_out"][:5] == [[0, 0]] * 5


def edited(change: Edit) -> Artifact:
    """Return an artifact whose file has one change."""
    artifact = target.compile(EXAMPLES["three layers and a loop"])
    numbers = members(artifact)
    change(numbers)
    return replace(artifact, files={FILE: json.dumps(numbers).encode()})


def put(name: str, value: Any, *position: int) -> Edit:
    """Return the edit that puts a value into a member."""

    def change(numbers: dict[str, Any]) -> None:
        inside: Any = numbers
        keys: list[Any] = [name, *position]
        for key in keys[:-1]:
            inside = inside[key]
        inside[keys[-1]] = value

    return change


EDITS: dict[str, tuple[Edit, str]] = {
    "no member": (lambda numbers: numbers.pop("threshold"), "exactly the members"),
    "one more": (lambda numbers: numbers.update(aliases=[]), "exactly the members"),
    "a wide weight": (put("weights_in", 128, 0, 0, 0), "weights_in has a 128"),
    "a fraction": (put("weights_out", 0.5, 0, 0), "weights_out is not an array of whole"),
    "a row that is short": (lambda numbers: numbers["weights_rec"][0].pop(), "inhomogeneous"),
    "a neuron less": (lambda numbers: numbers["threshold"].pop(), "threshold has not one value"),
    "a shift of 0": (put("dash_syn", 0, 0), "dash_syn has a 0"),
    "a threshold of 0": (put("threshold_out", 0, 0), "threshold_out has a 0"),
    "a weight shift": (put("weight_shift_in", 8), "weight_shift_in is 8"),
    "a true shift": (put("weight_shift_in", True), "weight_shift_in is True"),
    "weights back": (put("weights_rec", 1, 6, 0, 0), "weights_rec connects neurons"),
    "weights past a layer": (put("weights_out", 1, 0, 0), "weights_out connects neurons"),
    "a current that saturates": (put("dash_syn", 12, 0), "may reach"),
    "another size": (lambda numbers: numbers["weights_out"].pop(), "do not fit 7 hidden"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_damaged_file_is_one_clear_error(name: str) -> None:
    change, words = EDITS[name]
    with pytest.raises(ArtifactError, match=re.escape(words)) as raised:
        target.read(edited(change))
    assert raised.value.remedy
    assert "\n" not in raised.value.message


@pytest.mark.parametrize("name", ["weights_in", "weights_rec", "weights_out", "dash_mem"])
def test_every_number_counts(name: str) -> None:
    program = EXAMPLES["three layers and a loop"]
    numbers = members(target.compile(program))
    position = {"weights_in": (1, 2, 0), "weights_rec": (1, 6, 0), "weights_out": (6, 1)}.get(
        name, (2,)
    )
    before: Any = numbers[name]
    for key in position:
        before = before[key]
    assert target.read(edited(put(name, before + 1, *position))) != program


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": NaN}', b"\xff", b"[" * 90])
def test_what_is_no_specification_is_refused(content: bytes) -> None:
    artifact = target.compile(network())
    with pytest.raises(ArtifactError, match=FILE):
        target.read(replace(artifact, files={FILE: content}))
    with pytest.raises(ArtifactError, match=FILE):
        target.read(replace(artifact, files={}))


CONTRACTS: dict[str, Edit] = {
    "no layers": lambda contract: contract.pop("layers"),
    "another lag": lambda contract: contract["layers"][1].update(lag=0),
    "other sizes": lambda contract: contract["layers"][0].update(neurons=4),
    "a loop that is none": lambda contract: contract["layers"][1]["synapses"][0].update(loop=1),
    "no exponent": lambda contract: contract["layers"][0].update(exponent=1.5),
    "another output": lambda contract: contract.update(output="first"),
    "a signal that is none": lambda contract: contract["input"].update(signal="words"),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_damaged_contract_is_refused(name: str) -> None:
    artifact = target.compile(EXAMPLES["three layers and a loop"])
    contract = json.loads(json.dumps(artifact.contract))
    CONTRACTS[name](contract)
    with pytest.raises(ArtifactError):
        target.read(replace(artifact, contract=contract))
