"""Files that others wrote: what Lava makes of them is what we read, or they are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, SimulatorError
from neurodeploy.program import Program
from neurodeploy.report import Status
from neurodeploy.sandbox import Environment, Limits
from neurodeploy.simulator import run_golden
from neurodeploy.trace import Trace
from targets.loihi.file.loader import loaded_weights
from targets.loihi.simulators.simulate import LavaRun, Layers, run_lava
from targets.loihi.target import target
from tests.conformance.files import conv, cuba, dense, image, net_file
from tests.conformance.foreign import LOADED, NEVER_FIRES, REFUSED
from tests.conformance.summary import show


def read(content: bytes) -> Program:
    """Return the program that we read from a file."""
    return target.read(Artifact("loihi", {"network.net": content}))


def samples_for(program: Program, seed: int = 3) -> Any:
    """Samples of its input: spikes, or currents."""
    rng = np.random.default_rng(seed)
    # So long that the latest spike arrives.
    late = max(edge.delay for node in program.nodes for edge in node.sources)
    shape = (8 + late, 2, *program.input.shape)
    if program.input.signal.value == "current":
        return rng.integers(-20, 60, shape)
    return (rng.random(shape) < 0.6).astype(np.int64)


def difference(golden: Trace, layers: Layers) -> list[str]:
    """Which arrays differ, and in how many places."""
    return [
        f"{name}.{key}: {int((golden[name].values[key] != values[key]).sum())} values"
        for name, values in zip(golden, layers, strict=True)
        for key in values
        if not np.array_equal(golden[name].values[key], values[key])
    ]


# Of the files that Lava loads, one in this many is part of `make test`.
ONE_IN = 4


@pytest.fixture(scope="module")
def simulated(full: bool, lava: Environment) -> dict[str, Layers]:
    """Return Lava's result for the files that it loads, in one run."""
    names = list(LOADED)[:: 1 if full else ONE_IN]
    runs = [LavaRun(LOADED[name], samples_for(read(LOADED[name]))) for name in names]
    return dict(zip(names, run_lava(runs), strict=True))


@pytest.mark.every(ONE_IN)
@pytest.mark.parametrize("name", LOADED)
def test_lava_computes_what_we_read(name: str, simulated: dict[str, Layers]) -> None:
    program = read(LOADED[name])
    golden = run_golden(program, samples_for(program))
    assert difference(golden, simulated[name]) == []
    assert (golden.spikes() == 0) == (name in NEVER_FIRES)


@pytest.mark.parametrize("name", REFUSED)
def test_what_stops_lava_is_refused(name: str) -> None:
    content, words = REFUSED[name]
    with pytest.raises(ArtifactError, match=words):
        read(content)


def test_lava_is_stopped_by_what_we_refuse(full: bool, lava: Environment) -> None:
    # A worker for each, so the subset is content with some.
    # What Lava takes for something else it runs.
    stopped = {name: what for name, what in REFUSED.items() if "come back as spikes" not in name}
    for name, (content, _) in list(stopped.items())[:: 1 if full else 12]:
        shape = (1, 128, 3) if name == "a kernel of 128" else (1, 3, 4)
        samples = np.ones((3, 1, *(shape if b"conv" in content else (2,))), dtype=np.int64)
        with pytest.raises(SimulatorError) as caught:
            run_lava([LavaRun(content, samples)], limits=Limits(seconds=60))
        assert "the samples are" not in str(caught.value), name


def test_a_bare_file_is_verified_without_a_model(lava: Environment, tmp_path: Path) -> None:
    path = tmp_path / "foreign.net"
    path.write_bytes(LOADED["even negative weights down to -256"])
    report = nd.verify(path, samples=nd.RandomSamples(16, 3, 0.5, 1), simulator="lava")
    assert report.equal
    statuses = {link.name: link.status for link in report.links if link.requested}
    assert statuses == {"golden = fast": Status.EQUAL, "golden = lava": Status.EQUAL}
    (structure,) = [link for link in report.links if link.name == "program = artifact"]
    assert structure.status == Status.NOT_RUN
    assert structure.reason is not None
    assert "no manifest" in structure.reason


def test_groups_that_the_simulation_takes_for_none_are_refused(lava: Environment) -> None:
    weight = np.full((128, 1, 2, 2), 20)
    content = net_file(image(128, 2, 2), conv(weight, (128, 1, 1), groups=128))
    with pytest.raises(ArtifactError, match="groups 128 is beyond 127"):
        read(content)
    ((layer,),) = run_lava([LavaRun(content, np.ones((3, 1, 128, 2, 2), dtype=np.int64))])
    assert not layer["u"].any()


# Values at which the loader changes its mind.
EDGES = (0, 1, 2, 3, 4, 8, 63, 64, 65, 127, 128, 129, 130, 254, 255, 256, 257, 300, 511, 2000)


def corner_matrix(rng: np.random.Generator) -> Any:
    """Four inputs to some neurons, with values at the edges and often of one sign."""
    edges = np.array(EDGES[: int(rng.integers(3, len(EDGES) + 1))])
    size = (int(rng.integers(1, 5)), 4)
    drawn = rng.choice(edges, size)
    signs = {"positive": 1, "negative": -1, "mixed": rng.choice([-1, 1], size)}
    scale = int(rng.choice([1, 1, 2, 4]))
    return drawn * signs[str(rng.choice(list(signs)))] * scale


@pytest.mark.timeout(1200)
def test_lava_loads_weights_as_the_model_says(
    full: bool, lava: Environment, pytestconfig: pytest.Config
) -> None:
    rng = np.random.default_rng(17)
    drawn = [corner_matrix(rng) for _ in range(400 if full else 12)]
    matrices = [matrix for matrix in drawn if loaded_weights(matrix) is not None]
    # Every set of inputs once, and a current that is the sum alone.
    samples = (np.arange(16)[:, None, None] >> np.arange(4) & 1).astype(np.int64)
    files = [net_file(dense(matrix, neuron=cuba(4096, 4096))) for matrix in matrices]
    changed = 0
    results = run_lava([LavaRun(content, samples) for content in files])
    for matrix, content, (layer,) in zip(matrices, files, results, strict=True):
        golden = run_golden(read(content), samples)
        assert difference(golden, [layer]) == [], matrix.tolist()
        changed += not np.array_equal(layer["u"] >> 6, samples @ matrix.T)
    text = (
        f"{len(matrices)} weight matrices, of which the loader changes {changed}: 0 values differ"
    )
    show(pytestconfig, "Loihi: weights as Lava loads them", text)
    assert len(matrices) > len(drawn) // 2
    assert len(matrices) // 4 < changed < len(matrices)
