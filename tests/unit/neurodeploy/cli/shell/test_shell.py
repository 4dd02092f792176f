"""The command line in a shell: completion, a project's settings, and how much it says."""

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neurodeploy.cli.shell import pace
from neurodeploy.cli.shell.pace import Pace
from tests.unit.neurodeploy.cli.helpers import COMMAND, Caller, environment, refused


def answered(words: str) -> list[str]:
    """The answer to a shell about the last of the words."""
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    variables = environment(_NEURODEPLOY_COMPLETE="complete_bash", **asked)
    done = subprocess.run(
        COMMAND, env=variables, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_commands_options_and_names_are_completed() -> None:
    assert answered("neurodeploy ver") == ["verify"]
    assert answered("neurodeploy check --target lo") == ["loihi"]
    assert answered("neurodeploy verify x --simulator la") == ["lava"]


def test_bash_reads_the_script(call: Caller) -> None:
    script = call("completion", "bash").out
    done = subprocess.run(
        ["bash", "-c", f"{script}\ncomplete -p neurodeploy"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "neurodeploy" in done.stdout
    assert call("completion", "zsh", "--json").document["shell"] == "zsh"
    refused(call("completion", "tcsh"), 2)


def settings(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)


def test_a_project_sets_defaults_of_all_commands_and_of_one(here: Path, call: Caller) -> None:
    settings(
        here, '[tool.neurodeploy]\ntarget = "loihi"\n[tool.neurodeploy.verify]\njunit = "a.xml"\n'
    )
    (here / "below").mkdir()
    os.chdir(here / "below")
    assert call("check", "../model.pt", "--json").document["target"] == "loihi"
    assert call("check", "../model.pt", "--target", "onnx", "--json").document["target"] == "onnx"
    done = call("verify", "../artifact", "--simulator", "none", "--json")
    # A path counts from the file's folder.
    assert done.document["files"] == {"junit": str(here / "a.xml")}
    assert (here / "a.xml").is_file()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.neurodeploy]\ntarge = 'x'", "tool.neurodeploy.targe is not an option"),
        ("[tool.neurodeploy.chek]\ntarget = 'x'", "tool.neurodeploy.chek is not an option"),
        ("[tool.neurodeploy.check]\njobs = 2", "tool.neurodeploy.check.jobs is not an option"),
        ("[tool.neurodeploy]\nbuild = 'mine:net'", "tool.neurodeploy.build is not an option"),
        ("[tool]\nneurodeploy = 3", "is not a table"),
        ("[tool.neurodeploy", "cannot be read"),
        ("[tool.neurodeploy]\ntarget = 'moon'", "moon"),
    ],
)
def test_settings_that_say_nothing(text: str, words: str, here: Path, call: Caller) -> None:
    settings(here, text)
    refused(call("check", "model.pt"), 2, words)


def test_settings_of_others_do_not_matter(here: Path, call: Caller) -> None:
    settings(here, "[tool.black]\nline-length = 3\n")
    assert call("check", "model.pt", "--target", "loihi").code == 0


def test_quiet_and_verbose(here: Path, call: Caller) -> None:
    usual = call("check", "model.pt", "--target", "loihi")
    quiet = call("check", "model.pt", "--target", "loihi", "-q")
    verbose = call("check", "model.pt", "--target", "loihi", "--verbose")
    assert usual.err == "reading model.pt\n"
    assert quiet.err == ""
    assert quiet.out == usual.out == verbose.out
    assert re.fullmatch(r" +\d+\.\d s reading model\.pt\n", verbose.err)
    refused(call("check", "no.pt", "--target", "loihi", "--quiet"), 2, "no such file")


def test_lines_that_count_show_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(pace.time, "perf_counter", lambda: now[0])
    counted = Pace()
    assert counted.rest("network 1 of 11") == ""
    now[0] = 1.0
    assert counted.rest("network 2 of 11") == ""
    now[0] = 4.0
    assert counted.rest("network 3 of 11") == " (0.5 a second, 16 s left)"
    assert counted.rest("sample 1/4") == ""
    assert counted.rest("reading model.pt") == ""
    now[0] = 20.0
    assert counted.rest("network 11 of 11") == ""


def test_lines_that_do_not_count_show_how_long_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(pace.time, "perf_counter", lambda: now[0])
    counted = Pace()
    waiting = counted.waiting("writing out")
    assert waiting() == ""
    now[0] = 1.9
    assert waiting() == ""
    now[0] = 12.2
    assert waiting() == " (12 s)"
    counted.rest("network 1 of 11")
    now[0] = 16.2
    assert counted.waiting("network 3 of 11")() == " (0.5 a second, 16 s left)"


def test_a_terminal_shows_the_time_while_work_goes_on() -> None:
    work = (
        "import time; from neurodeploy.cli.output import Streams; "
        "from neurodeploy.cli.shell import pace; pace._SHORT = 0.2\n"
        "with Streams().progress() as say: say('writing out'); time.sleep(1.2)"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", work], stderr=theirs, env=environment(TERM="xterm")
    ) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):
            while part := os.read(ours, 1 << 16):
                shown += part
    os.close(ours)
    assert process.returncode == 0
    assert b"writing out" in shown
    assert b"writing out (1 s)" in shown
