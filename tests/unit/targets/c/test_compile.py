"""Folders of C: their files, their memory, and what does not fit."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import DoesNotFitError, ValidationError
from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from neurodeploy.target import ExampleNeuron
from neurodeploy.target.source.vectors import PRIME, drawn, horner
from snncore.dynamics import Format, NumberSystem, trace
from targets.c import target
from targets.c.check import network_of
from targets.c.compile import texts_of
from targets.c.needs import needs_of
from tests.unit.programs import driven, random_program, small

FILES = {
    *("network.h", "network.c", "main.c", "selftest.c"),
    *("Makefile", "CMakeLists.txt", "library.properties"),
}
needs_compiler = pytest.mark.skipif(
    not (shutil.which("gcc") and shutil.which("g++") and shutil.which("make")),
    reason="not run: gcc, g++ or make is not installed",
)


def written(artifact: Artifact, folder: Path, **changes: str) -> Path:
    """Write an artifact's files, some of them changed."""
    for name, content in {**artifact.files, **{f"{k}.c": v for k, v in changes.items()}}.items():
        text = content if isinstance(content, str) else bytes(content).decode()
        (folder / name).write_text(text)
    return folder


def ran(folder: Path, *words: str, typed: str = "") -> str:
    """Return what a command prints."""
    done = subprocess.run(
        words, cwd=folder, input=typed, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_the_folder_is_a_project() -> None:
    artifact = target.compile(small())
    assert set(artifact.files) == FILES
    assert artifact.options == {"form": "auto", "flash": "any", "ram": "any"}
    text = bytes(artifact.files["network.c"]).decode()
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert not re.search(r"\b(float|double|malloc|calloc|free)\b", code)
    assert re.findall(r"#include (\S+)", code) == ['"network.h"']
    header = bytes(artifact.files["network.h"]).decode()
    assert re.findall(r"#include (\S+)", header) == ["<stdint.h>"]


@needs_compiler
def test_the_selftest_prints_its_verdict_and_sees_a_changed_weight(tmp_path: Path) -> None:
    artifact = target.compile(small())
    folder = written(artifact, tmp_path)
    flags = "CFLAGS=-O1 -Wall -Wextra -Wpedantic -Werror"
    assert "self-test: 16 steps equal" in ran(folder, "make", "test", flags)
    text = bytes(artifact.files["network.c"]).decode().replace("64, 100", "64, 10")
    written(artifact, tmp_path, network=text)
    assert re.search(r"self-test: step \d+ differs", ran(folder, "make", "-B", "test"))


@needs_compiler
def test_the_example_runs_and_the_text_is_valid_as_c_plus_plus(tmp_path: Path) -> None:
    artifact = target.compile(random_program(4))
    folder = written(artifact, tmp_path)
    strict = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", "network.c", "-o", "network.o")
    assert ran(folder, "g++", "-x", "c++", "-std=c++11", *strict) == ""
    artifact = target.compile(small())
    folder = written(artifact, tmp_path)
    assert ran(folder, "make", "-s", "network", "CFLAGS=-O1 -Wall -Wextra -Werror") == ""
    shown = ran(folder, "./network", typed="1 1\n0 1\n" * 4)
    assert [len(line.split()) for line in shown.splitlines()] == [3] * 8
    assert "1" in shown


def test_the_memory_is_what_the_struct_takes(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("not run: gcc is not installed")
    lines = []
    for seed in range(12):
        network = network_of(random_program(seed, ports=True), seed % 2 == 0)
        header = texts_of(network)["network.h"].replace("ND_NETWORK_H", f"H{seed}")
        (tmp_path / f"n{seed}.h").write_text(header.replace("nd_network", f"n{seed}"))
        lines.append((seed, network.ram))
    # Each alone, since all declare the same functions.
    for seed, ram in lines:
        text = f'#include "n{seed}.h"\nint size[sizeof(n{seed}) == {ram} ? 1 : -1];\n'
        (tmp_path / "size.c").write_text(text)
        assert ran(tmp_path, "gcc", "-std=c99", "-fsyntax-only", "size.c") == "", seed


def test_a_network_that_does_not_fit_names_the_layer_and_the_remedy() -> None:
    wide = np.ones((64, 2048), np.int64)
    layers = small().nodes
    neurons = layers[-1]
    assert isinstance(neurons, Neuron)
    nodes = (Input("in", (2048,)), Dense("d", Edge("in"), wide), neurons)
    program = Program(nodes, "n")
    needs = needs_of(network_of(program, True))
    assert needs.numbers == 64 * 2048 + 2 + 2 + 1
    with pytest.raises(DoesNotFitError, match=r"^d: the network takes 13\d,\d+ bytes of flash"):
        target.compile(program, flash="64K")
    with pytest.raises(DoesNotFitError, match=r"bytes of RAM.*form=dense"):
        target.compile(program, form="event", ram="512")
    assert target.compile(program, flash="256K", ram="64K").options["flash"] == "256K"
    # The dense form has no sums.
    dense = network_of(program, False).ram
    assert dense < needs.ram
    text = bytes(target.compile(program, ram=str(dense)).files["network.c"]).decode()
    assert '"form": "dense"' in text
    with pytest.raises(ValidationError, match=r"option flash: 'much' is not a size .write 256K"):
        target.compile(program, flash="much")


def test_more_than_64_bits_is_refused_with_the_layer() -> None:
    def squared(v: float, x: float) -> tuple[float, float]:
        h = v * v + x
        return h, h

    system = NumberSystem("wide", (("v", Format(40, 0)),), (), carrier_bits=62)
    example = ExampleNeuron(
        trace(squared, states=("v",), parameters=(), name="Squared"), system, {}
    )
    program = Program((Input("in", (2,)), example.node("n", (Edge("in"),), ("x",))), "n")
    (finding,) = target.check(program)
    assert finding.node == "n"
    assert "wider than 64 bits" in finding.message
    assert finding.remedy


def test_layers_of_one_kind_share_a_function_whatever_they_were_trained_to() -> None:
    def kinds(**parameters: int) -> list[str]:
        text = texts_of(network_of(driven(**parameters), True))["network.c"]
        return re.findall(r"static int32_t neuron\d+\(.*?\n}\n", text, flags=re.DOTALL)

    assert kinds(threshold=90, current_decay=1024) == kinds(threshold=77, current_decay=900)
    program = random_program(11)
    for node in program.layers:
        assert node.equations.states
    assert len(kinds()) == 1


def test_the_drawn_inputs_and_the_hash_are_those_of_the_text() -> None:
    state, expected = 1, []
    for _ in range(5):
        state = (state * 1664525 + 1013904223) % 2**32
        expected.append((state >> 16) % 4 == 0)
    assert drawn(5, 0, 1).tolist() == expected
    assert set(drawn(400, -3, 4).tolist()) == set(range(-3, 5))
    words, total = np.array([7, 2**32 - 1, 12], np.uint32), 0
    for word in words.tolist():
        total = (total * PRIME + word) % 2**32
    assert horner(words) == total


def test_inspect_shows_flash_and_ram() -> None:
    (placed,) = target.placements(small())
    assert placed.fits
    uses: Mapping[str, int] = {use.what: use.used for use in placed.cores[0].uses}
    assert uses["RAM"] == network_of(small(), True).ram
    assert uses["flash"] > 6
    assert [each.synapses for each in placed.layers] == [5]
