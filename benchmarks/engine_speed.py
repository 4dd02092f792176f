"""The fast engine against Lava on the demo's network: steps of one sample a second, in one run.

Correctness first: both must give the golden interpreter's trace.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from _common import SCRATCH, demo_network, exported, seconds
from _table import compared

import neurodeploy as nd
from neurodeploy.sandbox import install, status
from neurodeploy.simulator.fast import run_fast
from neurodeploy.target import target

SAMPLES = 1437
LAVA_STEPS = 300


def lava_rate(artifact: nd.Artifact, samples: np.ndarray) -> float:
    """Return Lava's steps per second after its start-up, without recording."""
    chip = target("loihi")
    environment = chip.simulators["lava"]
    np.save(SCRATCH / "samples.npy", samples)
    python = Path(status(environment).path) / "bin" / "python"
    command = [
        str(python),
        str(Path(__file__).with_name("_lava_plain.py")),
        str(environment.worker),
        str(Path(artifact.path) / "network.net"),
        str(SCRATCH / "samples.npy"),
        str(LAVA_STEPS),
    ]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    first, second = map(float, result.stdout.split()[-2:])
    return LAVA_STEPS / (second - first)


def main() -> None:
    """Print both rates and their ratio."""
    network, digits = demo_network()
    artifact = exported(network, digits)
    install(target("loihi").simulators["lava"])
    report = nd.verify(artifact, model=network, samples=digits.test[:, :40], simulator="lava")
    if not report.equal:
        raise SystemExit(report.to_text())
    program = nd.read(artifact)
    samples = np.ascontiguousarray(digits.train[:, :SAMPLES].numpy().astype(np.int64))
    steps = samples.shape[0] * samples.shape[1]
    slow = lava_rate(artifact, samples)
    for states in (False, True):
        fast = steps / seconds(lambda states=states: run_fast(program, samples, states=states))
        shown = "spikes and states" if states else "spikes"
        print(
            f"fast engine, {shown}: {fast:,.0f} steps/s; Lava: {slow:,.0f} steps/s; "
            f"ratio {fast / slow:,.0f}"
        )
        compared(f"a step of the demo's network, {shown}", 1e3 / fast, {"Lava": 1e3 / slow})


if __name__ == "__main__":
    main()
