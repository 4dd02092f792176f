"""Programs to one ONNX file, and what the file leaves open."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from neurodeploy.artifact import Artifact, program_hashes, toolchain_version
from neurodeploy.program import Program
from neurodeploy.target import require_fits
from targets.onnx.check import check
from targets.onnx.description import described
from targets.onnx.forms import Assembly, Choices, Form, write_step, write_unrolled
from targets.onnx.parts import parts_of
from targets.onnx.scan import write_scan
from targets.onnx.writer import annotate

FILE = "network.onnx"
PREFIX = "neurodeploy."
# Changes when the same program would be written as another graph.
FORMAT = "1"

_WRITE = {Form.SCAN: write_scan, Form.STEP: write_step, Form.UNROLLED: write_unrolled}


@dataclass(frozen=True)
class Written:
    """A model, and where it shows every layer's spikes and states."""

    model: Any
    # By layer and state ("s" for spikes): one value over time, or one a step.
    shown: dict[tuple[str, str], tuple[Any, ...]]


def compile_program(program: Program, choices: Choices) -> Artifact:
    """The artifact of a program: one file.

    Raises:
        DoesNotFitError: if `check` finds an error.
    """
    require_fits("onnx", check(program))
    hashes = program_hashes(program)
    model = written(program, choices, hashes["sha256"]).model
    content = model.SerializeToString(deterministic=True)
    return Artifact("onnx", {FILE: content}, contract(program, choices), hashes)


def written(program: Program, choices: Choices, sha256: str) -> Written:
    """The model of a program whose hash is given.

    Raises:
        DoesNotFitError: if a layer has no form in the graph.
    """
    parts = parts_of(program)
    assembly = Assembly(parts, program.output, choices)
    _WRITE[choices.form](assembly)
    model = assembly.model()
    model.producer_name, model.producer_version = "neurodeploy", toolchain_version()
    names = {key: value.name for key, value in assembly.tensors.values.items()}
    powers = {part.name: part.power for part in parts if part.power is not None}
    notes = {
        "target": "onnx",
        "format": FORMAT,
        "exact": "every bit",
        "form": choices.form.value,
        "steps": str(choices.steps),
        "functions": _yes(choices.functions),
        "trace": _yes(choices.trace),
        "program": described(program, names, powers),
        "program_sha256": sha256,
    }
    annotate(model, {f"{PREFIX}{key}": value for key, value in notes.items()})
    return Written(model, assembly.shown)


def contract(program: Program, choices: Choices) -> dict[str, Any]:
    """What whoever runs the file must know."""
    first = program.input
    return {
        "input": {"shape": list(first.shape), "signal": first.signal.value},
        "layers": [
            {
                "name": node.name,
                "neuron": node.equations.name,
                "shape": list(program.shapes[node.name]),
                "exponent": node.exponent,
            }
            for node in program.layers
        ],
        "output": program.output,
        "options": {key: str(value) for key, value in asdict(choices).items()},
        # States are zero before the first step of every sample.
        "states": "zero",
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"
