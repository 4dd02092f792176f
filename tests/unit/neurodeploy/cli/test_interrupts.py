"""Ctrl-C and SIGTERM: one line, and nothing left behind."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.neurodeploy.cli.helpers import environment, interrupted, tree

EXPORT = ("export", "model.pt", "-t", "loihi", "-o", "deep/er")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_export(here: Path, number: int, code: int) -> None:
    before = tree(here)
    done = interrupted("reading model.pt", *EXPORT, by=number)
    assert done.code == code
    assert done.err == "error: interrupted\n"
    assert done.out == ""
    assert tree(here) == before


def test_torch_is_there_once_no_interrupt_can_hurt_it() -> None:
    code = "import sys; from neurodeploy.cli.undisturbed import load_torch; load_torch(); "
    code += "assert 'torch' in sys.modules"
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment(), check=False).returncode == 0
    )


def test_json(here: Path) -> None:
    done = interrupted("reading model.pt", *EXPORT, "--json")
    assert json.loads(done.out)["error"] == {
        "type": "Interrupted",
        "message": "interrupted",
        "remedy": None,
        "exit_code": 130,
    }
