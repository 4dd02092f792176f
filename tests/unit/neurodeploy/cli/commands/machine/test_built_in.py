"""Simulators that are a target's own code: shown, and never installed."""

from typing import ClassVar

import pytest

from neurodeploy.proof import SOLVERS
from neurodeploy.target import BuiltIn, Capabilities
from tests.unit.neurodeploy.cli.helpers import Caller, refused


class Chip:
    """A target with a simulator of its own."""

    name = "chip"
    capabilities = Capabilities("A chip", ("dense",), ("IF",))
    simulators: ClassVar = {"own": BuiltIn("own", "the chip's own integers")}


@pytest.fixture(autouse=True)
def _one_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurodeploy.target.targets", lambda: {"chip": Chip})


def test_it_is_shown_as_built_in(call: Caller) -> None:
    (chip,) = call("targets", "--json").document["targets"]
    assert chip["simulators"] == {"own": "built in"}


def test_there_is_nothing_to_install(call: Caller) -> None:
    (solvers,) = call("simulators", "--json").document["simulators"]
    # They belong to no target.
    assert solvers["name"] == SOLVERS.name
    refused(call("simulators", "install", "own"), 2, "'own'")
