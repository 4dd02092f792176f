"""Hostile files: one clear error each, with little memory, whatever they claim."""

import numpy as np
import pytest

from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import Dense, Edge
from targets.onnx import target
from targets.onnx.limits import messages_in
from tests.unit.confined import confined
from tests.unit.programs import random_program
from tests.unit.targets.onnx.hostile import BYTES, CHANGES, changed, late
from tests.unit.targets.onnx.programs import alone, bare


def read(content: bytes) -> str:
    """Return what is said of a file."""
    return confined(lambda: target.read(bare(content)), megabytes=192)


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_file_is_one_clear_error(name: str) -> None:
    content = changed(name)
    said = read(content)
    assert said.startswith("ArtifactError: "), said
    assert CHANGES[name][-1] in said
    assert len(said) < 500
    assert said.endswith(")")


@pytest.mark.parametrize("name", BYTES)
def test_bytes_of_another_kind_are_one_clear_error(name: str) -> None:
    content, words = BYTES[name]
    said = read(content)
    assert said.startswith("ArtifactError: "), said
    assert words in said


@pytest.mark.parametrize("functions", [True, False])
def test_graphs_of_many_steps_are_read_as_ever(functions: bool) -> None:
    for seed in (3, 4):
        program = random_program(seed)
        artifact = target.compile(program, form="unrolled", steps=20, functions=functions)
        assert target.read(alone(artifact)) == program


def test_an_honest_file_has_several_times_the_bytes_that_it_needs() -> None:
    for seed in range(6):
        for form in ("scan", "step", "unrolled"):
            artifact = target.compile(random_program(seed), form=form, functions=False)
            content = artifact.files["network.onnx"]
            assert 2 * 16 * messages_in(content) < len(content)
    assert target.read(alone(target.compile(late()))) == late()


def test_a_description_of_more_delays_than_tensors_is_refused() -> None:
    """Weights are written once for each delay: a thousand of them would be a thousand times."""
    weight = np.ones((60, 60), dtype=np.int64)
    delays = np.arange(3600).reshape(60, 60)
    node = Dense("d", Edge("in"), weight, delays=delays)
    assert len(confined(lambda: node.sources, megabytes=64)) > 3600
    many = np.arange(1 << 16).reshape(256, 256)
    with pytest.raises(ValidationError, match=r"d.delays: as many different ones would take 4,2"):
        Dense("d", Edge("in"), np.ones((256, 256), dtype=np.int64), delays=many)


def test_errors_name_a_remedy() -> None:
    with pytest.raises(ArtifactError) as caught:
        target.read(bare(changed("4096 steps")))
    assert caught.value.remedy
