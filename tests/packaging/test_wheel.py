"""The wheel ships the four packages whole, and works on each Python where nothing else is."""

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from tests.packaging.environments import install, scripts_of
from tests.packaging.index import VERSIONS, python_of, run
from tests.packaging.tree import PACKAGES, ROOT, files

USE = """
import contextlib, json, sys
import numpy, torch
import neurodeploy, quant, snncore, targets
from neurodeploy.cli import main
torch.manual_seed(0)
net = torch.nn.Sequential(
    quant.Block(quant.Linear(6, 5), quant.CubaLIF(threshold=0.5)),
    quant.Block(quant.Linear(5, 3), quant.CubaLIF(threshold=0.5)),
)
with torch.no_grad():
    for weight in net.parameters():
        weight.copy_(torch.randn(weight.shape))
x = (torch.rand(16, 4, 6) < 0.5).float()
assert net(x).sum() > 0
neurodeploy.save(net, "model.pt", example=x)
numpy.savez("samples.npz", samples=x)
told = ("--verify", "--samples", "samples.npz", "--json")
for target, simulator in json.loads(sys.argv[1]).items():
    with open(f"{target}.json", "w") as file, contextlib.redirect_stdout(file):
        asked = ("--simulator", simulator) if simulator else ()
        assert main(["export", "model.pt", "--target", target, *told, *asked]) == 0
print(neurodeploy.__file__)
"""
# Lava and onnxruntime live in sandboxes of their own, which are not part of the wheel.
# Lynxi's own are asked by default, those that need onnxruntime apart.
SIMULATORS = {"loihi": "none", "lynxi": "", "nir": "none", "onnx": "none"}
Installed = Callable[[str], Path]


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Iterator[Installed]:
    """Return the programs of an environment of a Python, with the wheel and no extra."""
    # Gigabytes, so they go at once, whatever the tests say.
    with tempfile.TemporaryDirectory() as folder:

        @lru_cache
        def made(version: str) -> Path:
            python = python_of(version)
            if python is None:
                pytest.skip(f"not run: there is no Python {version} on this machine")
            install(python, wheel, Path(folder, version))
            return scripts_of(Path(folder, version))

        yield made


def test_ships_four_names(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert names == {*PACKAGES, "neurodeploy_toolchain-0.1.0.dist-info"}


def test_ships_every_file(wheel: Path) -> None:
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {path.relative_to(ROOT).as_posix() for path in files(*PACKAGES)}
    assert shipped == there


def test_ships_the_conformance_kit_and_the_template(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as shipped:
        names = set(shipped.namelist())
        (entries,) = (name for name in names if name.endswith("/entry_points.txt"))
        assert "neurodeploy.testing.plugin" in shipped.read(entries).decode()
    assert "neurodeploy/testing/test_target.py" in names
    assert "neurodeploy/testing/template/mychip/target.py.txt" in names


def test_ships_its_types(wheel: Path) -> None:
    shipped = set(zipfile.ZipFile(wheel).namelist())
    assert {f"{package}/py.typed" for package in PACKAGES} <= shipped


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", VERSIONS)
def test_works_from_an_empty_folder(version: str, installed: Installed, tmp_path: Path) -> None:
    scripts = installed(version)
    variables = _variables(tmp_path)
    assert "export" in run([scripts / "neurodeploy", "--help"], tmp_path, variables)
    doctor = json.loads(run([scripts / "neurodeploy", "doctor", "--json"], tmp_path, variables))
    assert doctor["problems"] == []
    assert doctor["targets"] == sorted(SIMULATORS)
    assert doctor["versions"]["python"].startswith(f"{version}.")
    assert not [path for path in tmp_path.iterdir() if path.name != "cache"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", VERSIONS)
def test_exports_and_verifies(version: str, installed: Installed, tmp_path: Path) -> None:
    scripts = installed(version)
    words = (scripts / "python", "-c", USE, json.dumps(SIMULATORS))
    origin = run(words, tmp_path, _variables(tmp_path)).strip()
    assert Path(origin).is_relative_to(scripts.parent)
    for target, simulator in SIMULATORS.items():
        report = json.loads((tmp_path / f"{target}.json").read_text("utf-8"))["report"]
        assert report["verdict"] == "equal", report
        links = {link["name"]: link["status"] for link in report["links"]}
        not_run = {name for name, status in links.items() if status != "equal"}
        assert not_run == ({"golden = simulator"} if simulator == "none" else set())
        assert all(layer["spikes"] for layer in report["layers"])


def _variables(folder: Path) -> dict[str, str]:
    """Return the variables of a process that has a cache, and so simulators, of its own."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if key not in ours}
    return kept | {"NEURODEPLOY_CACHE": str(folder / "cache")}
