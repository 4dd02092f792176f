"""Errors that a third party's target raises by mistake name its package, in every function."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.chips.resources import LayerOperations
from neurodeploy.errors import PluginError, SimulatorError, ValidationError
from neurodeploy.flow import pipeline
from neurodeploy.target import KnowsChips, Simulation, TakesFloats, Target, on_chip, targets
from targets.loihi import target as loihi
from tests.unit.neurodeploy.cli.helpers import Caller
from tests.unit.plugins import installed
from tests.unit.programs import small

# Every function raises what FAULT is.
SOURCE = """
from neurodeploy.target import Capabilities

FAULT = Exception()


def fail(*_, **__):
    raise FAULT


class Chip:
    name = "tiny"
    capabilities = Capabilities("Tiny", (), (), suffixes=(".tiny",))
    simulators = {"own": None}
    check = compile = read = simulate = placements = energies = fail
    check_graph = compile_graph = holds_floats = read_graph = fail


chip = Chip()
"""
ARTIFACT = Artifact("tiny", {"x.tiny": b""})
SAMPLES = np.zeros((2, 1, 2))
CALLS: dict[str, Any] = {
    "check": lambda chip: pipeline.check(small(), "tiny"),
    "compile": lambda chip: pipeline.compiled(small(), target="tiny"),
    "read": lambda chip: chip.read(ARTIFACT),
    "holds_floats": lambda chip: pipeline.verified(ARTIFACT),
    "simulate": lambda chip: chip.simulate(ARTIFACT, SAMPLES, simulation=Simulation()),
    "placements": lambda chip: on_chip(chip, small()),
    "energies": lambda chip: chip.energies((LayerOperations("n", 1.0, 1.0, 1.0),)),
    "check_graph": lambda chip: chip.check_graph(None),
    "compile_graph": lambda chip: chip.compile_graph(None, form="step"),
    "read_graph": lambda chip: chip.read_graph(ARTIFACT),
}


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[Any]:
    """The module of an installed distribution, whose FAULT its target raises."""
    with installed(tmp_path, "tiny_faulty", SOURCE, "2.5", tiny="chip"):
        assert "tiny" in targets()
        yield sys.modules["tiny_faulty"]


@pytest.mark.parametrize("name", CALLS)
def test_every_function_says_whose_it_is(name: str, chip: Any) -> None:
    chip.FAULT = ZeroDivisionError("division\nby zero")
    with pytest.raises(PluginError) as caught:
        CALLS[name](targets()["tiny"])
    error = caught.value
    assert error.message == (
        f"target tiny (tiny_faulty:chip of tiny-faulty 2.5): {name} raised "
        "ZeroDivisionError: division"
    )
    assert "a defect of tiny-faulty, not of neurodeploy" in str(error.remedy)
    assert "pip uninstall tiny-faulty" in str(error.remedy)
    assert error.exit_code == 70
    assert error.__cause__ is chip.FAULT


@pytest.mark.parametrize("kind", [KeyError, NotImplementedError, SystemExit, RecursionError])
def test_any_exception_is_told_and_even_leaving(kind: type[BaseException], chip: Any) -> None:
    chip.FAULT = kind()
    with pytest.raises(PluginError) as caught:
        targets()["tiny"].check(small())
    assert caught.value.message.endswith(f": check raised {kind.__name__}")


@pytest.mark.parametrize(
    "error", [ValidationError("a: b"), SimulatorError("c"), KeyboardInterrupt()]
)
def test_our_own_errors_and_interrupts_pass_unchanged(error: BaseException, chip: Any) -> None:
    chip.FAULT = error
    with pytest.raises(type(error)) as caught:
        targets()["tiny"].check(small())
    assert caught.value is error
    assert not hasattr(error, "__notes__")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "a.bin"), "a.bin: No space left on device"),
        (MemoryError(), "there is not enough memory"),
    ],
)
def test_the_machines_conditions_keep_their_kind(
    error: Exception, words: str, chip: Any, call: Caller, here: Path
) -> None:
    chip.FAULT = error
    done = call("inspect", "model.pt")
    assert done.code == 2
    assert done.errors == [f"error: {words}"]
    assert "in check of target tiny (tiny_faulty:chip of tiny-faulty 2.5)" in done.err


def test_the_command_line_names_it_and_shows_where_it_is(
    chip: Any, call: Caller, here: Path
) -> None:
    chip.FAULT = KeyError("b")
    words = ("export", "model.pt", "--target", "tiny", "-o", "out")
    done = call(*words)
    assert done.code == 70
    assert done.errors == [
        "error: target tiny (tiny_faulty:chip of tiny-faulty 2.5): check raised KeyError: 'b'"
    ]
    assert "remedy: this is a defect of tiny-faulty, not of neurodeploy" in done.err
    assert "Traceback" not in done.err
    assert not (here / "out").exists()
    traceback = call(*words, "--debug").err
    assert "Traceback" in traceback
    assert "tiny_faulty.py" in traceback
    document = call(*words, "--json").document["error"]
    assert (document["type"], document["exit_code"]) == ("PluginError", 70)


def test_what_a_target_is_and_can_do_is_kept(chip: Any) -> None:
    target = targets()["tiny"]
    assert isinstance(target, Target)
    assert isinstance(target, KnowsChips)
    assert isinstance(target, TakesFloats)
    assert (target.name, target.simulators) == ("tiny", {"own": None})
    assert target.capabilities is chip.chip.capabilities
    assert "Chip object" in repr(target)


def test_ours_are_as_they_are() -> None:
    # What one of ours raises is a defect of ours, and told as such: see test_entry.
    assert targets()["loihi"] is loihi
