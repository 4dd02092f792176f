"""The kit's plugin for pytest leaves every other project's tests alone."""

import subprocess
import sys
from pathlib import Path

CONFTEST = """
def pytest_addoption(parser):
    parser.addoption("--target", default="theirs")
"""
THEIRS = """
def test_target(request):
    assert request.config.getoption("--target") == "arm64"
"""


def test_another_projects_option_of_that_name_works(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_theirs.py").write_text(THEIRS)
    words = ("-q", "-p", "no:cacheprovider", "-p", "neurodeploy.testing.plugin")
    command = [sys.executable, "-m", "pytest", *words, "--target", "arm64"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_kit_asks_for_a_name(tmp_path: Path) -> None:
    words = ("-q", "-p", "no:cacheprovider", "-p", "neurodeploy.testing.plugin")
    command = [sys.executable, "-m", "pytest", *words, "--pyargs", "neurodeploy.testing"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "name the target to test: --target NAME" in done.stdout + done.stderr
