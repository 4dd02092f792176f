"""Samples that are damaged or do not fit the network: expected and given are named."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

import neurodeploy as nd
import quant
from tests.unit.neurodeploy.cli.helpers import Caller, refused, run, tree

SPIKES = np.ones((8, 4, 6), dtype=np.uint8)
ARRAYS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "shape": (np.zeros((8, 4, 7)), ("(8, 4, 7)", "(T, N, 6)")),
    "axes": (np.zeros((8, 4)), ("(8, 4)", "(T, N, 6)")),
    "scalar": (np.array(1), ("()", "(T, N, 6)")),
    "no steps": (np.zeros((0, 4, 6)), ("samples are empty", "(0, 4, 6)")),
    "fractions": (SPIKES * 0.5, ("not whole numbers", "encode")),
    "not binary": (SPIKES * 2, ("0 or 1", "from 2 to 2")),
    "negative": (-SPIKES.astype(int), ("0 or 1", "from -1 to -1")),
    "unsigned": (SPIKES * np.uint64(1 << 63), ("0 or 1", "9.22337e+18")),
    "huge": (SPIKES * 1e300, ("0 or 1", "1e+300")),
    "NaN": (SPIKES * np.float64("nan"), ("NaN or infinite",)),
    "infinite": (SPIKES * np.float32("inf"), ("NaN or infinite",)),
    "complex": (SPIKES * 1j, ("complex128, not numbers",)),
    "words": (SPIKES.astype(str), ("not numbers",)),
    "dates": (SPIKES.astype("datetime64[s]"), ("datetime64[s], not numbers",)),
    "objects": (SPIKES.astype(object), ("Python objects",)),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_array(call: Caller, here: Path, name: str, suffix: str) -> None:
    array, fragments = ARRAYS[name]
    path = here / f"bad.{suffix}"
    if suffix == "npz":
        np.savez(path, samples=array)
    else:
        np.save(path, array)
    _refused_everywhere(call, here, path, *fragments, "remedy: ")


def _refused_everywhere(call: Caller, here: Path, path: Path, *fragments: str) -> None:
    before = tree(here)
    samples = ("--samples", path.name)
    refused(call("run", "model.pt", *samples, "-o", "out.npz"), 2, *fragments)
    refused(call("run", "artifact", *samples, "-o", "out.npz"), 2, *fragments)
    refused(call("export", "model.pt", "-t", "loihi", "-o", "out", *samples), 2, *fragments)
    refused(call("verify", "artifact", *samples, "--simulator", "none"), 2, *fragments)
    assert tree(here) == before


def test_images_of_another_size_are_refused_although_the_network_could_take_them(
    call: Caller, here: Path
) -> None:
    block = quant.Block(quant.Conv2d(1, 2, 3), quant.CubaLIF())
    nd.save(nn.Sequential(block), "conv.pt", example=np.zeros((1, 1, 1, 8, 8)))
    np.savez("bad.npz", samples=np.ones((3, 2, 1, 9, 9), dtype=np.uint8))
    for command in (["run"], ["inspect"], ["export", "-t", "loihi", "-o", "out"]):
        done = call(*command, "conv.pt", "--samples", "bad.npz")
        refused(done, 2, "(3, 2, 1, 9, 9)", "(T, N, 1, 8, 8)", "remedy: ")
    assert not (here / "out").exists()


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros(3, int), "whole numbers (4,)"),
        (np.zeros((4, 1), int), "whole numbers (4,)"),
        (np.zeros(4), "whole numbers (4,)"),
        (np.array(["a"] * 4), "not numbers"),
    ],
)
def test_labels(call: Caller, here: Path, labels: Any, words: str) -> None:
    np.savez("bad.npz", samples=SPIKES, labels=labels)
    _refused_everywhere(call, here, here / "bad.npz", str(labels.dtype), words)


def test_a_file_without_samples(call: Caller, here: Path) -> None:
    np.savez("bad.npz", spikes=SPIKES)
    _refused_everywhere(call, here, here / "bad.npz", "no array called samples")


@pytest.mark.parametrize(
    ("name", "content"), [("bad.npz", b""), ("bad.npy", b""), ("bad.npz", b"words"), ("bad", b"PK")]
)
def test_no_arrays_at_all(call: Caller, here: Path, name: str, content: bytes) -> None:
    (here / name).write_bytes(content)
    _refused_everywhere(call, here, here / name, f"{name}: is not an .npz or .npy of numbers")


def test_a_missing_file_and_a_folder(call: Caller, here: Path) -> None:
    _refused_everywhere(call, here, here / "gone.npz", "gone.npz: there is no such file")
    words = "artifact: cannot be read: is not a regular file"
    _refused_everywhere(call, here, here / "artifact", words)


@pytest.mark.parametrize("name", ["samples.npz", "samples.npy"])
def test_no_truncation_is_unexpected(call: Caller, here: Path, name: str, full: bool) -> None:
    content = (here / name).read_bytes()
    for cut in range(0, len(content), len(content) // (60 if full else 20)):
        (here / name).write_bytes(content[:cut])
        refused(call("run", "model.pt", "--samples", name), 2, f"{name}: ")


@pytest.mark.parametrize("name", ["samples.npz", "samples.npy"])
def test_no_damage_is_unexpected(call: Caller, here: Path, name: str, full: bool) -> None:
    generator = np.random.default_rng(0)
    content = (here / name).read_bytes()
    for index in generator.integers(0, min(len(content), 400), 100 if full else 30):
        damaged = bytearray(content)
        damaged[index] ^= int(generator.integers(1, 256))
        (here / name).write_bytes(damaged)
        done = call("run", "model.pt", "--samples", name)
        assert done.code in (0, 2), done
        assert len(done.errors) == done.code // 2


def test_a_claim_beyond_all_memory(here: Path) -> None:
    header = io.BytesIO()
    claim = {"descr": "|u1", "fortran_order": False, "shape": (10**6, 10**6, 6)}
    np.lib.format.write_array_header_1_0(header, claim)
    (here / "bad.npy").write_bytes(header.getvalue() + b"0" * 100)
    refused(run("run", "model.pt", "--samples", "bad.npy"), 2, "its header claims uint8")


def test_whole_numbers_of_any_type_are_samples(call: Caller, here: Path) -> None:
    for kind in (bool, np.int8, np.float16, np.float64, ">i4"):
        np.savez("good.npz", samples=SPIKES.astype(kind))
        assert call("run", "model.pt", "--samples", "good.npz").code == 0
