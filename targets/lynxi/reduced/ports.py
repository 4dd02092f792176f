"""The inputs and outputs of the reduced modules' files, in order."""

from __future__ import annotations

from typing import Any

from targets.lynxi.reduced.branch import branches_of
from targets.lynxi.reduced.forms import WORST_STEPS, is_single
from targets.lynxi.reduced.names import identifiers
from targets.lynxi.reduced.plan import NetworkPlan, PlanPart

INPUT = "x"
FORMATS = ("pt", "onnx")


def reduced_forms(plan: NetworkPlan, steps: int) -> dict[str, Any]:
    """Return both forms: their files, inputs and outputs."""
    shape = list(plan.program.input.shape)
    layers, labels = plan.layers, labels_of(plan)
    branches = {b.name: b for part in layers for b in branches_of(plan, part)}
    states = [
        _port(state_label(labels, part, key), part.single, [1, *part.shape])
        for part in layers
        for key in part.states
    ]
    return {
        "steps": steps,
        "unrolled": {
            "files": [f"unrolled.{ending}" for ending in FORMATS],
            "inputs": [_port(INPUT, False, [steps, *shape])],
            "outputs": [_port(labels[p.name], False, [steps, *p.shape]) for p in layers],
        },
        "step": {
            "files": [f"step.{ending}" for ending in FORMATS],
            "inputs": [_port(INPUT, False, [1, *shape]), *states],
            "outputs": [
                *(_port(labels[p.name], False, [1, *p.shape]) for p in layers),
                *(port | {"name": f"{port['name']}_next"} for port in states),
            ],
        },
        "apart": {
            "files": ["apart.onnx"],
            "inputs": [_port(labels[b.name], False, [1, *b.shape]) for b in branches.values()],
            "outputs": [
                *(
                    _port(f"{labels[b.name]}_sums", is_single(b.part), [1, *b.part.shape])
                    for b in branches.values()
                ),
                *(
                    _port(f"{labels[p.name]}_spikes", False, [WORST_STEPS, *p.shape])
                    for p in layers
                ),
            ],
        },
    }


def labels_of(plan: NetworkPlan) -> dict[str, str]:
    """Return an identifier for every part."""
    return identifiers(part.name for part in plan.parts)


def state_label(labels: dict[str, str], part: PlanPart, key: str) -> str:
    """Return the name of a state among the inputs."""
    return f"{labels[part.name]}_{key}"


def _port(name: str, single: bool, shape: list[int]) -> dict[str, Any]:
    return {"name": name, "dtype": "float32" if single else "float16", "shape": shape}
