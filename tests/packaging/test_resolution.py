"""The install resolves on the plain index, for every Python and system; nothing is downloaded."""

import json
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.index import (
    CONSTRAINTS,
    EACH,
    VERSIONS,
    pinned,
    plain_environment,
    python_of,
    run,
    uv,
)
from tests.packaging.tree import ROOT

# The oldest of each that torch has wheels for.
SYSTEMS = {
    "Linux": "x86_64-manylinux_2_28",
    "Linux on ARM": "aarch64-manylinux_2_28",
    "Windows": "x86_64-pc-windows-msvc",
    "macOS": "aarch64-apple-darwin",
}
# CuPy, for NVIDIA's GPUs, has no build for macOS.
EXTRAS = ("compiler", "dev")
MORE_EXTRAS = ("cuda",)


def compile_words(version: str, system: str, constraints: Path, *extras: str) -> list[str | Path]:
    """Return uv's words for all packages, with their versions, that the extras need there."""
    where = ("--python-version", version, "--python-platform", SYSTEMS[system])
    # The one package that has no wheel for newer Pythons; it is built, with a C compiler.
    wheels = ("--only-binary", ":all:", "--no-binary", "expelliarmus")
    asked = [word for extra in extras for word in ("--extra", extra)]
    head = (uv(), "pip", "compile", "-q", "--no-header", "--no-annotate")
    what = ("--python", sys.executable, "--constraints", constraints)
    return [*head, *what, *where, *wheels, *asked, ROOT / "pyproject.toml"]


def versions(listed: str) -> dict[str, str]:
    """Return the version of each package that uv lists."""
    lines = [line.split(";")[0].strip() for line in listed.splitlines() if "==" in line]
    return dict(line.split("==") for line in lines)


def resolved(version: str, system: str, folder: Path) -> dict[str, str]:
    """Return every package that a Python on a system needs for all extras, and its version."""
    extras = EXTRAS if system == "macOS" else (*EXTRAS, *MORE_EXTRAS)
    variables = plain_environment(MACOSX_DEPLOYMENT_TARGET="14.0")
    return versions(run(compile_words(version, system, CONSTRAINTS, *extras), folder, variables))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", EACH)
def test_it_resolves_on_every_system(version: str, tmp_path: Path) -> None:
    # Most of the time is the index's, so all systems at once.
    with ThreadPoolExecutor() as pool:
        resolving = {s: pool.submit(resolved, version, s, tmp_path) for s in SYSTEMS}
    for system, future in resolving.items():
        packages = future.result()
        assert f"torch=={packages['torch']}" == pinned("torch"), system
        assert packages["h5py"], system
        assert packages["onnx"], system
        assert ("triton" in packages) == system.startswith("Linux"), system


def test_the_plain_install_reads_and_writes_every_target(tmp_path: Path) -> None:
    packages = set(versions(run(compile_words("3.12", "Windows", CONSTRAINTS), tmp_path)))
    assert {"h5py", "onnx", "torch"} <= packages
    assert not {"pytest", "scikit-learn", "tonic", "matplotlib"} & packages


def test_a_clash_is_seen(tmp_path: Path) -> None:
    # What stood there once: not the one that torch asks for.
    text = re.sub(r"^triton==.*$", "triton==3.6.0", CONSTRAINTS.read_text("utf-8"), flags=re.M)
    (tmp_path / "constraints.txt").write_text(text, "utf-8")
    words = compile_words("3.12", "Linux", tmp_path / "constraints.txt", "dev")
    done = subprocess.run(
        words, cwd=tmp_path, env=plain_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout
    assert f"{pinned('torch')} depends on triton" in done.stderr


def resolved_by_pip(python: Path, wheel: Path, folder: Path) -> dict[str, Any]:
    """Return pip's report on what it would install for that Python, without installing it."""
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--dry-run", "-q")
    # fast-deps reads the metadata out of a wheel, where an index does not have it beside.
    how = ("--ignore-installed", "--use-feature=fast-deps", "--report", "-", "-c", CONSTRAINTS)
    report: dict[str, Any] = json.loads(run((*pip, *how, f"{wheel}[demo]"), folder))
    return report


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", EACH)
def test_pip_resolves_it(version: str, wheel: Path, tmp_path: Path) -> None:
    python = python_of(version)
    if python is None:
        pytest.skip(f"not run: there is no Python {version} on this machine")
    report = resolved_by_pip(python, wheel, tmp_path)
    assert report["environment"]["python_version"] == version
    packages = {each["metadata"]["name"]: each["metadata"]["version"] for each in report["install"]}
    assert f"torch=={packages['torch']}" == pinned("torch")
    if sys.platform == "linux":
        assert f"triton=={packages['triton']}" == pinned("triton")


def test_every_place_names_the_same_pythons() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == f">={VERSIONS[0]}"
    listed = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert tuple(listed) == VERSIONS
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (line,) = re.findall(r"^VERSIONS := (.*)$", makefile, re.M)
    assert tuple(line.split()) == VERSIONS
    words = f"Python {', '.join(VERSIONS[:-1])} or {VERSIONS[-1]}"
    for name in ("README.md", "CONTRIBUTING.md", "Makefile"):
        assert words in (ROOT / name).read_text("utf-8"), name
