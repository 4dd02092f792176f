"""Hostile files: one clear error each, with little memory, whatever they claim."""

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from targets.loihi.target import target
from tests.unit.confined import confined
from tests.unit.targets.loihi.file.hostile import CHANGES, changed, honest


def read(content: bytes) -> object:
    """Return what a bare file holds."""
    return target.read(Artifact("loihi", {"some.net": content}))


@pytest.mark.parametrize("name", CHANGES)
def test_a_claim_is_one_clear_error(name: str) -> None:
    content = changed(name)
    assert len(content) < 600_000
    said = confined(lambda: read(content), megabytes=96)
    assert said.startswith("ArtifactError: "), said
    assert CHANGES[name][-1] in said
    assert len(said) < 400


def test_what_is_stored_honestly_is_read() -> None:
    files = honest()
    expected = read(files["plain"])
    assert np.count_nonzero(expected.synapses[0].weight) > 5000
    for name, content in files.items():
        assert read(content) == expected, name
