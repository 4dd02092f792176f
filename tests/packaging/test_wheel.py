"""The wheel ships the four packages whole, and works on each Python where nothing else is."""

import json
import os
import tempfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.environments import install, scripts_of
from tests.packaging.index import EACH, python_of, run
from tests.packaging.tree import PACKAGES, ROOT, files

USE = """
import contextlib, json, os, sys
import numpy, torch
import neurodeploy, quant, snncore, targets
from neurodeploy.cli import main
def run(file, *words):
    with open(file, "w") as stream, contextlib.redirect_stdout(stream):
        assert main([*words, "--json"]) == 0
os.chdir("empty")
run("../doctor.json", "doctor")
os.chdir("..")
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
words = ("--verify", "--samples", "samples.npz")
for target, simulator in json.loads(sys.argv[1]).items():
    run(f"{target}.json", "export", "model.pt", "-t", target, *words, "--simulator", simulator)
print(neurodeploy.__file__)
"""
# Lava and onnxruntime live in sandboxes of their own, which are not part of the wheel.
# Of Lynxi's own, the one that starts a Python again.
SIMULATORS = {
    **dict.fromkeys(("c", "loihi", "nir", "onnx", "rtl"), "none"),
    "lynxi": "torchscript-step",
}


def test_ships_four_names(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert names == {*PACKAGES, "neurodeploy_toolchain-0.1.0.dist-info"}


def test_ships_every_file(wheel: Path) -> None:
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    written = {path.relative_to(ROOT).as_posix() for path in files(*PACKAGES)}
    assert shipped == written


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
@pytest.mark.parametrize("version", EACH)
def test_works_where_nothing_else_is(version: str, wheel: Path, tmp_path: Path) -> None:
    python = python_of(version)
    if python is None:
        pytest.skip(f"not run: there is no Python {version} on this machine")
    # Gigabytes, so they go at once, whatever the test says.
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder, version)
        install(python, wheel, venv)
        (tmp_path / "empty").mkdir()
        _exports_and_verifies(scripts_of(venv), tmp_path)
        _starts(scripts_of(venv), tmp_path, version)


def _starts(scripts: Path, folder: Path, version: str) -> None:
    """Check the help and the doctor, in an empty folder that stays so."""
    empty = folder / "empty"
    assert "export" in run([scripts / "neurodeploy", "--help"], empty, _variables(folder))
    doctor = json.loads((folder / "doctor.json").read_text("utf-8"))
    assert doctor["problems"] == []
    # Xylo takes its own neurons alone, and the model has none of them.
    assert doctor["targets"] == sorted({*SIMULATORS, "xylo"})
    assert doctor["versions"]["python"].startswith(f"{version}.")
    assert not [*empty.iterdir()]


def _exports_and_verifies(scripts: Path, folder: Path) -> None:
    """Check a network on every target, by the simulators that are part of the wheel."""
    words = (scripts / "python", "-c", USE, json.dumps(SIMULATORS))
    origin = run(words, folder, _variables(folder)).strip()
    assert Path(origin).is_relative_to(scripts.parent)
    for target, simulator in SIMULATORS.items():
        report = json.loads((folder / f"{target}.json").read_text("utf-8"))["report"]
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
