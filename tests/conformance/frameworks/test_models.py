"""Our models and SpikingJelly's compute the same with the same weights, forward and backward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neurodeploy.sandbox import framework_environment, install, run_worker
from targets.nir.simulators.receivers.run import RECEIVERS
from tests.packaging.tree import ROOT

WORKER = Path(__file__).with_name("models_worker.py")


@pytest.fixture(scope="module")
def compared() -> dict[str, Any]:
    """The measurements of the worker in the peer's sandbox."""
    install(RECEIVERS["spikingjelly"])
    environment = framework_environment("spikingjelly", WORKER, {})
    result: dict[str, Any] = run_worker(environment, {"path": [str(ROOT)]}).result
    return result


@pytest.mark.parametrize(("name", "layers"), [("MS-ResNet", 9), ("spike-driven", 19)])
def test_spikes_are_equal_and_gradients_to_rounding(
    compared: dict[str, Any], name: str, layers: int
) -> None:
    model = compared[name]
    assert model["layers"] == layers
    assert model["equal"]
    assert model["spikes"] > 1000
    assert model["output"] < 1e-6
    assert model["gradient"] < 1e-6
    assert model["learning"] > 20
