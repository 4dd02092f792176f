"""Programs to one ONNX file, with a contract for what the file leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.data.container.onnx import with_tensors
from neurodeploy.data.content import Content, Files
from neurodeploy.distribution import toolchain_version
from neurodeploy.graph import Graph
from neurodeploy.program import Input, Program
from neurodeploy.target import encoding_contract, require_fits
from targets.onnx.check import check, check_graph
from targets.onnx.description import Network, described
from targets.onnx.forms.forms import Assembly, Choices, GraphForm, write_step, write_unrolled
from targets.onnx.forms.scan import write_scan
from targets.onnx.writing.floats import float_parts
from targets.onnx.writing.parts import parts_of
from targets.onnx.writing.writer import annotate

FILE = "network.onnx"
PREFIX = "neurodeploy."
# This number changes when the same program would be written as another graph.
FORMAT = "1"
FLOATS = "no, in floats"

_WRITE = {
    GraphForm.SCAN: write_scan,
    GraphForm.STEP: write_step,
    GraphForm.UNROLLED: write_unrolled,
}


@dataclass(frozen=True)
class Written:
    """A model, its separate numbers, and the outputs that show every layer's spikes and states."""

    model: Any
    # The tensors of the graph by name, as messages.
    tensors: Mapping[str, Content]
    # By layer and state ("s" for spikes): one value over time, or one per step.
    shown: dict[tuple[str, str], tuple[Any, ...]]

    def content(self) -> Content:
        """Return the whole file: each tensor is a field of the graph, and that one of the model."""
        model = self.model.SerializeToString(deterministic=True)
        return with_tensors(model, self.tensors.values())


def compile_program(program: Program, choices: Choices) -> Artifact:
    """Return the artifact of a program: one file.

    Raises:
        DoesNotFitError: if `check` finds an error.
    """
    require_fits("onnx", check(program))
    return _artifact(program, choices)


def compile_graph(graph: Graph, choices: Choices) -> Artifact:
    """Return the artifact of a float network: one file, marked as not exact.

    Raises:
        DoesNotFitError: if `check_graph` finds an error.
    """
    require_fits("onnx", check_graph(graph))
    return _artifact(graph, choices)


def _artifact(network: Network, choices: Choices) -> Artifact:
    hashes = program_hashes(network)
    content = written(network, choices, hashes["sha256"]).content()
    return Artifact(
        "onnx",
        Files({FILE: content}),
        contract(network, choices),
        hashes,
        options=_options(choices),
    )


def _options(choices: Choices) -> dict[str, Any]:
    """Return the options of `compile` for these choices, without those that have no meaning."""
    options = asdict(choices) | {"form": choices.form.value}
    unsaid = {"steps"} if choices.form != GraphForm.UNROLLED else set[str]()
    return {key: value for key, value in options.items() if key not in unsaid}


def written(program: Network, choices: Choices, sha256: str) -> Written:
    """Return the model of a program, or of a float graph, with the given hash.

    Raises:
        DoesNotFitError: if a layer has no form in the file.
    """
    exact = isinstance(program, Program)
    parts = parts_of(program) if isinstance(program, Program) else float_parts(program)
    assembly = Assembly(parts, program.output, choices)
    _WRITE[choices.form](assembly)
    model = assembly.model()
    model.producer_name, model.producer_version = "neurodeploy", toolchain_version()
    names = {key: value.name for key, value in assembly.tensors.values.items()}
    powers = {part.name: part.power for part in parts if part.power is not None}
    notes = {
        "target": "onnx",
        "format": FORMAT,
        "exact": "every bit" if exact else FLOATS,
        "form": choices.form.value,
        "steps": str(choices.steps),
        "functions": _yes(choices.functions),
        "trace": _yes(choices.trace),
        "program": described(program, names, powers),
        "program_sha256": sha256,
    }
    annotate(model, {f"{PREFIX}{key}": value for key, value in notes.items()})
    return Written(model, assembly.contents, assembly.shown)


def contract(network: Network, choices: Choices) -> dict[str, Any]:
    """Return what the file's user must know."""
    first, exact = network.input, isinstance(network, Program)
    signal = first.signal.value if isinstance(first, Input) else "floats"
    return {
        "exact": exact,
        "input": {"shape": list(first.shape), "signal": signal} | encoding_contract(first.encoding),
        "layers": [
            {
                "name": node.name,
                "neuron": node.equations.name,
                "shape": list(network.shapes[node.name]),
                "exponent": node.exponent,
            }
            for node in network.layers
        ],
        "output": network.output,
        "options": {key: str(value) for key, value in asdict(choices).items()},
        # States are zero before the first step of every sample.
        "states": "zero",
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"
