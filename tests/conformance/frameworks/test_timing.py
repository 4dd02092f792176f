"""Networks of times give what SpikingJelly's timing_based gives, gradients too."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.sandbox import framework_environment, install, run_worker
from targets.nir.simulators.receivers.run import RECEIVERS
from tests.packaging.tree import ROOT

WORKER = Path(__file__).with_name("timing_worker.py")


def test_times_voltages_and_gradients_are_the_peers(full: bool) -> None:
    install(RECEIVERS["spikingjelly"])
    environment = framework_environment("spikingjelly", WORKER, {})
    job = {"path": [str(ROOT)], "seed": 0, "samples": 200 if full else 12}
    result = run_worker(environment, job).result
    assert set(result) == {"population", "tempotron", "srm"}
    for name, parts in result.items():
        assert parts.pop("fired") > 20, name
        far = {key: value for key, value in parts.items() if not value < 1e-6}
        assert far == {}, name
