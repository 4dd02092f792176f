"""Programs to one NIR file, with golden vectors beside it, and a contract for the rest."""

from __future__ import annotations

from math import isfinite
from typing import Any

from neurodeploy.artifact import Artifact, program_hashes, tools_here
from neurodeploy.errors import ValidationError
from neurodeploy.program import Program
from neurodeploy.target import encoding_contract, require_fits
from targets.nir.check import check
from targets.nir.file.description import CONVENTIONS, GROUP, described
from targets.nir.file.tree import Tree, file_of, h5py_module
from targets.nir.file.vectors import SAMPLES, steps_of, vectors_of
from targets.nir.graph.names import Names
from targets.nir.graph.nodes import nodes_of

FILE = "network.nir"
VECTORS = "vectors.h5"
# The version of NIR whose meaning the file has.
VERSION = "1.0.8"


def compile_program(program: Program, dt: str) -> Artifact:
    """Return the artifact of a program: NIR's graph, and golden vectors unless it is large.

    Raises:
        DoesNotFitError: if `check` finds an error.
        ValidationError: if dt is not the seconds of a step.
    """
    seconds = seconds_of(dt)
    require_fits("nir", check(program))
    names = Names(node.name for node in program.nodes).of
    files = {}
    if steps_of(program):
        # Before the file is in memory.
        files[VECTORS] = vectors_of(program, names, seconds)
    files[FILE] = file_of(tree_of(program, seconds))
    return Artifact(
        "nir",
        files,
        contract(program, names, seconds),
        program_hashes(program),
        options={"dt": repr(seconds)},
        tools=tools_here() | {"h5py": h5py_module().version.version},
    )


def seconds_of(dt: str) -> float:
    """Return the seconds of a step.

    Raises:
        ValidationError: if they are not a positive number.
    """
    try:
        seconds = float(dt)
    except ValueError:
        seconds = 0.0
    if not (isfinite(seconds) and 1e-9 <= seconds <= 1e3):
        raise ValidationError(
            f"option dt: {dt!r:.80} is not the seconds of a step", remedy="such as dt=0.001"
        )
    return seconds


def tree_of(program: Program, dt: float) -> Tree:
    """Return the content of the file of a program.

    Raises:
        DoesNotFitError: if NIR cannot hold it; names the layer.
    """
    nodes, edges = nodes_of(program, dt)
    metadata = {GROUP: described(program, dt)}
    graph: Tree = {"type": "NIRGraph", "nodes": nodes, "edges": edges, "metadata": metadata}
    return {"version": VERSION, "node": graph}


def contract(program: Program, names: dict[str, str], dt: float) -> dict[str, Any]:
    """Return what a receiver must be told."""
    first = program.input
    _, samples, _, seed = SAMPLES
    steps = steps_of(program)
    vectors = {"file": VECTORS, "steps": steps, "samples": samples, "seed": seed}
    return {
        "nir": VERSION,
        "dt": dt,
        "conventions": dict(CONVENTIONS),
        "input": {
            "name": names[first.name],
            "shape": list(first.shape),
            "signal": first.signal.value,
        }
        | encoding_contract(first.encoding),
        "layers": [
            {
                "name": node.name,
                "node": names[node.name],
                "neuron": node.equations.name,
                "shape": list(program.shapes[node.name]),
                "exponent": node.exponent,
            }
            for node in program.layers
        ],
        "output": program.output,
        "vectors": vectors if steps else None,
        # States are zero before the first step of every sample.
        "states": "zero",
    }
