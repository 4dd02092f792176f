"""A folder of tiny models and artifacts to run commands in."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.neurodeploy.cli.helpers import Caller, write_inputs


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inputs, made once."""
    folder = tmp_path_factory.mktemp("inputs")
    write_inputs(folder)
    return folder


@pytest.fixture
def here(inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a test, with the inputs in it."""
    folder = tmp_path / "here"
    shutil.copytree(inputs, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Iterator[Caller]:
    """Commands in this process; it goes on with the signals and the path that it had."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(".")
        yield Caller(capsys)
    for number, handler in handlers.items():
        signal.signal(number, handler)
