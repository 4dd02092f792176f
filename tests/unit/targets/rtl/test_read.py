"""Reading Verilog: our text becomes a program again, and every edit of it is one clear error."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.target import Severity
from targets.rtl import target
from tests.unit.programs import random_program, small


def test_what_is_written_is_read_back(full: bool) -> None:
    taken = 0
    for seed in range(60 if full else 12):
        program = random_program(seed, ports=seed % 2 == 0)
        if any(finding.severity == Severity.ERROR for finding in target.check(program)):
            continue
        artifact = target.compile(program)
        assert target.read(artifact) == program
        bare = {name: artifact.files[name] for name in artifact.files}
        assert target.read(Artifact("rtl", bare)) == program
        taken += 1
    assert taken > 4


def edited(name: str, change: Callable[[str], str]) -> Artifact:
    """Return an artifact with one file changed."""
    artifact = target.compile(small())
    before = bytes(artifact.files[name]).decode()
    after = change(before)
    assert after != before
    return replace(artifact, files={**artifact.files, name: after.encode()})


def swapped(pattern: str, words: str) -> Callable[[str], str]:
    """Return the change of the first match of a pattern."""
    return lambda text: re.sub(pattern, words, text, count=1)


TOP = "nd_top.v"
EDITS = {
    "a weight": ("w1.hex", swapped("64", "63"), "numbers are not those"),
    "a weight too wide": ("w1.hex", swapped("64", "fff"), "fff does not fit"),
    "a weight that is none": ("w1.hex", swapped("64", "0x"), "is not a number"),
    "one weight more": ("w1.hex", lambda text: text + "00\n", "w1.hex has 7 numbers, not 6"),
    "no end of a line": ("w1.hex", lambda text: text[:-1], "w1.hex has 5 numbers, not 6"),
    "a comparison": (TOP, swapped(r"(t\d+) > 1'sd0\)", r"\1 >= 1'sd0)"), "was edited: line"),
    "a shift": (TOP, swapped(r">>> 12", ">> 12"), "was edited: line"),
    "a width": (TOP, swapped(r"reg \[2:0\]", "reg [3:0]"), "was edited: line"),
    "a word of a comment": (TOP, swapped("// ", "//  "), "was edited: line"),
    "a byte behind the end": (TOP, lambda text: text + " ", "was edited: line"),
    "the description": (TOP, swapped('"exponent": 0', '"exponent": 1'), "not those"),
    "its end": (TOP, lambda text: text[: len(text) // 9], "is cut off"),
    "no description": (TOP, lambda _: "module nd_top; endmodule\n", "has no descr"),
    "another format": (TOP, swapped('"format": "1"', '"format": "7"'), "in format '7'"),
    "a file that is missing": (TOP, swapped('"w1.hex"', '"w9.hex"'), "it names 'w9.hex'"),
    "letters beyond ASCII": (TOP, lambda text: text + "\N{SNOWMAN}", "not in ASCII"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_one_clear_error(name: str) -> None:
    file, change, words = EDITS[name]
    with pytest.raises(ArtifactError, match=re.escape(words)) as raised:
        target.read(edited(file, change))
    assert raised.value.remedy


def test_a_folder_without_its_files_is_refused() -> None:
    with pytest.raises(ArtifactError, match=r"holds no nd_top\.v"):
        target.read(Artifact("rtl", {}))


def test_a_file_that_is_none_of_ours_is_refused() -> None:
    artifact = target.compile(small())
    with pytest.raises(ArtifactError, match=r"more\.hex: is not a file of ours"):
        target.read(replace(artifact, files={**artifact.files, "more.hex": b"0\n"}))
