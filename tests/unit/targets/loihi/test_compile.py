"""An artifact: its file, its contract, the same bytes every time."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurodeploy.artifact import Artifact, program_hashes, read_folder
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Dense, Edge, Flatten, Input, Neuron, Node, Program, Signal
from neurodeploy.target import Severity
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.compile import FILE
from targets.loihi.target import target
from tests.conformance.networks import random_case
from tests.unit.examples import few
from tests.unit.targets.loihi.programs import conv, dense, driven, network, neuron

GOLDEN = Path(__file__).parents[3] / "golden/loihi_network.txt"
ROOT = Path(__file__).parents[4]


def content(artifact: Artifact) -> bytes:
    return artifact.files[FILE]


def written(artifact: Artifact) -> str:
    """Return everything in the file, a line for each value."""
    lines: list[str] = []

    def show(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            value = np.asarray(item[()])
            lines.append(f"/{path} {item.dtype} {item.shape} = {value.tolist()}")

    with h5py.File(io.BytesIO(content(artifact)), "r") as file:
        file.visititems(show)
        assert not file.attrs
    return "\n".join(lines) + "\n"


def test_the_file_and_the_contract_are_as_they_were() -> None:
    program = network()
    artifact = target.compile(program)
    contract = json.dumps(dict(artifact.contract), indent=1)
    nodes, _ = program.text().split("\n\nneuron ")
    text = f"{nodes}\n\n{written(artifact)}\n{contract}\n"
    assert text == GOLDEN.read_text("utf-8"), "look at the change, and write the new text there"


def test_the_same_program_gives_the_same_bytes_at_another_time() -> None:
    first = target.compile(network())
    # HDF5 keeps whole seconds where it keeps times at all.
    time.sleep(1.1)
    assert target.compile(network()) == first


def test_the_same_program_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib, sys\n"
        "from tests.unit.targets.loihi.programs import network\n"
        "from targets.loihi.target import target\n"
        "files = target.compile(network()).files\n"
        "print([(name, hashlib.sha256(files[name]).hexdigest()) for name in files])\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
    assert FILE in texts.pop()


@pytest.mark.parametrize("program", [network(), dense(), conv(), driven()])
def test_what_was_compiled_is_read_back(program: Program) -> None:
    artifact = target.compile(program)
    assert target.read(artifact) == program
    assert program_hashes(target.read(artifact)) == artifact.program


def test_what_was_written_to_a_folder_is_read_back(tmp_path: Path) -> None:
    artifact = target.compile(network()).write(tmp_path / "out")
    again = read_folder(tmp_path / "out")
    assert again.edited == ()
    assert dict(again.contract) == dict(artifact.contract)
    assert target.read(again) == network()


def test_the_file_alone_gives_all_but_names_and_units() -> None:
    program = network()
    bare = target.read(Artifact("loihi", {"bare.net": content(target.compile(program))}))
    assert [node.name for node in bare.nodes] == [
        *("input", "layer0", "layer1.synapse", "layer1", "layer2.synapse", "layer2"),
        *("layer3.flatten", "layer4.synapse", "layer4"),
    ]
    for mine, other in zip(program.nodes, bare.nodes, strict=True):
        renamed: dict[str, Any] = {"name": mine.name}
        if isinstance(mine, Neuron):
            renamed["inputs"] = mine.inputs
        elif not isinstance(mine, Input):
            renamed["source"] = mine.sources[0]
        if hasattr(mine, "exponent"):
            renamed["exponent"] = mine.exponent
        assert replace(other, **renamed) == mine


def test_another_name_of_the_same_equations_is_kept() -> None:
    program = dense(equations=replace(CUBA_LIF, name="Mine"))
    again = target.read(target.compile(program))
    assert again == program
    assert again.layers[0].equations.name == "Mine"


def test_the_contract_says_what_the_file_leaves_open() -> None:
    contract = target.compile(network()).contract
    assert contract["names"] == [node.name for node in network().nodes]
    assert contract["input"] == {"shape": [2, 5, 4], "signal": "current", "message_bits": 0}
    assert [(layer["name"], layer["lag"]) for layer in contract["layers"]] == [
        *(("encode", 0), ("conv", 1), ("pool", 2), ("fc", 3)),
    ]
    assert [layer["shape"] for layer in contract["layers"]][1:] == [[2, 3, 2], [2, 2, 1], [3]]
    assert contract["output"] == "fc"
    assert contract["run_config"] == "Loihi2SimCfg(select_tag='fixed_pt')"
    json.dumps(contract)


@pytest.mark.parametrize(("program", "offset", "lag"), [(driven(), 0, 0), (dense(), 1, 1)])
def test_states_are_reset_where_a_layer_gets_its_first_input(
    program: Program, offset: int, lag: int
) -> None:
    contract = target.compile(program).contract
    assert contract["reset_offset"] == offset
    assert contract["layers"][0]["lag"] == lag


def size_and_calls(neurons: int) -> tuple[int, int]:
    """Return the bytes of an artifact with this many neurons of 64 inputs, and Python's calls."""
    rng = np.random.default_rng(0)
    program = dense(2 * rng.integers(-60, 60, (neurons, 64)), bias=rng.integers(-9, 9, neurons))
    calls = 0

    def count(_: Any, event: str, __: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        artifact = target.compile(program)
    finally:
        sys.setprofile(before)
    return len(content(artifact)), calls


def test_export_is_linear_in_the_parameters() -> None:
    size_and_calls(1)
    measured = {neurons: size_and_calls(neurons) for neurons in (256, 1024, 4096)}
    # Four bytes a weight or bias, and no more work in Python however many there are.
    rest = [size - 4 * neurons * 65 for neurons, (size, _) in measured.items()]
    assert all(0 < size < 12_000 for size in rest), rest
    # A cache that happens to be filled makes a call or two of difference.
    calls = [count for _, count in measured.values()]
    assert max(calls) < 1.5 * min(calls), calls


@settings(max_examples=25)
@given(st.integers(0, 1 << 32))
def test_every_random_program_is_read_back(seed: int) -> None:
    program = random_case(seed).program
    artifact = target.compile(program)
    assert target.read(artifact) == program
    assert program_hashes(target.read(artifact)) == artifact.program


SHAPES: Any = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)) | st.tuples(
    st.integers(1, 4)
)


