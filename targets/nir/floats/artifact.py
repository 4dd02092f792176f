"""Networks in floats to NIR files and back: the metadata hold the graph, beside NIR's nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact, program_hashes, tools_here
from neurodeploy.data.narrow import pieces
from neurodeploy.errors import ArtifactError, NeurodeployError, ValidationError
from neurodeploy.graph import Conv2d, Dense, Graph, loads
from neurodeploy.target import Finding, Severity, require_fits
from targets.nir.compile import FILE, VERSION, seconds_of
from targets.nir.file.checked import Group, difference, opened
from targets.nir.file.description import GROUP, MARK
from targets.nir.file.tree import Tree, file_of, h5py_module
from targets.nir.floats.nodes import float_nodes
from targets.nir.floats.profiled import profile_of, seconds_for
from targets.nir.floats.receivers import receiver_findings
from targets.nir.foreign.profiles import SPEC, Profile

# This number changes when the same network would be written as another file.
_SCHEMA = "floats 1"
_DT = 1e-4
_AGAIN = "export the model again"


def check_graph(graph: Graph) -> tuple[Finding, ...]:
    """Return every error of a float network, and warnings: of floats, and of receivers."""
    message = "the network is in floats: receivers may round it otherwise, in the last bits"
    remedy = "quantize it for an exact one: quant.prepare, or neurodeploy quantize"
    note = Finding(Severity.WARNING, graph.output, message, remedy)
    for node in graph.nodes:
        if isinstance(node, Dense | Conv2d) and _is_double(node):
            words, way = "its weights need double precision", "use network.float()"
            return Finding(Severity.ERROR, node.name, words, way), note
    try:
        nodes, edges = float_nodes(graph, _DT)
    except NeurodeployError as error:
        name, _, words = error.message.partition(": ")
        if name not in graph.by_name:
            name, words = graph.output, error.message
        return Finding(Severity.ERROR, name, words, error.remedy or "use --target onnx"), note
    profile = profile_of(graph)
    marked = () if profile.name == SPEC else (_mark(graph, profile),)
    return (note, *marked, *receiver_findings(graph, nodes, edges, seconds_for(profile, _DT)))


def _mark(graph: Graph, profile: Profile) -> Finding:
    message = f"the file means this network as {profile.title} reads it, and by no other reading"
    remedy = f"give others --profile {profile.name}, or convert with --profile spec"
    return Finding(Severity.WARNING, graph.output, message, remedy)


def _is_double(node: Dense | Conv2d) -> bool:
    weights = np.asarray(node.narrow_weight)
    return any((piece.astype(np.float32) != piece).any() for piece in pieces(weights))


def compile_graph(graph: Graph, dt: str) -> Artifact:
    """Return the artifact of a float network: one file, marked as not exact.

    Raises:
        DoesNotFitError: if `check_graph` finds an error.
        ValidationError: if dt is not the seconds of a step.
    """
    asked = seconds_of(dt)
    require_fits("nir", check_graph(graph))
    profile = profile_of(graph)
    seconds = seconds_for(profile, asked)
    return Artifact(
        "nir",
        {FILE: file_of(_tree(graph, seconds))},
        _contract(graph, seconds, profile),
        program_hashes(graph),
        options={"dt": repr(seconds)},
        tools=tools_here() | {"h5py": h5py_module().version.version},
    )


def _tree(graph: Graph, dt: float) -> Tree:
    nodes, edges = float_nodes(graph, dt)
    own: dict[str, Any] = {
        "schema": _SCHEMA,
        "dt": np.array(dt, dtype=np.float64),
        "graph": graph.dumps(),
        MARK: graph.sha256,
    }
    profile = profile_of(graph).name
    if profile != SPEC:
        own["profile"] = profile
    whole: Tree = {"type": "NIRGraph", "nodes": nodes, "edges": edges, "metadata": {GROUP: own}}
    return {"version": VERSION, "node": whole}


def _contract(graph: Graph, dt: float, profile: Profile) -> dict[str, Any]:
    reading = {} if profile.name == SPEC else {"profile": profile.name}
    layers = [
        {
            "name": node.name,
            "neuron": node.equations.name,
            "shape": list(graph.shapes[node.name]),
            "exponent": None,
        }
        for node in graph.layers
    ]
    first = {"shape": list(graph.input.shape), "signal": "floats"}
    return {"nir": VERSION, "exact": False, "dt": dt, "input": first} | {
        "layers": layers,
        "output": graph.output,
        "states": "zero",
        **reading,
    }


def holds_floats(artifact: Artifact) -> bool:
    """Return whether an artifact's file contains a float network of ours."""
    content = next((artifact.files[n] for n in artifact.files if n.endswith(".nir")), b"")
    # Texts of ours have a fixed length, and stand in the file as they are.
    return _SCHEMA.encode() in content


def open_graph(artifact: Artifact) -> tuple[Graph, float]:
    """Return the float network in an artifact's file, and the seconds of a step.

    Raises:
        ArtifactError: if it is not a file of ours, is damaged, or was edited.
    """
    where = str(artifact.path or "the artifact")
    content = next((artifact.files[n] for n in artifact.files if n.endswith(".nir")), b"")
    try:
        with opened(content) as root:
            own = _own(root)
            if own.text("schema") != _SCHEMA:
                raise ArtifactError("holds no network in floats of this format")
            graph, dt = loads(own.text("graph")), float(own.array("dt").item())
            words = difference(_tree(graph, seconds_of(repr(dt))), root)
    except (NeurodeployError, ValueError, RecursionError) as error:
        message = error.message if isinstance(error, NeurodeployError) else str(error)
        raise ArtifactError(f"{where}: {message}", remedy=_AGAIN) from error
    if words is not None:
        raise ArtifactError(f"{where}: was edited: {words}", remedy=_AGAIN)
    return graph, dt


def _own(root: Group) -> Group:
    if "node" not in root.names or "metadata" not in root.group("node").names:
        raise ValidationError("was not written by neurodeploy")
    return root.group("node").group("metadata").group(GROUP)
