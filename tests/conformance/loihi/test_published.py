"""Intel's own files, where they lie beside the repository: read, run, and reproduced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.report import Status
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden, simulate
from neurodeploy.target import Severity, open_artifact
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import compare
from targets.loihi.compile import FILE
from targets.loihi.simulators.simulate import LavaRun, run_lava
from targets.loihi.target import target

FOLDER = Path(__file__).parents[4] / "shared/data/lava-dl"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason="not run: the networks published with lava-dl are not in ../shared/data/lava-dl",
)


def published(name: str) -> Any:
    """Load one of the arrays published with tiny.net, time first."""
    return np.moveaxis(np.load(FOLDER / "tinynet" / name), -1, 0)


def tiny_samples() -> Any:
    """Return the published input: a constant current into the input neurons, for every step."""
    # The array is in Lava's order (W, H, C).
    current = np.load(FOLDER / "tinynet/input_bias.npy").astype(np.int64).T
    steps = len(published("output.npy"))
    return np.broadcast_to(current, (steps, 1, *current.shape)).copy()


def mnist_samples() -> Any:
    """Return currents that drive the input neurons of mnist.net."""
    return np.random.default_rng(2).integers(-20, 100, (16, 3, 784))


SAMPLES = {"tiny.net": tiny_samples, "mnist.net": mnist_samples}


@pytest.mark.parametrize("name", SAMPLES)
def test_lava_computes_what_we_read_of_it(name: str, lava: Environment) -> None:
    artifact, samples = open_artifact(FOLDER / name), SAMPLES[name]()
    program = target.read(artifact)
    golden = run_golden(program, samples)
    (layers,) = run_lava([LavaRun(artifact.files[name], samples)])
    named = zip(golden, layers, strict=True)
    traces = {key: LayerTrace(values) for key, values in named}
    links = [
        compare("golden = lava", golden, Trace(traces, golden.output_layer), 0.0),
        compare("golden = fast", golden, simulate(program, samples, "fast"), 0.0),
    ]
    assert [link.status for link in links] == [Status.EQUAL, Status.EQUAL]
    assert golden.spikes() > 500
    assert links[0].compared > 50_000


def test_the_golden_interpreter_gives_the_published_spikes_of_tiny() -> None:
    golden = run_golden(target.read(open_artifact(FOLDER / "tiny.net")), tiny_samples())
    for layer, name in (("layer1", "layer1.npy"), ("layer2", "output.npy")):
        # Their publishers delay the input neurons' spikes by a step.
        first, *later = published(name)
        assert not first.any()
        assert np.sum(later) > 50
        assert np.array_equal(golden[layer].s[:-1], later)


@pytest.mark.parametrize("name", SAMPLES)
def test_it_is_written_again_as_an_equal_program(name: str) -> None:
    program = target.read(open_artifact(FOLDER / name))
    assert not [finding for finding in target.check(program) if finding.severity == Severity.ERROR]
    again = target.compile(program)
    assert list(again.files) == [FILE]
    assert target.read(again) == program
