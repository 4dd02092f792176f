"""NIR files that make no sense or play tricks: through the command line, one clear error each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.unit.neurodeploy.cli.helpers import Caller, refused
from tests.unit.targets.nir.foreign.files import affine, chain, graph, image, lif

W = np.eye(3)
SOUND = chain(("a", affine(W)), ("b", lif(3)))
NAN = lif(3) | {"tau": np.full(3, np.nan, np.float32)}
NODES = SOUND["nodes"]
EDGES = [(one, two) for one, two in SOUND["edges"]]
CIRCLE = graph(NODES | {"c": affine(W)}, [*EDGES, ("a", "c"), ("c", "a")])
MISSING = graph(NODES, [*EDGES, ("b", "gone")])


def _without_weight(file: Any) -> None:
    del file["node/nodes/a/weight"]


def _elsewhere(file: Any) -> None:
    _without_weight(file)
    file["node/nodes/a/weight"] = h5py.ExternalLink("/etc/other.h5", "/x")


def _huge(file: Any) -> None:
    _without_weight(file)
    file.create_dataset("node/nodes/a/weight", (1 << 20, 1 << 20), "f4", chunks=(1, 1))


FILES: dict[str, tuple[dict[str, Any], Callable[[Any], None] | None, str]] = {
    "NaN": (chain(("b", NAN)), None, "b.tau: a value is NaN or infinite"),
    "a circle": (CIRCLE, None, "has no neuron and no delay"),
    "a missing node": (MISSING, None, "an edge names 'gone', which is not a node"),
    "an unknown primitive": (chain(("a", {"type": "Tanh"})), None, "a: Tanh is not a primitive"),
    "a wrong shape": (chain(("a", affine(np.ones((3, 4))))), None, "a: takes 4 inputs"),
    "a link": (SOUND, _elsewhere, "is a link to another place, which is not followed"),
    "a huge dataset": (SOUND, _huge, "/node/nodes/a/weight: claims"),
    "nothing of HDF5": ({}, None, "is damaged, or not an HDF5 file"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", ["convert", "verify"])
def test_a_file_is_refused_in_one_sentence(
    command: str, name: str, call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    node, change, words = FILES[name]
    Path("bad.nir").write_bytes(image(node, change) if node else b"no HDF5")
    refused(call(command, "bad.nir", "--dt", "0.0001"), 2, "error: bad.nir: ", words, "remedy: ")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.nir"]


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_a_step_takes_some_time(
    seconds: str, call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("some.nir").write_bytes(image(SOUND))
    for command in ("convert", "verify"):
        done = call(command, "some.nir", "--dt", seconds)
        refused(done, 2, "some.nir: ", "is not the seconds of a step", "such as --dt 0.0001")
