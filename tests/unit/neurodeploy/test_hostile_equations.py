"""Equations made to cost everything, through every file that they may come in."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from neurodeploy import graph, program
from neurodeploy.artifact import Artifact
from neurodeploy.flow import pipeline
from neurodeploy.frontend import graph_of, load, save
from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from snncore import layer
from snncore.dynamics import Equations
from snncore.neuron.define import Defined
from targets.lynxi import target as lynxi
from targets.onnx import target as onnx_target
from tests.unit import hostile_equations as hostile
from tests.unit.confined import confined

WIDE = "may have more than 256 bits"
MANY = "operations, more than 1024"
# What each consumer says of each: a part of its one error, or nothing where it has an answer.
Words = dict[str, str]


def network(equations: Equations) -> Program:
    """Return weights and neurons of these equations."""
    parameters = {"p": np.array([1, 2, 3]), "q": np.array(1)}
    neurons = Neuron("n", (Edge("d"),), equations, hostile.SYSTEM, parameters)
    weight = np.array([[5, -3], [2, 2], [1, 0]])
    return Program((Input("in", (2,)), Dense("d", Edge("in"), weight), neurons), "n")


PLAIN = hostile.deep(1)


def exchanged(text: str, equations: Any) -> str:
    """Return a document with other equations in it."""
    document = json.loads(text)

    def walk(part: Any) -> None:
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            if isinstance(value, dict) and "next_states" in value:
                part[key] = equations
            elif isinstance(value, dict | list):
                walk(value)

    walk(document)
    return json.dumps(document)


def of_program(document: Any) -> Any:
    text = exchanged(program.dumps(network(PLAIN)), document)
    return pipeline.simulate(program.loads(text), np.ones((2, 1, 2), int), engine="fast")


def of_graph(document: Any) -> Any:
    nodes = (
        graph.Input("in", (3,)),
        graph.Neuron("n", Edge("in"), PLAIN, {"p": np.ones(()), "q": np.ones(())}, hostile.SYSTEM),
    )
    text = exchanged(graph.dumps(graph.Graph(nodes, "n")), document)
    return pipeline.simulate(graph.loads(text), np.ones((2, 1, 3)))


def of_onnx(document: Any) -> Any:
    artifact = onnx_target.compile(network(PLAIN))
    model = onnx.load_from_string(artifact.files["network.onnx"])
    entry = next(each for each in model.metadata_props if each.key == "neurodeploy.program")
    entry.value = exchanged(entry.value, document)
    return onnx_target.read(Artifact("onnx", {"network.onnx": model.SerializeToString()}))


def of_lynxi(equations: Any) -> Any:
    from tests.unit.targets.lynxi.programs import dense

    package = lynxi.compile(dense(leak=32), steps=1)
    text = exchanged(package.files["network.json"].decode(), equations)
    document = json.loads(text)
    for node in document["nodes"]:
        if node["op"] == "neuron":
            one = next(iter(node["parameters"].values()))
            node["parameters"] = {"p": one, "q": one}
            node["number_system"] = hostile.SYSTEM.to_json()
    files = {**package.files, "network.json": json.dumps(document).encode()}
    return lynxi.read(replace(package, files=files))


CONSUMERS: dict[str, tuple[Callable[[Any], Any], Words]] = {
    "program": (of_program, {"squares": WIDE, "endless": MANY}),
    "graph": (of_graph, {"endless": MANY}),
    "onnx": (
        of_onnx,
        {
            "squares": WIDE,
            "endless": MANY,
            "deep": "operations deep, more than 128",
            "choices": "numbers are not those that were exported",
            "doubled": "numbers are not those that were exported",
            "registers": "clip has no integer form",
        },
    ),
    "lynxi": (
        of_lynxi,
        {
            "squares": WIDE,
            "endless": MANY,
            "deep": "operations deep, more than 128",
            "choices": "network.json: ",
            "doubled": "network.json: ",
            "registers": "clip has no integer form",
        },
    ),
}
DOCUMENTS = {name: each.to_json() for name, each in hostile.ALL.items()} | {
    "endless": hostile.endless()
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_a_file_of_them_is_one_clear_error_or_has_an_answer(consumer: str, name: str) -> None:
    work, words = CONSUMERS[consumer]
    said = confined(lambda: bool(work(DOCUMENTS[name])))
    kind = said.partition(":")[0]
    if name in words:
        assert kind in ("ArtifactError", "ValidationError", "DoesNotFitError"), said
        assert words[name] in said
        assert len(said) < 600
    elif name == "registers":
        assert "clip has no integer form" in said
    else:
        assert said == "done: True"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_model_file_of_them(name: str, tmp_path: Path) -> None:
    values = {"p": 0.5, "q": 1.0}
    weights = layer.Linear(3, 2)
    # Squared again and again, a larger value would overflow.
    torch.nn.init.constant_(weights.weight, 0.1)
    network = torch.nn.Sequential(weights, Defined(PLAIN, values, {"v": 0.0}))
    save(network, tmp_path / "model.pt", example=torch.zeros(1, 1, 3))
    document = torch.load(tmp_path / "model.pt", weights_only=True)  # noqa: TID251
    for entry in document["layers"].values():
        if "equations" in str(entry):
            _put(entry, DOCUMENTS[name])
    torch.save(document, tmp_path / "model.pt")  # noqa: TID251

    def work() -> bool:
        graph = graph_of(load(tmp_path / "model.pt"))
        return bool(pipeline.simulate(graph, np.ones((2, 1, 3))))

    said = confined(work, megabytes=1024)
    if name == "endless":
        # The file's own limits come before those of equations.
        assert said.startswith("ModelFileError: ")
        assert "nested without end" in said
    else:
        assert said == "done: True"


def _put(entry: Any, document: Any) -> None:
    for key, value in entry.items() if isinstance(entry, dict) else enumerate(entry):
        if key == "equations":
            entry[key] = document
        elif isinstance(value, dict | list):
            _put(value, document)


def test_a_sum_beyond_64_bits_does_not_wrap_in_its_range() -> None:
    """Ranges are proved, also where weights are as large as they may be."""
    weight = np.full((1, 8), 1 << 61)
    node = Dense("d", Edge("in"), weight)
    assert node.sum_range(program.ranges.Interval(0, 1)).high == 1 << 64
