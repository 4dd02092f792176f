"""Reading: files of ours become programs again, and everything else is one clear error."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
import pytest

from neurodeploy.errors import ArtifactError
from targets.onnx import target
from targets.onnx.compile import FILE
from tests.unit.programs import random_program, small
from tests.unit.targets.onnx.programs import alone, bare, model_of


@pytest.mark.parametrize("form", ["scan", "step", "unrolled"])
def test_what_is_written_is_read_back(form: str, full: bool) -> None:
    for seed in range(25 if full else 8):
        program = random_program(seed)
        artifact = target.compile(program, form=form, steps=2, functions=seed % 2 == 0)
        assert target.read(artifact) == program
        assert target.read(alone(artifact)) == program


def _foreign(model: onnx.ModelProto) -> None:
    del model.metadata_props[:]


def _later(model: onnx.ModelProto) -> None:
    entry = next(e for e in model.metadata_props if e.key == "neurodeploy.format")
    entry.value = "77"


def _weight(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    numbers = np.frombuffer(tensor.raw_data, np.int8).copy()
    numbers[0] ^= 1
    tensor.raw_data = numbers.tobytes()


def _node(model: onnx.ModelProto) -> None:
    model.functions[0].node[0].op_type = "Neg"


def _function(model: onnx.ModelProto) -> None:
    del model.functions[-1]


def _description(model: onnx.ModelProto) -> None:
    entry = next(e for e in model.metadata_props if e.key == "neurodeploy.program")
    entry.value = entry.value[:-40]


def _exponent(model: onnx.ModelProto) -> None:
    entry = next(e for e in model.metadata_props if e.key == "neurodeploy.program")
    entry.value = entry.value.replace('"exponent": 0', '"exponent": 1')


def _short(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.raw_data = tensor.raw_data[:-1]


def _elsewhere(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../secret"


EDITS: dict[str, tuple[Callable[[onnx.ModelProto], None], str]] = {
    "foreign": (_foreign, "was not written by neurodeploy"),
    "later": (_later, "in format 77"),
    "weight": (_weight, "its numbers are not those that were exported"),
    "node": (_node, "does not fit its program"),
    "function": (_function, "does not fit its program"),
    "description": (_description, "description is damaged"),
    "exponent": (_exponent, "its numbers are not those that were exported"),
    "short": (_short, "its tensor d.weight is damaged"),
    "elsewhere": (_elsewhere, "its tensor d.weight is damaged"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_file_is_refused(name: str) -> None:
    change, words = EDITS[name]
    model = model_of(small())
    assert target.read(bare(model)) == small()
    change(model)
    with pytest.raises(ArtifactError) as caught:
        target.read(bare(model))
    assert words in str(caught.value)
    assert caught.value.remedy


def test_a_file_cut_off_anywhere_is_refused() -> None:
    content = target.compile(small()).files[FILE]
    for end in range(0, len(content), 97):
        with pytest.raises(ArtifactError):
            target.read(bare(content[:end]))


def test_bytes_changed_anywhere_are_refused_or_mean_nothing() -> None:
    content = target.compile(small()).files[FILE]
    random = np.random.default_rng(0)
    refused = 0
    for position in random.integers(0, len(content), 150):
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(random.integers(8))
        try:
            assert target.read(bare(bytes(damaged))) == small()
        except ArtifactError:
            refused += 1
    assert refused > 140


def test_where_a_manifest_tells_of_an_edit_the_numbers_are_read_as_they_are() -> None:
    model = model_of(small())
    _weight(model)
    artifact = target.compile(small())
    files = {FILE: model.SerializeToString()}
    edited = replace(artifact, files=files, edited=("network.onnx is another file",))
    loaded = target.read(edited)
    assert loaded != small()
    assert (loaded.synapses[0].weight != small().synapses[0].weight).sum() == 1


def test_no_file() -> None:
    with pytest.raises(ArtifactError, match=r"holds no \.onnx file"):
        target.read(replace(target.compile(small()), files={"network.net": b""}))
