"""`inspect --emulate`: what an artifact of C takes of an emulated processor."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import SimulatorError, UnknownNameError
from neurodeploy.flow import pipeline
from targets.c import target
from targets.c.read import open_network
from targets.c.simulators.emulate import emulation_of
from tests.unit.neurodeploy.cli.helpers import Caller
from tests.unit.programs import small

pytestmark = pytest.mark.usefixtures("zig")


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    """Return a small network as C."""
    return target.compile(small())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Caller:
    """Return the command line, in this process."""
    return Caller(capsys)


def edited(artifact: Artifact, text: str) -> Artifact:
    """Return an artifact with another network.c, which no reader would open."""
    return replace(artifact, files={**artifact.files, "network.c": text.encode()})


@pytest.mark.parametrize("processor", target.processors)
def test_memory_and_instructions_are_those_of_the_text(processor: str, artifact: Artifact) -> None:
    each = target.emulation(artifact, processor)
    assert each.steps > 1
    assert 50 < each.instructions_a_step < 5_000
    assert 100 < each.flash < 3_000
    # One nd_network, as the header says.
    (needed,) = (
        use.used for use in target.placements(small())[0].cores[0].uses if use.what == "RAM"
    )
    assert each.ram == needed
    # A step that is computed twice takes more.
    text = bytes(artifact.files["network.c"]).decode()
    body = text.index("void nd_step(")
    line = text.index("{", body) + 1
    loop = "\n    volatile int32_t wasted;\n    for (wasted = 0; wasted < 1000; wasted++) {}"
    slower = edited(artifact, text[:line] + loop + text[line:])
    longer = emulation_of(slower, open_network(artifact), processor)
    assert longer.instructions_a_step > each.instructions_a_step + 3_000


def test_outputs_that_are_not_golden_s_are_an_error(artifact: Artifact) -> None:
    text = bytes(artifact.files["network.c"]).decode()
    changed = re.sub(r"(t\d+ = t\d+) > 0;", r"\1 <= 0;", text)
    assert changed != text
    with pytest.raises(SimulatorError, match="its outputs are not golden's"):
        emulation_of(edited(artifact, changed), open_network(artifact), "cortex-m4")


def test_an_unknown_processor_is_named(artifact: Artifact) -> None:
    with pytest.raises(UnknownNameError, match="'z80' is emulated; there are cortex-m4, riscv32"):
        target.emulation(artifact, "z80")


def test_the_command_shows_it(artifact: Artifact, run: Caller, tmp_path: Path) -> None:
    artifact.write(tmp_path / "c")
    result = run("inspect", tmp_path / "c", "--emulate", "cortex-m4", "--json")
    assert result.code == 0
    shown = result.document["emulation"]
    assert shown["instructions"] == shown["instructions_a_step"] * shown["steps"] > 0
    assert "instructions a step" in run("inspect", tmp_path / "c", "--emulate", "riscv32").out
    pipeline.compiled(small(), target="onnx").write(tmp_path / "onnx")
    refused = run("inspect", tmp_path / "onnx", "--emulate", "cortex-m4")
    assert refused.code != 0
    assert "onnx runs on no emulated processor" in refused.err
