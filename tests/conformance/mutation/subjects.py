"""The artifacts that are changed: one of each form, small, with every kind of field in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from neurodeploy.artifact import Artifact, digest
from neurodeploy.flow import pipeline
from neurodeploy.frontend import graph_of
from neurodeploy.graph import Graph
from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Program
from neurodeploy.simulator import by_network_layer, run_golden
from neurodeploy.simulator.floats import run_floats
from snncore import layer, neuron
from targets.loihi.branches import as_chain
from tests.conformance.driving import driven_case
from tests.conformance.messages import message_case
from tests.conformance.networks import Case, random_case, timed_case
from tests.conformance.resonating import resonating_case
from tests.unit.neurodeploy.target.test_price import skipping
from tests.unit.targets.lynxi.programs import image, neurons, spikes

STEPS = 5


@dataclass(frozen=True)
class Subject:
    """An artifact in memory, what it was made from, and samples that make it fire."""

    artifact: Artifact
    network: Program | Graph
    samples: Any


# The hash of the file that each model is said to be in.
MODEL = digest(b"a model's file")


def _of(network: Program | Graph, samples: Any, target: str, **options: Any) -> Subject:
    artifact = pipeline.compiled(network, target=target, **options)
    return Subject(replace(artifact, model_sha256=MODEL), network, samples)


def _first(make: Callable[[int], Case], wanted: Callable[[Program], bool]) -> Subject:
    """The first small case of its kind that fires."""
    for seed in range(400):
        case = make(seed)
        samples = case.samples[:STEPS, :2]
        small = case.program.parameter_count() < 300
        if small and wanted(case.program) and run_golden(case.program, samples).spikes():
            return _of(case.program, samples, "loihi")
    raise AssertionError(f"no case of {make.__name__} is small and fires")


def _kinds(*kinds: str) -> Callable[[Program], bool]:
    return lambda program: set(kinds) <= {type(node).__name__ for node in program.nodes}


def _delays(program: Program) -> bool:
    return any(getattr(node, "delays", None) is not None for node in program.nodes)


def _floats() -> Subject:
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        layer.Conv2d(1, 2, 3, bias=True),
        neuron.LIF(tau=3.0, threshold=0.2),
        layer.Flatten(),
        layer.Linear(8, 3, bias=True),
        neuron.IF(threshold=0.2),
    )
    graph = graph_of(network.eval(), shape=(1, 4, 4))
    samples = np.random.default_rng(0).integers(0, 2, (STEPS, 2, 1, 4, 4)).astype(float)
    assert run_floats(graph, samples).spikes()
    return _of(graph, samples, "onnx")


def _image(target: str, **options: Any) -> Subject:
    program = image()
    return _of(program, spikes(program, STEPS, 2), target, **options)


def _small_image() -> Subject:
    rng = np.random.default_rng(1)
    nodes = (
        Input("in", (1, 3, 3)),
        Conv2d("conv", Edge("in"), rng.integers(5, 30, (2, 1, 2, 2))),
        neurons("lif", "conv", leak=32, threshold=60),
        Flatten("flat", Edge("lif")),
        Dense("dense", Edge("flat"), rng.integers(-10, 30, (2, 8))),
        neurons("out", "dense", threshold=70),
    )
    program = Program(nodes, "out")
    samples = spikes(program, 3, 2)
    assert run_golden(program, samples).spikes()
    return _of(program, samples, "lynxi", steps=3)


def _branches() -> Subject:
    """A chain whose second layer holds one of the network, and relays."""
    chain = as_chain(skipping())
    samples = spikes(chain, 8, 2)
    assert by_network_layer(chain, run_golden(chain, samples)).spikes()
    return _of(chain, samples, "loihi")


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "loihi, images": lambda: _first(random_case, _kinds("Conv2d", "Flatten", "Dense")),
    "loihi, delays": lambda: _first(timed_case, _delays),
    "loihi, driven": lambda: _first(driven_case, _kinds()),
    "loihi, messages": lambda: _first(message_case, _kinds()),
    "loihi, branches": _branches,
    "loihi, resonators": lambda: _first(resonating_case, _kinds()),
    "onnx, scan": lambda: _image("onnx", form="scan", trace=True),
    "onnx, step": lambda: _image("onnx", form="step", functions=False),
    "onnx, unrolled": lambda: _image("onnx", form="unrolled", steps=STEPS),
    "onnx, floats": _floats,
    "lynxi": _small_image,
    "c, by event": lambda: _image("c", form="event"),
    "c, dense": lambda: _image("c", form="dense"),
}
