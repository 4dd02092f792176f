"""The README's commands work as they stand there."""

import re
from pathlib import Path

import pytest

from tests.unit.neurodeploy.cli.helpers import Caller

README = Path(__file__).parents[4] / "README.md"


def blocks(language: str) -> list[str]:
    """The README's blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def test_the_example_and_its_commands(
    call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    commands = [line.split()[1:] for line in lines if line.startswith("neurodeploy ")]
    assert [words[0] for words in commands] == ["export", "inspect", "verify"]
    for words in commands:
        # Lava has tests of its own.
        proves = words[0] == "verify" or "--verify" in words
        done = call(*words, *(("--simulator", "none") if proves else ()))
        assert done.code == 0, done.err
    assert (tmp_path / "report" / "report.html").is_file()
