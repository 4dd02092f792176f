"""Reading C: text of ours becomes a program again, and every edit of it is one clear error."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from targets.c import target
from tests.unit.programs import random_program, small


@pytest.mark.parametrize("form", ["event", "dense"])
def test_what_is_written_is_read_back(form: str, full: bool) -> None:
    for seed in range(60 if full else 8):
        program = random_program(seed, ports=seed % 2 == 0)
        artifact = target.compile(program, form=form)
        assert target.read(artifact) == program
        bare = {name: artifact.files[name] for name in ("network.c", "network.h")}
        assert target.read(Artifact("c", bare)) == program


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


EDITS = {
    "a weight": ("network.c", swapped("64, 100", "63, 100"), "numbers are not those"),
    "a decay": ("network.c", swapped(r"\n    1024,", "\n    1025,"), "numbers are not those"),
    "a comparison": ("network.c", swapped(r"(t\d+) > 0;", r"\1 >= 0;"), "was edited: line"),
    "a rounding": ("network.c", swapped(r"/ INT64_C\(4096\)", ">> 12"), "was edited: line"),
    "a clip": ("network.c", swapped("-8388607 : ", "8388607 : "), "was edited: line"),
    "a shape": ("network.c", swapped(r"w1\[6\]", "w1[5]"), "its array w1 has 6 numbers, not 5"),
    "a loop": ("network.c", swapped("i < 3", "i < 2"), "was edited: line"),
    "a field": ("network.h", swapped(r"n2_v\[3\]", "n2_v[4]"), "network.h: was edited: line"),
    "the number of inputs": ("network.h", swapped("INPUTS 2", "INPUTS 3"), "was edited: line"),
    "a word of a comment": ("network.c", swapped("weights by", "weight by"), "was edited: line"),
    "a byte behind the end": ("network.c", lambda text: text + " ", "was edited: line"),
    "the description": ("network.c", swapped('"exponent": 0', '"exponent": 1'), "not those"),
    "its end": ("network.c", lambda text: text[: len(text) // 3], "is cut off"),
    "no description": ("network.c", lambda _: "int main(void) { return 0; }\n", "has no descr"),
    "another format": ("network.c", swapped('"format": "1"', '"format": "7"'), "in format '7'"),
    "a name of nothing": ("network.c", swapped('"w1"', '"w9"'), "it names 'w9'"),
    "a number that is none": ("network.c", swapped("64, 100", "0x40, 100"), "is not a number"),
    "letters beyond ASCII": ("network.c", lambda text: text + "\N{SNOWMAN}", "not in ASCII"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_one_clear_error(name: str) -> None:
    file, change, words = EDITS[name]
    with pytest.raises(ArtifactError, match=re.escape(words)) as raised:
        target.read(edited(file, change))
    assert raised.value.remedy


def test_a_folder_without_its_files_is_refused() -> None:
    with pytest.raises(ArtifactError, match=r"holds no network\.h"):
        target.read(Artifact("c", {}))
