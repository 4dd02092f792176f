"""Helpers of the target's tests: programs, and files taken apart."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from neurodeploy.artifact import Artifact
from neurodeploy.program import Dense, Edge, Input, Program, Signal
from targets.onnx import target
from targets.onnx.compile import FILE
from tests.unit.programs import Array, neurons


def wide(weight: Array, *, signal: Signal = Signal.SPIKES) -> Program:
    """Return one layer with these weights."""
    inputs = Input("in", (weight.shape[1],), signal)
    return Program((inputs, Dense("d", Edge("in"), weight), neurons("n", "d")), "n")


def model_of(program: Program, **options: Any) -> onnx.ModelProto:
    """Return the model that a program is written as."""
    return onnx.load_from_string(target.compile(program, **options).files[FILE])


def bare(model: onnx.ModelProto | bytes) -> Artifact:
    """Return a file by itself, as if it were taken from a folder."""
    content = model if isinstance(model, bytes) else model.SerializeToString()
    return Artifact("onnx", {FILE: content})


def alone(artifact: Artifact) -> Artifact:
    """Return the artifact's file without its manifest."""
    return replace(artifact, contract={}, program={})


def nodes_of(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Return every node, those in functions and bodies of scans too."""
    nodes: list[onnx.NodeProto] = []
    pending = [*model.graph.node, *(node for f in model.functions for node in f.node)]
    while pending:
        node = pending.pop()
        nodes.append(node)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                pending += attribute.g.node
    return nodes


def weights(*shape: int, low: int, high: int, seed: int = 0) -> Array:
    """Return random integers, both ends among them."""
    values = np.random.default_rng(seed).integers(low, high + 1, shape)
    values.reshape(-1)[:2] = low, high
    return values
