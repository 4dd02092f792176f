"""The files that other projects' continuous integration takes are valid, and their commands run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import neurodeploy as nd
import quant
from neurodeploy.cli import each
from snncore import layer, neuron

ROOT = Path(__file__).parents[3]
ACTION = ROOT / "ci" / "verify" / "action.yml"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network for ONNX; an odd name shows that no shell splits or runs it."""
    example = (torch.rand(8, 4, 6, generator=torch.Generator().manual_seed(0)) < 0.6).float()
    net = torch.nn.Sequential(layer.Linear(6, 8, bias=False), neuron.IF(0.2))
    path = tmp_path_factory.mktemp("models") / "a model; $(touch run).pt"
    nd.save(quant.prepare(net, target="onnx", example=example), path, example=example)
    return path


def run_script(folder: Path, *commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of bash where `neurodeploy` is this one."""
    (folder / "bin").mkdir(exist_ok=True)
    command = folder / "bin" / "neurodeploy"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neurodeploy "$@"\n')
    command.chmod(0o755)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", *commands],
        cwd=folder,
        env={**os.environ, "PATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_actions_script_verifies_and_keeps_its_report(model: Path, tmp_path: Path) -> None:
    variables = {"ND_MODEL": str(model), "ND_TARGET": "onnx", "ND_SIMULATOR": "reference"}
    script = str(ACTION.with_name("verify.sh"))
    done = run_script(tmp_path, script, ND_OPTIONS="form=step\n", **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "neurodeploy-report"
    assert {"report.html", "junit.xml", "artifact"} <= {path.name for path in folder.iterdir()}
    assert '"form": "step"' in (folder / "artifact" / "manifest.json").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"bin", "neurodeploy-report"}


def test_the_actions_script_fails_where_nothing_was_shown(model: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "zeros.npz", samples=np.zeros((3, 1, 6), np.uint8))
    variables = {"ND_MODEL": str(model), "ND_TARGET": "onnx", "ND_SIMULATOR": "none"}
    script = str(ACTION.with_name("verify.sh"))
    done = run_script(tmp_path, script, ND_SAMPLES="zeros.npz", **variables)
    assert done.returncode == 5, done.stdout + done.stderr
    missing = run_script(tmp_path, script, ND_TARGET="onnx")
    assert missing.returncode != 0
    assert "the model is missing" in missing.stderr


def test_the_action_passes_every_input_as_a_variable() -> None:
    action, text = read(ACTION), ACTION.read_text()
    used = set(re.findall(r"inputs\.(\w+)", text))
    assert used == set(action["inputs"])
    steps = action["runs"]["steps"]
    # Values never become part of a script.
    assert not any("${{" in step["run"] for step in steps if "run" in step)
    assert all(step["shell"] == "bash" for step in steps if "run" in step)
    script = ACTION.with_name("verify.sh").read_text()
    variables = {name for step in steps for name in step.get("env", {}) if name.startswith("ND_")}
    assert variables == set(re.findall(r"ND_\w+", script))


def test_gitlabs_commands_run(model: Path, tmp_path: Path) -> None:
    job = read(ROOT / "ci" / "gitlab.yml")[".neurodeploy"]
    install, *commands = job["script"]
    assert install.startswith("python -m pip install")
    # Installed here already, so that this takes seconds: what it would run is the default.
    script = "\n".join(commands).replace("--simulator all", "--simulator reference")
    done = run_script(
        tmp_path,
        "-c",
        script,
        ND_MODEL=str(model),
        ND_TARGET="onnx",
        ND_FOLDER=job["variables"]["ND_FOLDER"],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "neurodeploy-report" / "junit.xml").exists()


def test_the_hook_checks_every_file(
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (hook,) = read(ROOT / ".pre-commit-hooks.yaml")
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts[hook["entry"]] == f"{each.__name__}:{each.main.__name__}"
    assert re.search(hook["files"], model.name)
    floats = tmp_path / "floats.pt"
    net = torch.nn.Sequential(layer.Linear(6, 8), neuron.LIF())
    nd.save(net, floats, example=torch.zeros(2, 1, 6))
    assert each.main(["--target", "onnx", str(model)]) == 0
    assert each.main(["-t", "onnx", "-t", "loihi", str(model), str(floats)]) == 3
    assert each.main(["--target", "onnx"]) == 0
    assert "error: " in capsys.readouterr().err
    # A project may say its target once.
    assert each.main([str(model)]) == 2
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.neurodeploy]\ntarget = "onnx"\n')
    assert each.main([str(model)]) == 0


def test_our_own_workflow_calls_make() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "test.yml")["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    targets = {command.split()[1] for command in commands if command.startswith("make ")}
    assert targets == {"test", "demo"}
    assert len(targets) == len(commands)
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = {words.split(" :: ")[-1] for words in project["classifiers"]}
    assert set(jobs["test"]["strategy"]["matrix"]["python"]) <= versions
