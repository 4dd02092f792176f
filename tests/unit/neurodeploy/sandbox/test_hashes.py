"""Installing by hash: pinned files are installed, and nothing else; pip is real, and offline."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from neurodeploy.errors import SimulatorError, ValidationError
from neurodeploy.sandbox import Environment, Extra, State, install, status
from neurodeploy.target import targets
from tests.unit.neurodeploy.sandbox.helpers import environment
from tests.unit.neurodeploy.sandbox.wheels import write_hashes, write_wheel

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(autouse=True)
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the user's own folder of wheels the only source."""
    folder = tmp_path / "wheels"
    write_wheel(folder, "tiny", needs=("part==2.0",), text="as known")
    write_wheel(folder, "part", "2.0")
    write_wheel(folder, "alone", "3.0", needs=("never-heard-of",))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def requirements_of(wheels: Path, *, more: str = "") -> Path:
    """Write the requirements file of these wheels."""
    files = {
        "tiny==1.0": [wheels / "tiny-1.0-py3-none-any.whl"],
        "part==2.0 ; python_version >= '3'": [wheels / "part-2.0-py3-none-any.whl"],
        "alone==3.0": [wheels / "alone-3.0-py3-none-any.whl"],
    }
    return write_hashes(wheels.parent / "hashes.txt", files, more)


def by_hash(wheels: Path, **changes: object) -> Environment:
    """Return an environment of these wheels."""
    fields = {"requirements": ("tiny==1.0",), "without_dependencies": ("alone==3.0",)}
    return environment(**{**fields, "hashes": requirements_of(wheels), **changes})


def test_what_is_known_is_installed_from_ones_own_folder(wheels: Path) -> None:
    env = by_hash(wheels)
    there = install(env)
    assert there.state is State.INSTALLED
    assert {"alone": "3.0", "part": "2.0", "tiny": "1.0"}.items() <= there.packages.items()
    record = json.loads((env.path / "environment.json").read_text())
    assert record["requirements"] == ["part==2.0", "tiny==1.0"]
    # The recipe may change while every version stays.
    pins = {f"{p.name.split('-')[0]}=={p.name.split('-')[1]}": [p] for p in wheels.glob("*.whl")}
    pins["tiny==1.0"] *= 2
    changed = by_hash(wheels, hashes=write_hashes(wheels.parent / "more.txt", pins))
    is_out_of_date(changed, "installed with other checksums than this version knows")
    # Earlier versions wrote it like this.
    del record["hashes"]
    (env.path / "environment.json").write_text(json.dumps(record))
    is_out_of_date(env, "installed without the checksums that this version requires")
    # An environment without checksums asks for none.
    loose = {"requirements": ("part==2.0", "tiny==1.0"), "without_dependencies": ("alone==3.0",)}
    assert status(environment(**loose)).state is State.INSTALLED


def is_out_of_date(env: Environment, problem: str) -> None:
    """Check that the environment is not used as it is, and why."""
    there = status(env)
    assert (there.state, there.problem) == (State.BROKEN, problem)
    assert there.remedy == "neurodeploy simulators install plain"


def test_the_full_installation_has_a_file_of_its_own(
    wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(wheels, "more", "4.0")
    pins = {f"{p.name.split('-')[0]}=={p.name.split('-')[1]}": [p] for p in wheels.glob("*.whl")}
    full = Extra(("more==4.0",), 1, 1, write_hashes(wheels.parent / "full.txt", pins))
    env = by_hash(wheels, full=full)
    # Folders are relative to the user's working folder.
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.chdir(wheels.parent)
    there = install(env, full=True, pip_args=("--find-links", "wheels"))
    assert there.packages["more"] == "4.0"
    assert there == status(env)
    assert there.full


def test_another_file_of_that_name_is_refused(wheels: Path) -> None:
    env = by_hash(wheels)
    file = write_wheel(wheels, "part", "2.0", text="another")
    with pytest.raises(SimulatorError) as caught:
        install(env)
    assert str(caught.value).startswith("Plain could not be installed: part==2.0: ")
    words = f"{file.name} is not the file that this version knows: its SHA-256 is "
    assert words in str(caught.value)
    assert "--index-url https://pypi.org/simple" in str(caught.value.remedy)
    assert not env.path.parent.exists()


def test_a_dependency_that_nobody_pinned_is_refused(wheels: Path) -> None:
    write_wheel(wheels, "part", "2.0", needs=("alone",))
    pins = {"part==2.0": [wheels / "part-2.0-py3-none-any.whl"]}
    unpinned = write_hashes(wheels.parent / "unpinned.txt", pins)
    env = by_hash(wheels, requirements=(), without_dependencies=(), hashes=unpinned)
    with pytest.raises(SimulatorError, match="alone"):
        install(env)
    assert not env.path.parent.exists()


def test_no_package_is_built(wheels: Path, tmp_path: Path) -> None:
    """Building a source package runs code without a checksum: that of its build system."""
    trap = tmp_path / "trap"
    script = f"open({str(trap)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='src')\n"
    file = wheels / "src-1.0.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name, text in {"setup.py": script, "PKG-INFO": "Name: src\nVersion: 1.0\n"}.items():
            entry = tarfile.TarInfo(f"src-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    hashes = write_hashes(tmp_path / "src.txt", {"src==1.0": [file]})
    env = by_hash(wheels, requirements=(), without_dependencies=(), hashes=hashes)
    with pytest.raises(SimulatorError, match=r"No matching distribution found for src==1\.0") as no:
        install(env)
    assert "--find-links FOLDER" in str(no.value.remedy)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("loose>=1", "'loose>=1' is not pinned with its checksums"),
        ("bare==1", "'bare==1' is not pinned with its checksums"),
        ("short==1 --hash=sha256:abc", "is not pinned with its checksums"),
        ("weak==1 --hash=md5:" + "a" * 64, "is not pinned with its checksums"),
    ],
)
def test_a_file_that_leaves_something_open_is_refused(wheels: Path, line: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        environment(hashes=requirements_of(wheels, more=line))


def test_a_file_that_does_not_know_what_matters_is_refused(wheels: Path) -> None:
    with pytest.raises(
        ValidationError, match=r"hashes.txt has no tiny==1.1 \(generate the file again\)"
    ):
        by_hash(wheels, requirements=("tiny==1.1",))
    with pytest.raises(ValidationError, match=r"gone.txt: cannot be read: No such file"):
        environment(hashes=wheels / "gone.txt")
    with pytest.raises(ValidationError, match="for the full installation too, or for neither"):
        by_hash(wheels, full=Extra((), 1, 1))


def shipped() -> list[Environment]:
    """Return every simulator of ours that is installed."""
    simulators = [each for target in targets().values() for each in target.simulators.values()]
    environments = {
        each.name: each
        for each in simulators
        if isinstance(each, Environment) and each.requirements
    }
    return list(environments.values())


@pytest.mark.parametrize("env", shipped(), ids=lambda env: env.name)
def test_our_simulators_are_installed_by_hash(env: Environment) -> None:
    assert env.hashes is not None
    assert env.hashes.parent.name == "requirements"
    assert os.access(env.hashes, os.R_OK)
    pins = env.pins(full=False)
    assert {*env.requirements} <= {*pins}
    assert len({*pins, *env.built}) > 1
