"""The tables of docs/conformance.md say of each row and target what a network of it meets."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.flow import pipeline
from neurodeploy.program import Program
from neurodeploy.report import Report
from snncore import layer, neuron
from tests.conformance.networks import Case
from tests.conformance.neuron_rows import NEURONS
from tests.conformance.table_rows import LAYERS, Make

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/conformance.md").read_text("utf-8")
TARGETS = ("onnx", "lynxi", "loihi", "nir", "c", "rtl", "xylo")
# These are not layers or neurons of a network.
ABSTRACT = {
    "BatchNorm",
    "CUBA_LIF",
    "Defined",
    "EquationNeuron",
    "Join",
    "Layer",
    "Neuron",
    "Pair",
    "Reset",
    "StateLayer",
    "StepBatchNorm",
    "StepMode",
}


def table(first: str) -> dict[str, dict[str, str]]:
    """Return the cells of a table by row and target."""
    titles = " | ".join((first, "ONNX", "Lynxi", "Loihi", "NIR", "C", "RTL", "Xylo"))
    head = f"| {titles} |\n" + "|---" * (1 + len(TARGETS)) + "|\n"
    lines = PAGE.split(head)[1].split("\n\n")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines]
    return {name: dict(zip(TARGETS, cells, strict=True)) for name, *cells in rows}


STATED = table("neuron") | table("layer")
ROWS = NEURONS | LAYERS


def outcome(make: Make, target: str, path: Path) -> str:
    """Return what becomes of a network: exact, refused when it is prepared, or in floats."""
    torch.manual_seed(0)
    built = make()
    if isinstance(built, Case):
        return of_program(built, target, path)
    network, shape = built
    # Positive weights, so that neurons fire.
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.abs_().mul_(30 if has_izhikevich(network) else 3)
    x = (torch.rand(8, 3, *shape) < 0.5).float()
    try:
        on_grid = any(isinstance(each, quant.ChipNeuron) for each in network.modules())
        prepared = network if on_grid else quant.prepare(network, target=target, example=x)
        artifact = nd.export(prepared.eval(), target=target, path=path, example=x)
    except ValueError as error:
        require_reason(error)
        return "in floats" if goes_in_floats(network, target, x, path) else "refused"
    return equal(nd.verify(artifact, model=prepared, samples=x, simulator="none"))


def equal(report: Report) -> str:
    """Return the word for a report on which all agree, and in which something fired."""
    assert report.equal, report.to_text()
    return "exact"


def require_reason(error: Exception) -> None:
    """Check that an error begins with the layer and ends in a remedy."""
    assert re.match(r"[\w. ]+: .*\(.+\)", str(error), re.DOTALL), str(error)


def has_izhikevich(network: nn.Module) -> bool:
    return any(isinstance(each, neuron.Izhikevich) for each in network.modules())


def goes_in_floats(network: nn.Module, target: str, x: Tensor, path: Path) -> bool:
    """Return whether a target takes a group norm as it is."""
    if target != "onnx" or not any(isinstance(each, layer.GroupNorm) for each in network.modules()):
        return False
    artifact = nd.export(network.eval(), target=target, path=path, example=x)
    return nd.verify(artifact, model=network, samples=x, simulator="none").equal


def of_program(case: Case, target: str, path: Path) -> str:
    """Return what becomes of a program that no network in floats becomes."""
    try:
        artifact = pipeline.compiled(case.program, target=target).write(path)
    except nd.NeurodeployError as error:
        require_reason(error)
        return "refused"
    assert isinstance(nd.read(artifact), Program)
    return equal(nd.verify(artifact, samples=case.samples, simulator="none"))


def left_out(index: int, target: str) -> tuple[pytest.MarkDecorator, ...]:
    """Return the mark of a cell that is tried with --full alone: C and RTL take turns."""
    turn = ("c", "rtl")[index % 2]
    return (pytest.mark.thorough,) * (target in ("c", "rtl") and target != turn)


CELLS = [
    pytest.param(row, target, marks=left_out(index, target))
    for index, row in enumerate(ROWS)
    for target in TARGETS
]


@pytest.mark.parametrize(("row", "target"), CELLS)
def test_a_row_is_true(row: str, target: str, tmp_path: Path, full: bool) -> None:
    cell, makes = STATED[row][target], ROWS[row]
    stated = set(re.findall(r"\b(exact|refused|in floats)\b", cell))
    if not full and len(stated) > 1:
        makes = makes[: len(stated)]
    elif not full:
        # The targets take the row's networks in turn.
        makes = (makes[TARGETS.index(target) % len(makes)],)
    outcomes = {outcome(make, target, tmp_path / str(index)) for index, make in enumerate(makes)}
    assert outcomes == stated, cell


def test_every_target_has_a_column() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(TARGETS) == set(project["entry-points"]["neurodeploy.targets"])


def test_every_row_has_networks() -> None:
    assert list(STATED) == list(ROWS)


def test_no_cell_is_blank_and_a_refusal_says_why() -> None:
    for row, cells in STATED.items():
        for target, cell in cells.items():
            assert re.match(r"(exact|in floats|refused: .)", cell), (row, target)


def test_every_layer_and_neuron_has_a_row() -> None:
    stated: set[str] = set()
    for row in STATED:
        names = re.findall(r"`([\w.]+)`", row)
        kinds = [re.sub(r"\d?d$", "", name) for name in names if not name[0].isdigit()]
        for name in names:
            # `MaxPool1d`, `2d` is short for two names.
            stated |= {f"{kind}{name}" for kind in kinds} if name[0].isdigit() else {name}
    public = {name for name in (*layer.__all__, *neuron.__all__) if name[0].isupper()}
    assert public - ABSTRACT - stated == set()
