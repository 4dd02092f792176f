"""The target as the toolchain finds it, and what it hands to the simulator."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import NeurodeployError
from neurodeploy.sandbox import Limits
from neurodeploy.target import Simulation, Target
from neurodeploy.target import target as find
from targets.loihi.compile import FILE
from targets.loihi.target import target
from tests.unit.targets.loihi.programs import dense, network


def test_the_target_is_found_by_its_name() -> None:
    assert find("loihi") is target
    assert isinstance(target, Target)
    assert target.capabilities.suffixes == (".net",)
    assert target.capabilities.exact
    assert list(target.simulators) == ["lava", "nengo-loihi", "brian2-loihi"]


def test_simulation_runs_the_artifacts_file_and_names_layers_as_the_program_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, Any] = {}
    layers = [{key: np.full((1, 1), index) for key in "suv"} for index in range(4)]

    def run(runs: Any, **options: Any) -> Any:
        seen.update(options, runs=runs)
        return [layers]

    # `targets.loihi.target` is the target; its module is known to the import system alone.
    monkeypatch.setattr(import_module("targets.loihi.target"), "run_lava", run)
    artifact = target.compile(network())
    samples = np.ones((3, 1, 2, 5, 4), dtype=np.int64)
    limits = Limits(5, 100)
    trace = target.simulate(artifact, samples, simulation=Simulation(limits, jobs=3))
    (lava,) = seen["runs"]
    assert lava.net == artifact.files[FILE]
    assert lava.samples is samples
    assert (seen["limits"], seen["jobs"]) == (limits, 3)
    assert list(trace) == ["encode", "conv", "pool", "fc"]
    assert [int(trace[name].u[0, 0]) for name in trace] == [0, 1, 2, 3]
    assert trace.output_layer == "fc"


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = target.compile(dense())
    monkeypatch.setitem(sys.modules, "h5py", None)
    for call in (lambda: target.compile(dense()), lambda: target.read(artifact)):
        with pytest.raises(NeurodeployError, match=r"needs h5py .*pip install h5py"):
            call()
