"""Ctrl-C and SIGTERM: one line, and nothing left behind."""

import json
import os
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


# A Ctrl-C in the text that a dataclass executes when it is made, once everything is imported.
IN_A_TEXT = """
import signal, sys
from neurodeploy.cli import entry

def run(words):
    from neurodeploy.cli.app import parsed
    from neurodeploy.cli.failure import failure_of
    from neurodeploy.cli.output import Streams
    Streams().fail(failure_of(KeyboardInterrupt()), KeyboardInterrupt())
    exec("signal.raise_signal(signal.SIGINT)", {"signal": signal})

signal.signal(signal.SIGINT, signal.default_int_handler)
entry._run = run
sys.exit(entry.main(["x"]))
"""


def test_the_exit_code_is_ours_wherever_the_interrupt_hits(tmp_path: Path) -> None:
    (tmp_path / "interrupted_text.py").write_text(IN_A_TEXT)
    variables = environment()
    variables["PYTHONPATH"] += f"{os.pathsep}{tmp_path}"
    command = [sys.executable, "-m", "interrupted_text"]
    done = subprocess.run(command, env=variables, capture_output=True, check=False)
    assert done.returncode == 130, done.stderr
