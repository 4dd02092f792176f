"""An environment without packages, and the proof after every test that nothing is left."""

import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from neurodeploy.sandbox import Environment, install
from neurodeploy.sandbox.build import Build
from tests.unit.neurodeploy.sandbox.helpers import (
    TOKEN,
    VARIABLE,
    begin_with,
    environment,
    is_zombie,
    processes_with,
)


@pytest.fixture(autouse=True)
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A mark on every process that the test starts; none may be left, nor a file of theirs."""
    # A short name, so that it is the place that is used.
    temporary = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    mark = uuid.uuid4().hex
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv(TOKEN, mark)
    monkeypatch.setenv(VARIABLE, sys.executable)
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path / "cache"))
    yield mark
    assert processes_with(mark) == []
    assert [child for child in psutil.Process().children() if is_zombie(child)] == []
    assert list(temporary.iterdir()) == []
    temporary.rmdir()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the plain environment in it."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODEPLOY_CACHE", str(folder))
        patch.setenv(VARIABLE, sys.executable)
        install(environment())
    return folder


@pytest.fixture(scope="session")
def with_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with pip in it, as installations begin."""
    folder = tmp_path_factory.mktemp("with-pip")
    build = Build(environment(), folder, False, (), lambda line: None)
    build._create(Path(sys.executable), with_pip=True)
    return build.venv


@pytest.fixture
def quick(with_pip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let installations begin with a copy of that environment."""
    begin_with(with_pip, monkeypatch.setattr)


@pytest.fixture
def plain(token: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The plain environment, installed."""
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(cache))
    return environment()
