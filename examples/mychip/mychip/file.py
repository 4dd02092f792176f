"""The chip's file: a program that `check` accepts as JSON, and JSON as a program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from mychip.check import check, layers_of
from mychip.neuron import EQUATIONS, NUMBERS
from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.errors import ArtifactError, NeurodeployError
from neurodeploy.program import Dense, Edge, Input, Neuron, Node, Program
from neurodeploy.target import require_fits

FILE = "network.json"
FORMAT = "mychip 1"


def compile_program(program: Program) -> Artifact:
    """Return the artifact of a program.

    Raises:
        DoesNotFitError: if `check` finds an error.
    """
    require_fits("mychip", check(program))
    layers = [_written(program, dense, neuron) for dense, neuron in layers_of(program)]
    first = {"name": program.input.name, "size": program.input.shape[0]}
    document = {"format": FORMAT, "input": first, "layers": layers}
    content = json.dumps(document, indent=1, sort_keys=True).encode()
    # What the host must know beside the file: here, that states are 0 before a sample.
    contract = {"reset": "every state is 0 before the first step of a sample"}
    return Artifact("mychip", {FILE: content}, contract, program_hashes(program))


def read_program(artifact: Artifact) -> Program:
    """Return the program that an artifact's file holds.

    Raises:
        ArtifactError: if it is not a file of this format, or is damaged.
    """
    document = document_in(artifact)
    try:
        size = document["input"]["size"]
        nodes: list[Node] = [Input(document["input"]["name"], (size,))]
        for layer in document["layers"]:
            nodes += _read(layer, nodes[-1].name)
        program = Program(tuple(nodes), nodes[-1].name)
        require_fits("mychip", check(program))
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise _damaged(error) from error
    return program


def document_in(artifact: Artifact) -> Mapping[str, Any]:
    """Return what the file says.

    Raises:
        ArtifactError: if it is not there, or is not a file of this format.
    """
    try:
        document = json.loads(artifact.files[FILE].decode())
        if document["format"] != FORMAT:
            raise ValueError(f"is not in the format {FORMAT!r}")
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(error) from error
    checked: Mapping[str, Any] = document
    return checked


def _written(program: Program, dense: Dense, neuron: Neuron) -> dict[str, Any]:
    shape = program.shapes[neuron.name]
    return {
        "synapse": dense.name,
        "neuron": neuron.name,
        "weights": dense.weight.tolist(),
        "thresholds": np.broadcast_to(neuron.parameters["threshold"], shape).tolist(),
        # What one unit means in the units of training; the chip does not need it.
        "exponents": [dense.exponent, neuron.exponent],
    }


def _read(layer: Mapping[str, Any], before: str) -> tuple[Node, Node]:
    synapse, name = str(layer["synapse"]), str(layer["neuron"])
    first, second = layer["exponents"]
    dense = Dense(synapse, Edge(before), np.asarray(layer["weights"]), first)
    values = {"threshold": np.asarray(layer["thresholds"])}
    return dense, Neuron(name, (Edge(synapse),), EQUATIONS, NUMBERS, values, second)


def _damaged(error: Exception) -> ArtifactError:
    words = error.message if isinstance(error, NeurodeployError) else repr(error)
    first = words.splitlines()[0] if words else "damaged"
    return ArtifactError(
        f"{FILE}: is not a file of mychip, or is damaged: {first}",
        remedy="export the model again",
    )
