"""A new target's package passes the kit as it stands, and is the example of the documents."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from neurodeploy.errors import OutputError, ValidationError
from neurodeploy.testing.new_target import check_name, package_files, write_package

ROOT = Path(__file__).parents[4]
EXAMPLE = ROOT / "examples" / "mychip"


def run_pytest(package: Path, name: str, folder: Path, *words: str) -> str:
    """Run pytest where a package is installed, and return what it printed."""
    info = folder / "site" / f"{name}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    # The plugin's entry point as well: an old installation of the toolchain may not have it.
    (info / "entry_points.txt").write_text(
        f"[neurodeploy.targets]\n{name} = {name}:target\n"
        "[pytest11]\nneurodeploy.testing.plugin = neurodeploy.testing.plugin\n"
    )
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(folder / "site"), str(package), str(ROOT), *inherited]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=package,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_is_what_the_command_writes() -> None:
    there = {
        path.relative_to(EXAMPLE).as_posix(): path.read_bytes()
        for path in EXAMPLE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package_files("mychip") == there


def test_the_example_passes_the_kit_which_says_what_it_takes(tmp_path: Path) -> None:
    words = ("--pyargs", "neurodeploy.testing", "--target", "mychip")
    printed = run_pytest(EXAMPLE, "mychip", tmp_path, *words)
    rows = [" ".join(line.split()) for line in printed.splitlines()]
    start = rows.index("mychip neuron, dense taken")
    assert rows[start + 1] == "python: equal"
    assert any(row.startswith("mychip neuron, delays refused: output.synapse: ") for row in rows)
    assert any(row.startswith("3 of ") and row.endswith(" programs are taken") for row in rows)


def test_a_package_of_another_name_passes_its_own_tests(tmp_path: Path) -> None:
    write_package("two_words", tmp_path / "new")
    assert "class TestTwoWords" in (tmp_path / "new/tests/test_conformance.py").read_text()
    printed = run_pytest(tmp_path / "new", "two_words", tmp_path, "-k", "dense or unknown")
    assert " passed" in printed
    assert "skipped" not in printed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "not a name"),
        ("My", "not a name"),
        ("a-b", "not a name"),
        ("1a", "not a name"),
        ("_a", "not a name"),
        ("../a", "not a name"),
        ("class", "not a name"),
        ("é", "not a name"),
        ("a" * 65, "not a name"),
        ("loihi", "a target loihi is installed already"),
        ("json", "a package json exists already"),
        ("numpy", "a package numpy exists already"),
    ],
)
def test_a_bad_name_is_refused(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        write_package(name, tmp_path / "new")
    assert caught.value.remedy
    assert not (tmp_path / "new").exists()


def test_a_good_name_is_taken() -> None:
    check_name("chip_2")


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        write_package("chip_2", tmp_path / "new")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="is a file"):
        write_package("chip_2", tmp_path / "file" / "new")
    assert [*(tmp_path / "new").iterdir()] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "new"]
