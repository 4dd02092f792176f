"""The NIR files that others published, which `--nir-files DIR` brings, since they are not ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.frontend.training import read_trace
from neurodeploy.sandbox import install
from neurodeploy.target import Simulation
from targets.nir.foreign.profiles import PROFILES
from targets.nir.simulators.receivers.foreign import JUDGES
from targets.nir.simulators.receivers.run import shown
from targets.nir.target import target
from tests.conformance.nir.alike import alike
from tests.conformance.nir.published import (
    PUBLISHED,
    published_in,
    readings,
    require_as_written,
)


@pytest.fixture
def folder(pytestconfig: pytest.Config) -> Path:
    """The folder of published files; without one, the test is skipped."""
    path = pytestconfig.getoption("--nir-files")
    if path is None:
        pytest.skip("published files are run with --nir-files DIR")
    return Path(str(path))


@pytest.mark.parametrize("simulator", JUDGES)
def test_the_published_files_are_read_as_the_page_says(simulator: str, folder: Path) -> None:
    install(JUDGES[simulator])
    asked = readings(published_in(folder), PROFILES)
    assert len(asked) > 40
    runs = [each.run for each in asked.values()]
    require_as_written(simulator, asked, shown(JUDGES[simulator], runs, Simulation()))


def test_the_trace_of_the_paper_is_reproduced_bit_for_bit(folder: Path) -> None:
    (path,) = folder.rglob("lif_norse.csv")
    content = published_in(folder)["lif_norse.nir"]
    foreign = target.foreign_graph(Artifact("nir", {"a.nir": content}), dt=1e-4, profile="norse")
    rows = np.loadtxt(path, delimiter=",").astype(np.float32)
    inputs, voltages, spikes = rows.T
    layer = read_trace(foreign, inputs[:, None, None])[foreign.graph.output]
    assert (layer.v[:, 0, 0] == voltages).all()
    assert (layer.s[:, 0, 0] == spikes).all()
    assert spikes.sum() > 0


def test_files_alike_have_the_names_of_published_ones() -> None:
    assert alike().keys() <= set(PUBLISHED.values())
