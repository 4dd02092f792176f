"""Pipes, devices and endless files: one clear error, and nothing is half-written."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.neurodeploy.cli.helpers import Caller, refused

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes in folders"),
    pytest.mark.timeout(120),
]
SAMPLES = ("--samples", "bad.npz")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def hole(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\1\0")
        file.truncate(1 << 40)


KINDS = {pipe: "is not a regular file", device: "is not a regular file", hole: "bad."}
if sys.platform == "darwin":
    # A terabyte is more than a file may have there.
    del KINDS[hole]


def names(folder: Path) -> set[str]:
    """Every file below a folder, none of which is opened."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("make", KINDS)
def test_in_the_place_of_any_file(call: Caller, here: Path, make: Callable[[Path], None]) -> None:
    words = KINDS[make]
    for name in ("bad.pt", "bad.npz", "bad.net", "bad.onnx"):
        make(here / name)
    before = names(here)
    for path in ("bad.pt", "bad.net", "bad.onnx"):
        refused(call("inspect", path), 2, path, words)
        refused(call("run", path, "--samples", "samples.npz", "-o", "out.npz"), 2, path, words)
    for path in ("bad.net", "bad.onnx"):
        refused(call("verify", path, "--simulator", "none"), 2, path, words)
        refused(call("convert", path, "-o", "out.pt"), 2, path, words)
    refused(call("export", "bad.pt", "-t", "loihi", "-o", "out"), 2, "bad.pt", words)
    refused(call("export", "model.pt", "-t", "loihi", "-o", "out", *SAMPLES), 2, "bad.npz", words)
    refused(call("verify", "artifact", "--model", "bad.pt"), 2, "bad.pt", words)
    assert names(here) == before


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("name", ["network.net", "manifest.json"])
def test_within_an_artifact(
    call: Caller, here: Path, name: str, make: Callable[[Path], None]
) -> None:
    (here / "artifact" / name).unlink()
    make(here / "artifact" / name)
    before = names(here)
    for command in (("inspect", "artifact"), ("verify", "artifact", "--simulator", "none")):
        refused(call(*command), 2, f"artifact/{name}: cannot be read", "remedy: ")
    # A folder that is not a whole artifact is not replaced by one.
    if name == "manifest.json":
        done = call("export", "model.pt", "-t", "loihi", "-o", "artifact")
        refused(done, 2, "that holds other files")
    assert names(here) == before
