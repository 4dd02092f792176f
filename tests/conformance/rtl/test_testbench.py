"""The bench in the folder: `make` runs it, and it says whether the network is golden's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from neurodeploy.sandbox import Environment
from targets.rtl import target
from tests.unit.programs import random_program


def with_programs(folder: Path, icarus: Environment) -> dict[str, str]:
    """Return the environment in which Icarus is on PATH, as an installation has it."""
    own = icarus.path / "system/usr"
    for name, option in (("iverilog", "-B"), ("vvp", "-M")):
        if shutil.which(name):
            continue
        (library,) = own.glob("lib/*/ivl")
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {own}/bin/{name} {option} {library} "$@"\n')
        script.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def run_make(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run make in a folder."""
    command = ["make", "-s", "test"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.skipif(not shutil.which("make"), reason="not run: make is not installed")
def test_the_self_test_prints_its_verdict(tmp_path: Path, icarus: Environment) -> None:
    (tmp_path / "bin").mkdir()
    environment = with_programs(tmp_path / "bin", icarus)
    # Currents, states of both signs, and late values.
    for seed in (2, 3):
        folder = tmp_path / str(seed)
        target.compile(random_program(seed)).write(folder)
        done = run_make(folder, environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"self-test: 16 steps equal, at most \d+ cycles a step", done.stdout)
        text = (folder / "nd_top.v").read_text("ascii")
        edited = text.replace("1'sd0 : total + ", "1'sd0 : total - ")
        (folder / "nd_top.v").write_text(edited, "ascii")
        done = run_make(folder, environment)
        assert edited != text
        assert done.returncode != 0
        assert re.search(r"self-test: step \d+ differs", done.stdout)