@st.composite
def anything(draw: Any) -> Program:
    """Return programs that a check may refuse: odd shapes, idle flattens, currents."""
    shape = draw(SHAPES)
    nodes: list[Node] = [Input(draw(st.sampled_from("xy")), shape, draw(st.sampled_from(Signal)))]
    if draw(st.booleans()):
        nodes.append(drawn_neuron(draw, "first", nodes[-1].name, shape))
    if len(shape) == 3 or draw(st.booleans()):
        nodes.append(Flatten("flat", Edge(nodes[-1].name)))
    count, width = draw(st.integers(1, 3)), int(np.prod(shape))
    row = st.lists(st.integers(-3, 4), min_size=width, max_size=width)
    weight = draw(st.lists(row, min_size=count, max_size=count))
    nodes.append(Dense("w", Edge(nodes[-1].name), np.array(weight), draw(st.integers(-9, 0))))
    nodes.append(drawn_neuron(draw, "n", "w", (count,)))
    return Program(tuple(nodes), "n")


def drawn_neuron(draw: Any, name: str, source: str, shape: tuple[int, ...]) -> Neuron:
    """Return parameters of any shape that broadcasts."""
    values: dict[str, Any] = {}
    for key, top in (("bias", 9), ("threshold", 90), ("current_decay", 4096)):
        form = tuple(size if draw(st.booleans()) else 1 for size in shape)
        seed = draw(st.integers(0, 9))
        values[key] = np.random.default_rng(seed).integers(
            0, top, draw(st.sampled_from([(), form]))
        )
    return neuron(name, source, **values, exponent=draw(st.integers(-9, 0)))


@settings(max_examples=few(300), suppress_health_check=[HealthCheck.too_slow])
@given(anything())
def test_a_program_is_refused_or_read_back(program: Program) -> None:
    errors = [finding for finding in target.check(program) if finding.severity == Severity.ERROR]
    if errors:
        with pytest.raises(DoesNotFitError):
            target.compile(program)
        return
    assert target.read(target.compile(program)) == program


def test_most_of_these_are_not_refused() -> None:
    accepted = 0

    @settings(max_examples=100, database=None)
    @given(anything())
    def count(program: Program) -> None:
        nonlocal accepted
        errors = [
            finding for finding in target.check(program) if finding.severity == Severity.ERROR
        ]
        accepted += not errors

    count()
    assert 10 < accepted < 95
