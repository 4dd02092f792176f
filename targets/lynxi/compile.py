"""Programs to a package: network.json, weights.bin, the reduced modules and golden vectors."""

from __future__ import annotations

import json
from typing import Any

from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.data.content import Content, Files
from neurodeploy.errors import ValidationError
from neurodeploy.program import Program
from neurodeploy.target import chip_part, decoder_contract, encoding_contract, require_fits
from targets.lynxi.capabilities import STEPS
from targets.lynxi.check import check
from targets.lynxi.package.consistency import SCRIPT, described, script_text
from targets.lynxi.package.document import DOCUMENT, WEIGHTS
from targets.lynxi.package.golden import GOLDEN
from targets.lynxi.package.packer import Packer
from targets.lynxi.package.schema import SCHEMA_FILE, schema_text
from targets.lynxi.reduced.plan import NetworkPlan, plan_of
from targets.lynxi.vendor.onnx_file import apart_onnx, step_onnx, unrolled_onnx
from targets.lynxi.vendor.torchscript import step_script, unrolled_script

_MOST_STEPS = 4096


def compile_program(program: Program, steps: int = STEPS) -> Artifact:
    """Return the package of a program.

    Raises:
        DoesNotFitError: if `check` finds an error.
        ValidationError: if the steps cannot be unrolled.
    """
    if not 1 <= steps <= _MOST_STEPS:
        raise ValidationError(f"option steps: {steps} is not in 1..{_MOST_STEPS}")
    body = chip_part(program)
    require_fits("lynxi", check(body))
    plan = plan_of(body)
    return Artifact(
        "lynxi",
        _files(plan, steps),
        _contract(plan, steps) | decoder_contract(program),
        program_hashes(program),
        options={"steps": steps},
    )


def _files(plan: NetworkPlan, steps: int) -> Files:
    weights, golden = Packer(WEIGHTS), Packer(GOLDEN)
    document = described(plan, steps, weights, golden)
    contents: dict[str, bytes | Content] = {
        DOCUMENT: (json.dumps(document, indent=1) + "\n").encode(),
        WEIGHTS: weights.content(),
        GOLDEN: golden.content(),
        SCHEMA_FILE: schema_text(document),
        "unrolled.onnx": unrolled_onnx(plan, steps),
        "step.onnx": step_onnx(plan),
        "apart.onnx": apart_onnx(plan),
        "unrolled.pt": unrolled_script(plan, steps),
        "step.pt": step_script(plan),
        SCRIPT: script_text(),
    }
    return Files(contents)


def _contract(plan: NetworkPlan, steps: int) -> dict[str, Any]:
    program = plan.program
    first = program.input
    entry = {"shape": list(first.shape), "signal": first.signal.value}
    return {
        "input": entry | encoding_contract(first.encoding),
        "layers": [part.name for part in plan.layers],
        "output": program.output,
        "level": plan.level.value,
        "steps": steps,
    }
