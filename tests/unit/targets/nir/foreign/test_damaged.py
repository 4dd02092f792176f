"""Files of ours whose group in the metadata is damaged are not taken for another writer's."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import h5py
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from targets.nir import target
from targets.nir.file.description import GROUP, MARK
from tests.unit.targets.nir.programs import bare, file_of, small

PLACE = f"node/metadata/{GROUP}"


def _value(file: Any) -> None:
    del file[PLACE]
    file[PLACE] = 3


def _empty(file: Any) -> None:
    for name in list(file[PLACE]):
        del file[f"{PLACE}/{name}"]


def _renamed(file: Any) -> None:
    """Change a letter of the name by which a file of ours is known."""
    file[PLACE].move(MARK, MARK[:-1] + "7")


DAMAGES: dict[str, tuple[Callable[[Any], None], str]] = {
    "a letter of the mark": (_renamed, "has no program_sha256"),
    "an empty group": (_empty, "has no schema, dt, program_sha256, program"),
    "a value for the group": (_value, "is not a group"),
}


def damaged(change: Callable[[Any], None]) -> Artifact:
    """Return a file of ours after a change, without the room that HDF5 does not use any more."""
    whole, again = io.BytesIO(file_of(small())), io.BytesIO()
    with h5py.File(whole, "r+") as file, h5py.File(again, "w") as copy:
        change(file)
        for name in file:
            file.copy(name, copy)
    return bare(again.getvalue())


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_group_is_one_clear_error(name: str) -> None:
    change, words = DAMAGES[name]
    artifact = damaged(change)
    assert target.is_foreign(artifact)
    with pytest.raises(ArtifactError) as caught:
        target.foreign_graph(artifact, dt=1e-4)
    assert caught.value.message == (f"was written by neurodeploy, and is damaged: /{PLACE} {words}")
    assert "--profile spec" in str(caught.value.remedy)


def test_its_nodes_alone_are_read_on_purpose() -> None:
    foreign = target.foreign_graph(damaged(_renamed), dt=1e-4, profile="spec")
    assert len(foreign.graph.layers) == 1
    assert any(f"metadata is not used ({GROUP})" in note for note in foreign.notes)
