"""The wheel, built once."""

import sys
from pathlib import Path

import pytest

from tests.packaging.index import run
from tests.packaging.tree import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir")
    run((*build, folder, ROOT), folder)
    (built,) = folder.glob("*.whl")
    return built
