"""Hostile files through the command line: one clear error, with little memory, and no hang."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.conformance.files import dense, net_file
from tests.unit.hostile_equations import squares
from tests.unit.neurodeploy.cli.helpers import Done, environment, refused, tree
from tests.unit.neurodeploy.test_hostile_equations import exchanged
from tests.unit.targets.loihi.file import hostile as net
from tests.unit.targets.onnx import hostile as onnx

SECONDS = 120
MEGABYTES = 2048


# Starting takes longer than any of these commands.
COMMANDS = """
import contextlib, io, json, sys
from neurodeploy.cli import main
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


def limited(*commands: tuple[str, ...]) -> list[Done]:
    """Run commands in a process that has little memory, and is ended when it hangs."""
    # Of memory that is written: torch's libraries for GPUs alone fill more addresses.
    size = MEGABYTES << 20
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(commands)],
        env=environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (size, size)),
    )
    results = [Done(*json.loads(line)) for line in done.stdout.splitlines()]
    last = commands[len(results) - 1 : len(results) + 1]
    assert done.returncode == 0, f"{last} ended the process: {done.stderr}"
    assert len(results) == len(commands)
    return results


INSPECT, VERIFY = ("inspect",), ("verify", "--simulator", "none")
CASES: list[tuple[str, tuple[str, ...], Callable[[], bytes], str]] = [
    (f"{name}.onnx", command, partial(onnx.changed, name), onnx.CHANGES[name][-1])
    for name, command in {
        "4096 steps": INSPECT,
        "nothing of any size": INSPECT,
        "numbers elsewhere": VERIFY,
        "no parameters": ("convert",),
        "an endless power": VERIFY,
    }.items()
]
CASES += [
    (f"{name}.net", command, partial(net.changed, name), net.CHANGES[name][-1])
    for name, command in {
        "a string of 1 GB": INSPECT,
        "2^26 strings": VERIFY,
        "8192 x 8192 of a fill value": ("convert",),
        "a chunk that is 256 MB of zeros": INSPECT,
        "another file's bytes": VERIFY,
    }.items()
]
NODES, WORDS = onnx.BYTES["empty nodes"]
CASES.append(("nodes.onnx", INSPECT, lambda: NODES, WORDS))


def test_a_file_is_one_clear_error(tmp_path: Path) -> None:
    commands = []
    for name, (first, *more), write, _ in CASES:
        (tmp_path / name).write_bytes(write())
        commands.append((first, str(tmp_path / name), *more))
    before = tree(tmp_path)
    for done, (*_, words) in zip(limited(*commands), CASES, strict=True):
        refused(done, 2, words, "remedy: ")
    assert tree(tmp_path) == before


def test_a_package_with_a_chain_of_squares(tmp_path: Path) -> None:
    from targets.lynxi import target
    from tests.unit.hostile_equations import SYSTEM
    from tests.unit.targets.lynxi.programs import dense as program

    package = target.compile(program(leak=32), steps=1)
    document = json.loads(exchanged(package.files["network.json"].decode(), squares().to_json()))
    for node in document["nodes"]:
        if node["op"] == "neuron":
            one = next(iter(node["parameters"].values()))
            node["parameters"], node["number_system"] = {"p": one, "q": one}, SYSTEM.to_json()
    package.write(tmp_path / "package")
    (tmp_path / "package/network.json").write_text(json.dumps(document))
    manifest = json.loads((tmp_path / "package/manifest.json").read_text())
    from neurodeploy.artifact import digest

    content = (tmp_path / "package/network.json").read_bytes()
    manifest["files"]["network.json"] = digest(content)
    (tmp_path / "package/manifest.json").write_text(json.dumps(manifest))
    commands = [(first, str(tmp_path / "package"), *more) for first, *more in (INSPECT, VERIFY)]
    for done in limited(*commands):
        refused(done, 2, "may have more than 256 bits", "network.json")


def test_a_file_without_neurons_is_no_model_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loader gives such a layer a threshold that no register of a chip can hold."""
    entry = dense([[20, -20], [30, 5], [7, 9]])
    del entry["neuron"]
    (tmp_path / "sums.net").write_bytes(net_file(entry))
    monkeypatch.chdir(tmp_path)
    done, inspected = limited(("convert", "sums.net"), ("inspect", "sums.net"))
    refused(done, 2, "layer0: no layer of a network is like it", "threshold: 2048 is 131072 units")
    assert "the file itself can be run, inspected and verified" in done.err
    assert not (tmp_path / "sums.pt").exists()
    assert inspected.code == 0
