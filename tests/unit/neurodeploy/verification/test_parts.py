"""Layers that stand side by side: the trace, the divergence and the manifest name the network's."""

import json
from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.flow import pipeline
from neurodeploy.program import Program
from neurodeploy.report import Status
from neurodeploy.simulator import run_golden
from neurodeploy.target import restructured
from neurodeploy.verification.meaning import Exact
from targets.loihi.target import target
from tests.unit.neurodeploy.target.test_price import skipping

SAMPLES = (np.random.default_rng(0).random((8, 4, 3)) < 0.6).astype(np.int64)


@pytest.fixture
def chain() -> Program:
    return restructured(skipping(), target)


def test_a_trace_shows_the_layers_of_the_network(chain: Program) -> None:
    trace = pipeline.simulate(chain, SAMPLES)
    assert list(trace) == ["one", "two", "out"]
    expected = run_golden(skipping(), SAMPLES)
    for name in trace:
        assert (trace[name].v == expected[name].v).all()
        assert expected[name].s.any()


def test_a_divergence_names_the_layer_of_the_network(chain: Program) -> None:
    meaning = Exact(chain, SAMPLES)
    for neuron, name, index in ((1, "two", (1,)), (4, "level2", (4,))):
        spikes = meaning.trace["level2"].s.copy()
        spikes[3, 1, neuron] ^= 1
        changed = replace(
            meaning.trace["level2"], values={**meaning.trace["level2"].values, "s": spikes}
        )
        other = replace(meaning.trace, layers={**meaning.trace.layers, "level2": changed})
        link = meaning.compare("golden = lava", meaning.trace, other, 0.0)
        assert link.status == Status.DIFFERS
        assert link.divergence is not None
        assert (link.divergence.layer, link.divergence.neuron) == (name, index)


def test_relays_alone_are_silence(chain: Program) -> None:
    quiet = tuple(
        replace(
            n,
            parameters={
                **n.parameters,
                "threshold": np.where(n.parameters["threshold"] > 1, 9999, 1),
            },
        )
        if n in chain.layers
        else n
        for n in chain.nodes
    )
    meaning = Exact(Program(quiet, chain.output), SAMPLES)
    link = meaning.compare("golden = fast", meaning.trace, meaning.fast(), 0.0)
    assert link.status == Status.SILENT
    assert link.spikes == 0


EDITS = {"name": "other", "first": 2, "shape": [1], "phases": [1, 2]}


def verdict(artifact: Artifact) -> bool:
    """Return whether an artifact is verified as equal."""
    try:
        return pipeline.verified(artifact, samples=SAMPLES, simulator="none").equal
    except ArtifactError:
        return False


@pytest.mark.parametrize("field", EDITS)
def test_a_manifest_that_names_other_neurons_is_found(field: str, chain: Program) -> None:
    artifact = target.compile(chain)
    contract = json.loads(json.dumps(artifact.contract))
    assert verdict(replace(artifact, contract=contract))
    (part,) = contract["layers"][1]["parts"]
    assert part[field] != EDITS[field]
    part[field] = EDITS[field]
    assert not verdict(replace(artifact, contract=contract))
