"""The code of tutorials and how-tos runs, as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.tools.notebooks import cells
from neurodeploy.cli import main
from neurodeploy.sandbox import install
from neurodeploy.sandbox.environments.beside import paths_beside
from neurodeploy.sandbox.environments.environment import clean_environment, interpreter_in
from targets.nir.simulators.receivers.run import RECEIVERS
from tests.packaging.tree import ROOT

DOCS = ROOT / "docs"
# The framework's own packages come before ours, which bring torch.
RUN = """
import sys
root, beside, page = sys.argv[1], sys.argv[2].split("|"), sys.argv[3]
sys.path = [root, *sys.path, *beside]
from docs.tools.notebooks import cells
for number, (kind, text) in enumerate(cells(open(page, encoding="utf-8").read())):
    if kind == "code" and not text.startswith("!"):
        exec(compile(text, f"cell {number}", "exec"), globals())
assert network(x).sum() > 0, "silent"
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pages write into a folder of their own, and import what they write there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("mychip", "mynets"):
            del sys.modules[name]


def code(page: str) -> list[str]:
    """Return the cells of code of a page."""
    texts = cells((DOCS / page).read_text("utf-8"))
    return [text for kind, text in texts if kind == "code"]


def command(line: str, simulators: bool) -> None:
    """Run a line of a shell; without the vendors' simulators unless they are asked for."""
    program, *words = shlex.split(line.removeprefix("!"))
    assert program == "neurodeploy", line
    missing = not simulators and "--to" in words
    if not simulators and words[0] == "verify":
        words += ["--simulator", "none"]
    with pytest.MonkeyPatch.context() as patch:
        if missing:
            # No simulator is installed here, and the verdict says so.
            patch.setenv("NEURODEPLOY_CACHE", str(Path.cwd() / "cache"))
        assert main(words) == (4 if missing else 0), line


def run(page: str, simulators: bool) -> dict[str, Any]:
    """Run a page's cells in this process, and return their names."""
    names: dict[str, Any] = {}
    for number, text in enumerate(code(page)):
        if text.startswith("!"):
            for line in text.splitlines():
                command(line, simulators)
        else:
            exec(compile(text, f"{page}, cell {number}", "exec"), names)
    return names


def test_train_and_deploy(full: bool, tmp_path: Path) -> None:
    names = run("tutorials/train-and-deploy.md", full)
    assert names["accuracy"](names["on_chip"]) > 0.75
    assert (tmp_path / "chip/network.net").is_file()
    assert (tmp_path / "report/report.html").is_file()


def test_bring_your_own_weights(full: bool, tmp_path: Path) -> None:
    names = run("tutorials/bring-your-own-weights.md", full)
    assert names["net"](names["x"]).sum() > 0
    assert (tmp_path / "chip/network.onnx").is_file()


# The page says what is rounded.
@pytest.mark.filterwarnings("ignore:encoder. the example is not spikes")
def test_ann_to_a_chip(capsys: pytest.CaptureFixture[str]) -> None:
    names = run("tutorials/ann-to-a-chip.md", simulators=False)
    said = dict(re.findall(r"(ANN|T = 16|in integers): ([\d.]+)%", capsys.readouterr().out))
    assert len(said) == 3
    assert min(map(float, said.values())) > 85, said
    assert names["report"].equal


def test_event_data(full: bool) -> None:
    names = run("tutorials/event-data.md", full)
    assert float(names["right"].float().mean()) > 0.8
    assert names["votes"].argmax() == names["label"]


def test_write_a_target() -> None:
    names = run("tutorials/write-a-target.md", simulators=False)
    assert names["target"].name == "mychip"
    assert names["golden"]["out"].s.any()


@pytest.mark.parametrize(
    "framework",
    [
        "snntorch",
        pytest.param("spikingjelly", marks=pytest.mark.thorough),
        pytest.param("norse", marks=pytest.mark.thorough),
    ],
)
def test_a_network_of_a_framework_on_loihi(framework: str, full: bool, tmp_path: Path) -> None:
    page, environment = f"how-to/{framework}-on-loihi.md", RECEIVERS[framework]
    install(environment)
    arguments = (str(ROOT), "|".join(paths_beside(environment)), str(DOCS / page))
    done = subprocess.run(
        [interpreter_in(environment.path), "-W", "ignore", "-c", RUN, *arguments],
        env=clean_environment(OMP_NUM_THREADS="1"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for text in code(page) if text.startswith("!") for line in text.splitlines()]
    assert [line.split()[1] for line in lines] == ["inspect", "verify"]
    for line in lines:
        command(line, full)


def test_a_file_of_nir_on_loihi(full: bool, tmp_path: Path) -> None:
    run("how-to/nir-on-loihi.md", full)
    assert (tmp_path / "chip/network.net").is_file()


def test_the_first_page_runs() -> None:
    (_, minute) = code("index.md")
    names: dict[str, Any] = {}
    exec(compile(minute, "index.md", "exec"), names)
    assert names["report"].equal
