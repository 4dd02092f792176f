"""The kit fails a target for each thing that it owes and does not do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.program import Program
from neurodeploy.target import Finding, Severity, registry
from neurodeploy.testing import checks, controls
from neurodeploy.testing.checks import ConformanceError
from neurodeploy.testing.structures import build
from neurodeploy.testing.suite import Case
from neurodeploy.trace import LayerTrace, Trace

EXAMPLE = Path(__file__).parents[4] / "examples" / "mychip"
Fault = Callable[[Any], Any]
Check = Callable[[Any, Case, Path], object]


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example's target, which is installed for a test, and may be broken by it."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    from mychip.target import Mychip

    broken = Mychip()
    monkeypatch.setattr(registry, "targets", lambda: {"mychip": broken})
    return broken


@pytest.fixture
def case(chip: Any) -> Case:
    """A network that the target takes."""
    return Case("dense", build("dense", chip.examples["neuron"]))


def every_time_another(chip: Any) -> None:
    whole, number = chip.compile, count()

    def compile_once(program: Program) -> Artifact:
        artifact = whole(program)
        content = artifact.files["network.json"] + b" " * next(number)
        return replace(artifact, files={"network.json": content})

    chip.compile = compile_once


def without_hashes(chip: Any) -> None:
    whole = chip.compile
    chip.compile = lambda program: replace(whole(program), program={"sha256": "", "nodes": {}})


def contract_that_json_changes(chip: Any) -> None:
    whole = chip.compile
    chip.compile = lambda program: replace(whole(program), contract={"sizes": (1, 2)})


def another_threshold(chip: Any) -> None:
    whole = chip.read

    def read(artifact: Artifact) -> Program:
        program = whole(artifact)
        *nodes, last = program.nodes
        other = replace(last, parameters={"threshold": last.parameters["threshold"] + 1})
        return replace(program, nodes=(*nodes, other))

    chip.read = read


def nameless(chip: Any) -> None:
    chip.check = lambda _: (Finding(Severity.ERROR, "chip", "is full", "buy another"),)


def without_remedy(chip: Any) -> None:
    chip.check = lambda _: (Finding(Severity.ERROR, "output", "is too large"),)


def blind_to_weights(chip: Any) -> None:
    whole = chip.compile

    def compile_ones(program: Program) -> Artifact:
        artifact = whole(program)
        document = json.loads(artifact.files["network.json"])
        for layer in document["layers"]:
            layer["weights"] = [[1 for _ in row] for row in layer["weights"]]
        return replace(artifact, files={"network.json": json.dumps(document).encode()})

    chip.compile = compile_ones


def one_state_more(chip: Any) -> None:
    whole = chip.simulate

    def simulate(*arguments: Any, **options: Any) -> Trace:
        trace = whole(*arguments, **options)
        last = {key: value.copy() for key, value in trace["output"].values.items()}
        last["v"][3, 1, 2] += 1
        return Trace({**trace.layers, "output": LayerTrace(last)}, trace.output_layer)

    chip.simulate = simulate


def any_simulator(chip: Any) -> None:
    whole = chip.simulate
    chip.simulate = lambda artifact, samples, **_: whole(artifact, samples)


def raising_anything(chip: Any) -> None:
    chip.read = lambda artifact: json.loads(artifact.files["network.json"])["layers"]


def raising_in_lines(chip: Any) -> None:
    def read(artifact: Artifact) -> Program:
        raise ConformanceError("one line\nand another")

    chip.read = read


def compiles(chip: Any, case: Case, _: Path) -> None:
    checks.check_compiled(chip, case.program)


def reads(chip: Any, case: Case, _: Path) -> None:
    checks.check_read(chip, case.program)


def finds(chip: Any, case: Case, _: Path) -> None:
    checks.check_findings(chip, case.program)


def runs(chip: Any, case: Case, folder: Path) -> None:
    assert checks.check_simulator(chip, case, "python", folder) is None


def knows(chip: Any, case: Case, _: Path) -> None:
    checks.check_unknown_simulator(chip, case)


FAULTS: dict[str, tuple[Fault, Check, str]] = {
    "other bytes": (every_time_another, compiles, "other bytes the second time"),
    "no hashes": (without_hashes, compiles, "is not program_hashes"),
    "a tuple": (contract_that_json_changes, compiles, "changes when it is written as JSON"),
    "a threshold": (another_threshold, reads, "output is read back as another node"),
    "from the disk": (another_threshold, checks.check_folder, "another program is read"),
    "no node": (nameless, finds, "does not begin with the name of a node"),
    "no remedy": (without_remedy, finds, "has no remedy"),
    "no weights": (blind_to_weights, controls.check_changed_weight, "leaves every file as it is"),
    "one state": (one_state_more, runs, r"output.* step 3 of sample 1"),
    "any simulator": (any_simulator, knows, "takes a simulator of an unknown name"),
    "a traceback": (raising_anything, controls.check_truncated, r"JSONDecodeError.* not an Art"),
    "lines": (raising_in_lines, controls.check_truncated, "an error of several lines"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fails_its_check(name: str, chip: Any, case: Case, tmp_path: Path) -> None:
    fault, check, words = FAULTS[name]
    check(chip, case, tmp_path / "sound")
    fault(chip)
    with pytest.raises(ConformanceError) as caught:
        check(chip, case, tmp_path / "faulty")
    assert re.search(words, caught.value.message), caught.value.message


@pytest.mark.parametrize("name", controls.CONTROLS)
def test_a_control_fails_where_verify_finds_nothing(
    name: str, chip: Any, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controls.CONTROLS[name](chip, case, tmp_path / "sound")
    monkeypatch.setattr(controls, "problem_of", lambda *_: None)
    with pytest.raises(ConformanceError, match="verify"):
        controls.CONTROLS[name](chip, case, tmp_path / "blind")


def test_a_silent_network_shows_nothing(chip: Any) -> None:
    neuron = replace(chip.examples["neuron"], parameters={"threshold": 30000})
    with pytest.raises(ConformanceError, match="hidden, output sends nothing"):
        checks.check_spikes(Case("dense", build("dense", neuron)))
