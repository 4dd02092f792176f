"""Weights that are all zero, which Lava's loader cannot load."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Program
from neurodeploy.target import Severity
from targets.loihi.compile import FILE
from targets.loihi.file.loader import loaded_weights
from targets.loihi.target import target
from tests.conformance.files import conv, cuba, dense, edited, image, net_file
from tests.unit.targets.loihi import programs

ZERO, MIXED = np.zeros((2, 3), dtype=np.int32), np.array([[2, -4, 6], [8, -10, 12]])


def errors(program: Program) -> list[str]:
    return [str(finding) for finding in target.check(program) if finding.severity == Severity.ERROR]


def recurrent(weight: Any, own: Any) -> bytes:
    layer = {"type": "dense_rec", "shape": np.array([2]), "weight": weight, "weight_rec": own}
    return net_file(layer | {"neuron": cuba()})


@pytest.mark.parametrize(
    "content",
    [
        net_file(dense(ZERO)),
        net_file(dense(MIXED), dense(ZERO[:, :2])),
        recurrent(ZERO, ZERO[:, :2]),
    ],
    ids=["dense", "the second", "recurrent"],
)
def test_a_file_of_zeros_is_what_the_loader_cannot_load(content: bytes) -> None:
    with pytest.raises(ArtifactError, match=r"layer[01]\.weight: is all zero"):
        target.read(Artifact("loihi", {"a.net": content}))


def test_zeros_beside_other_weights_are_loaded() -> None:
    assert loaded_weights(ZERO) is None
    assert loaded_weights(np.array([[0, 2]])) is not None
    for content, count in (
        (recurrent(MIXED, ZERO[:, :2]), 2),
        (recurrent(ZERO, MIXED[:, :2]), 2),
        (net_file(image(1, 2, 2), conv(np.zeros((1, 1, 1, 1)), (1, 2, 2))), 1),
    ):
        loaded = target.read(Artifact("loihi", {"a.net": content}))
        assert len(loaded.synapses) == count
        assert sum(not node.weight.any() for node in loaded.synapses) == 1


def test_zeros_are_refused_before_they_are_written() -> None:
    (message,) = errors(programs.dense(ZERO))
    assert message.startswith("fc.synapse.weight: every weight is 0, which the loader cannot load")
    assert errors(programs.conv(np.zeros((2, 2, 3, 3), dtype=np.int64))) == []
    # A file whose weights were made zero is not the one that was exported, nor any that loads.
    artifact = target.compile(programs.dense())
    content = edited(artifact.files[FILE], "layer/1/weight", lambda weight: 0 * weight)
    with pytest.raises(ArtifactError, match="all zero"):
        target.read(replace(artifact, files={FILE: content}))
